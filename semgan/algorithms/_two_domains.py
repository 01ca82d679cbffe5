"""What the algorithms that translate between exactly two domains share."""

import jax.numpy as jnp
from ml_collections import ConfigDict

from semgan.algorithms._checks import check_image_size
from semgan.errors import UserError
from semgan.types import Batch, Images


def check_two_domains(config: ConfigDict) -> None:
    """UserError unless there are exactly two domains, and pictures whose size is a power of two from 8 up."""
    count = len(config.data.domains)
    if count != 2:
        raise UserError(
            f"config.data.domains names {count} domain(s), but {config.algorithm} translates between exactly two: "
            "name two, as in --config.data.domains=A,B."
        )
    check_image_size(config, least=8)


def sides(batch: Batch) -> tuple[Images, Images]:
    """Every example's picture of domain 0 and its picture of domain 1: one is its image, the other its reference."""
    first = (batch["domain"] == 0)[:, None, None, None]
    return jnp.where(first, batch["image"], batch["reference"]), jnp.where(first, batch["reference"], batch["image"])
