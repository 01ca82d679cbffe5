"""Convolutions at full resolution that are computed on pictures folded into channels, where a few channels would leave a CPU idle.

A 3x3 convolution of few channels is bound by memory. On 2x2 patches folded into channels the same convolution is one of a quarter of the
places and four times the channels: more arithmetic on paper, and less time. All pixels share one kernel, so that no lattice comes in.
"""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.blocks import he_normal
from semgan.layers.broadcast import per_channel
from semgan.layers.fir import convolve
from semgan.layers.resample import depth_to_space, space_to_depth


class FoldedConvolution(nn.Module):
    """A 3x3 convolution of stride 1 with zeros outside, He-normal weights and zero biases; height and width are even."""

    channels: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch height width {self.channels}"]:
        kernel = self.param("kernel", he_normal, (3, 3, x.shape[-1], self.channels))
        bias = self.param("bias", nn.initializers.zeros, (self.channels,))
        x = depth_to_space(convolve(space_to_depth(x.astype(self.dtype), 2), fold_kernel(kernel).astype(self.dtype)), 2)
        return x + per_channel(bias, x)


def fold_kernel(kernel: Float[Array, "3 3 channel out"]) -> Float[Array, "3 3 4*channel 4*out"]:
    """The kernel of the same convolution on 2x2 patches folded into channels, in the order of `space_to_depth`."""
    channel, out = kernel.shape[2:]
    folded = jnp.einsum("aipk,bjql,klco->abijcpqo", _TAPS, _TAPS, kernel, precision="highest")
    return folded.reshape(3, 3, 4 * channel, 4 * out)


def _taps() -> Float[np.ndarray, "3 2 2 3"]:
    """1 where a patch's neighbour, the pixel in it, the pixel that is computed and the kernel's tap belong together along an axis."""
    neighbour, read, written, tap = np.ogrid[:3, :2, :2, :3]
    return (2 * (neighbour - 1) + read == written + tap - 1).astype(np.float32)


_TAPS = _taps()
