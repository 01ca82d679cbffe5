"""Random draws inside losses: one key per example, by its position, so that the number of devices does not matter."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.types import Batch, Key


def keys(rng: Key, batch: Batch, stream: int = 0) -> Key:
    """A key for each example, (batch,); another stream gives other keys."""
    return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.fold_in(rng, stream), batch["position"])


def normal(rng: Key, batch: Batch, *shape: int, stream: int = 0) -> Float[Array, "batch ..."]:
    """Standard normal, (batch, *shape)."""
    return jax.vmap(lambda key: jax.random.normal(key, shape))(keys(rng, batch, stream))


def uniform(rng: Key, batch: Batch, *shape: int, stream: int = 0) -> Float[Array, "batch ..."]:
    """Uniform in [0, 1), (batch, *shape)."""
    return jax.vmap(lambda key: jax.random.uniform(key, shape))(keys(rng, batch, stream))


def latents(rng: Key, batch: Batch, dim: int, stream: int = 0) -> Float[Array, "batch dim"]:
    """Standard normal z.

    With `position_to` and `mix` in the batch (interpolations), z lies that far on the way from the latent of `position` (mix 0)
    to that of `position_to` (mix 1), along a quarter of a circle: each z on the way is standard normal too.
    """
    z = normal(rng, batch, dim, stream=stream)
    if "position_to" not in batch:
        return z
    end = normal(rng, {"position": batch["position_to"]}, dim, stream=stream)
    angle = batch["mix"][:, None] * (jnp.pi / 2)
    return jnp.cos(angle) * z + jnp.sin(angle) * end
