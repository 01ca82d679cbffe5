"""The type in which statistics and results are kept."""

import jax.numpy as jnp
from jaxtyping import Array, Num


def at_least_float32(x: Num[Array, "..."]) -> Num[Array, "..."]:
    """Casts to float32, or leaves a wider type as it is: a network in float64 stays so to its end."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
