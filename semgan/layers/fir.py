"""Changes of resolution through StyleGAN2's low-pass filter, alone or joined with a 3x3 convolution (arXiv 1912.04958, appendix B).

All of it is shifted sums and plain convolutions of stride 1: a convolution that changes the resolution works on the four phases of
a pixel grid, folded into channels. So XLA differentiates it cheaply, twice as well, and no multiplication by inserted zeros is made.
Outside an image there are zeros.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.broadcast import per_channel
from semgan.layers.resample import depth_to_space, space_to_depth

TAPS = (0.125, 0.375, 0.375, 0.125)
"""[1, 3, 3, 1], normalised to one; the filter is its outer product with itself."""


def blur(x: FeatureMap, before: int, after: int, gain: float = 1.0) -> Float[Array, "batch height_out width_out channel"]:
    """Filters rows and columns, zeros padded `before` and `after`; each side grows by their sum less 3."""
    for axis in (1, 2):
        padding = [(before, after) if at == axis else (0, 0) for at in range(4)]
        padded, size = jnp.pad(x, padding), x.shape[axis] + before + after - 3
        taps = [tap * math.sqrt(gain) for tap in TAPS]
        x = sum(tap * jax.lax.slice_in_dim(padded, at, at + size, axis=axis) for at, tap in enumerate(taps))  # pyright: ignore
    return x


def upsample(x: FeatureMap) -> Float[Array, "batch height*2 width*2 channel"]:
    """Zeros between the pixels, then the filter with a gain of 4: each output mixes its two nearest inputs 3 to 1 along each axis."""
    for axis in (1, 2):
        before, after = _shift(x, axis)
        phases = jnp.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis + 1)
        x = phases.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


def downsample(x: FeatureMap) -> Float[Array, "batch height/2 width/2 channel"]:
    """The filter, then every second pixel; height and width are even."""
    for axis in (1, 2):
        pairs = x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :])
        first, second = (jax.lax.index_in_dim(pairs, at, axis + 1, keepdims=False) for at in range(2))
        x = TAPS[1] * (first + second) + TAPS[0] * (_shift(second, axis)[0] + _shift(first, axis)[1])
    return x


def convolve(x: FeatureMap, kernel: Float[Array, "size size channel out"], padding: str = "SAME") -> Float[Array, "batch h w out"]:
    """A plain convolution (a correlation, as everywhere in networks) of stride 1."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def convolve_up(x: FeatureMap, kernel: Float[Array, "3 3 channel out"]) -> Float[Array, "batch height*2 width*2 out"]:
    """Zeros between the pixels, `kernel`, then the filter with a gain of 4, cropped once at the end.

    Each of the four phases of the doubled grid is reached by 2x2 inputs at most, so one 2x2 convolution makes them all.
    """
    channel, out = kernel.shape[2:]
    for axis in (0, 2):  # a side's three taps (k0, k1, k2) -> [[k0, 0], [k2, k1]], inputs by phases
        k0, k1, k2 = (jax.lax.index_in_dim(kernel, at, axis, keepdims=False) for at in range(3))
        inputs = [jnp.stack(phases, axis) for phases in ((k0, jnp.zeros_like(k0)), (k2, k1))]
        kernel = jnp.stack(inputs, axis)
    phases = kernel.transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, channel, 4 * out)
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return blur(depth_to_space(convolve(padded, phases, "VALID"), 2), 1, 0, gain=4.0)


def convolve_down(x: FeatureMap, kernel: Float[Array, "3 3 channel out"]) -> Float[Array, "batch height/2 width/2 out"]:
    """The filter, padded by two, then `kernel` at every second pixel; height and width are even."""
    channel, out = kernel.shape[2:]
    padded = jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0))).reshape(2, 2, 2, 2, channel, out)
    phases = padded.transpose(0, 2, 1, 3, 4, 5).reshape(2, 2, 4 * channel, out)
    return convolve(space_to_depth(blur(x, 2, 3), 2), phases, "VALID")


class DownConv(nn.Module):
    """`convolve_down` with equalised weights and a bias."""

    features: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch height/2 width/2 out"]:
        kernel = self.param("kernel", nn.initializers.normal(1.0), (3, 3, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        scale = 1 / math.sqrt(9 * x.shape[-1])
        x = convolve_down(x.astype(self.dtype), (kernel * scale).astype(self.dtype))
        return x + per_channel(bias, x)


def _shift(x: Array, axis: int) -> tuple[Array, Array]:
    """Each pixel's neighbour before it and after it along `axis`, zeros outside."""
    size = x.shape[axis]
    padded = jnp.pad(x, [(1, 1) if at == axis else (0, 0) for at in range(x.ndim)])
    before, after = (jax.lax.slice_in_dim(padded, at, at + size, axis=axis) for at in (0, 2))
    return before, after
