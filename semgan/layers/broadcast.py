"""Vectors spread over pictures, their rank written out: rank promotion by chance hides mistakes."""

import jax
import numpy as np
from jaxtyping import Array, Num


def per_channel(values: Num[Array | np.ndarray, " channel"], x: Num[Array, "*places channel"]) -> Num[Array, "*ones channel"]:
    """Give `values`, one per channel of `x`, the rank and the type of `x`: (1, ..., 1, channel)."""
    return jax.lax.broadcast_to_rank(values.astype(x.dtype), x.ndim)
