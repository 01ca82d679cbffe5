"""Distances between an output and what it should equal: elementwise and unreduced."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def l1(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Absolute difference; used for style reconstruction, cycle and diversity (StarGAN v2, equations 2 to 4)."""
    return jnp.abs(prediction - target)
