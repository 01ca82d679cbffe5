"""The energy distance between two distributions (Szekely and Rizzo 2013, "Energy statistics", equation 5), from two samples of each."""

import jax.numpy as jnp
from jaxtyping import Array, Float

Codes = Float[Array, "batch dim"]


def energy_distance(first: Codes, second: Codes, other_first: Codes, other_second: Codes) -> Float[Array, " batch"]:
    """An unbiased estimate for each example: 0 in expectation where both distributions are the same, and more otherwise.

    Args:
      first, second: two independent samples of one distribution.
      other_first, other_second: two of the other.
    """
    across = _distance(first, other_first) + _distance(second, other_second)
    return across - _distance(first, second) - _distance(other_first, other_second)


def _distance(a: Codes, b: Codes) -> Float[Array, " batch"]:
    """The root mean square of the differences, smooth at 0."""
    return jnp.sqrt(jnp.square((a - b).astype(jnp.float32)).mean(-1) + 1e-6)
