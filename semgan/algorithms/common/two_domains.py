"""Parts of the algorithms that translate between exactly two domains."""

from collections.abc import Iterable

import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common.checks import check_image_size
from semgan.errors import UserError
from semgan.types import OF_REFERENCE, Batch, Images


def check_two_domains(config: ConfigDict) -> None:
    """Raises a UserError unless there are exactly two domains, and pictures whose size is a power of two from 8 up."""
    count = len(config.data.domains)
    if count != 2:
        raise UserError(
            f"config.data.domains names {count} domain(s), but {config.algorithm} translates between exactly two: "
            "name two, as in --config.data.domains=A,B."
        )
    check_image_size(config, least=8)


def sides(batch: Batch) -> tuple[Images, Images]:
    """Every example's picture of domain 0 and its picture of domain 1: one is its image, the other its reference."""
    return _of_domain(0, batch, "image", "reference"), _of_domain(1, batch, "image", "reference")


def of_sources(batch: Batch, names: Iterable[str]) -> dict[str, Array]:
    """These annotations of every example's picture of domain 0."""
    return {name: _of_domain(0, batch, name, f"{OF_REFERENCE}{name}") for name in names}


def _of_domain(domain: int, batch: Batch, own: str, other: str) -> Array:
    of_domain = (batch["domain"] == domain).reshape(-1, *[1] * (batch[own].ndim - 1))
    return jnp.where(of_domain, batch[own], batch[other])
