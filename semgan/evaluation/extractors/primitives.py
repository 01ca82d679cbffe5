"""Convolutions and pools as PyTorch counts them, on NHWC maps; in full float32 on every device."""

from collections.abc import Mapping

import numpy as np
from jax import lax
from jaxtyping import Array

from semgan.layers.array_types import FeatureMap
from semgan.layers.broadcast import per_channel

LayerParams = Mapping[str, Array]
"""`kernel` (height, width, in, out) and `bias` (out,)."""


def convolve(layer: LayerParams, x: FeatureMap, *, stride: int = 1, padding: int | str = 0) -> FeatureMap:
    """Convolution plus bias.

    Args:
      padding: zeros on each side, or "SAME" for as many as keep the size at stride 1.
    """
    pads = padding if isinstance(padding, str) else ((padding, padding), (padding, padding))
    y = lax.conv_general_dilated(
        x,
        layer["kernel"],
        (stride, stride),
        pads,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,  # scores move when an accelerator rounds products to TF32 or bfloat16
    )
    return y + per_channel(layer["bias"], y)


def max_pool(x: FeatureMap, window: int, stride: int, padding: int = 0) -> FeatureMap:
    """The largest of each window; what lies outside never is."""
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return lax.reduce_window(x, -np.inf, lax.max, (1, window, window, 1), (1, stride, stride, 1), pads)


def average_pool(x: FeatureMap, *, count_padding: bool) -> FeatureMap:
    """The mean of each pixel's 3x3 neighbourhood.

    Args:
      count_padding: divide by nine everywhere, as if zeros lay outside; else by the number of pixels that are there.
    """
    sums = lax.reduce_window(x, np.zeros((), x.dtype), lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    return sums / 9 if count_padding else sums / _neighbours(*x.shape[1:3]).astype(x.dtype)


def _neighbours(height: int, width: int) -> np.ndarray:
    """Counts, (1, height, width, 1), how many pixels the 3x3 neighbourhood of each has, itself included."""
    rows, columns = (np.minimum(np.arange(size), 1) + np.minimum(np.arange(size)[::-1], 1) + 1 for size in (height, width))
    return (rows[:, None] * columns)[None, ..., None]
