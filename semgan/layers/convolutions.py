"""Building blocks of pix2pix's, CycleGAN's, CUT's and MUNIT's networks: convolutions, and initialisers and normalisations by name."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.blocks import he_normal
from semgan.layers.broadcast import per_channel
from semgan.layers.normalize import instance_norm

INITIALIZERS: dict[str, Callable[..., Array]] = {
    "normal": nn.initializers.normal(0.02),  # pix2pix, CycleGAN
    "xavier": nn.initializers.variance_scaling(0.02**2, "fan_avg", "normal"),  # CUT: Glorot's with gain 0.02
    "he": he_normal,  # MUNIT
}
"""Initialisers of weights, by name; biases start at zero."""


def convolution(
    channels: int,
    size: int,
    *,
    dtype: Dtype,
    stride: int = 1,
    padding: int = 0,
    use_bias: bool = True,
    initializer: str = "normal",
    name: str | None = None,
) -> nn.Conv:
    """A `size` x `size` convolution with `padding` zeros around the picture."""
    around = ((padding, padding), (padding, padding))
    kernel_init = INITIALIZERS[initializer]
    return nn.Conv(channels, (size, size), stride, around, use_bias=use_bias, kernel_init=kernel_init, dtype=dtype, name=name)


def reflect_pad(x: FeatureMap, margin: int) -> Float[Array, "batch height_out width_out channel"]:
    """The picture mirrored at its edges, `margin` pixels wide."""
    return jnp.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect")


class TransposedConvolution(nn.Module):
    """The transposed convolution of stride 2 that doubles the resolution: 4x4 with padding 1, or 3x3 with padding 1 and output padding 1.

    An output pixel of each of the four parities sees 2x2 inputs alone, so that one plain 2x2 convolution to four times the channels
    gives the same numbers. XLA computes the kernel gradient of that many times faster on a CPU.

    Attributes:
      size: the kernel's size, 3 or 4; its first axes are counted as PyTorch counts them.
    """

    channels: int
    size: int = 4
    use_bias: bool = True
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch height*2 width*2 out"]:
        batch, height, width, _ = x.shape
        kernel = self.param("kernel", INITIALIZERS[self.initializer], (self.size, self.size, x.shape[-1], self.channels))
        x = jnp.pad(x.astype(self.dtype), ((0, 0), (1, 1), (1, 1), (0, 0)))
        numbers = ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x, self._by_parity(kernel).astype(self.dtype), (1, 1), "VALID", dimension_numbers=numbers)
        x = x.reshape(batch, height + 1, width + 1, 2, 2, self.channels)
        rows = [jnp.stack([x[:, i : i + height, j : j + width, i, j] for j in range(2)], 3) for i in range(2)]
        x = jnp.stack(rows, 2).reshape(batch, 2 * height, 2 * width, self.channels)
        return x + per_channel(self.param("bias", nn.initializers.zeros, (self.channels,)), x) if self.use_bias else x

    def _by_parity(self, kernel: Array) -> Array:
        """(size, size, in, out) -> (2, 2, in, 4 out): even outputs take the taps 3 and 1 of their two inputs, odd ones 2 and 0."""
        kernel = jnp.pad(kernel, ((0, 4 - self.size), (0, 4 - self.size), (0, 0), (0, 0)))
        taps = ((3, 1), (2, 0))
        parts = [kernel[jnp.ix_(jnp.array(taps[i]), jnp.array(taps[j]))] for i in range(2) for j in range(2)]
        return jnp.concatenate(parts, -1)


class Normalization(nn.Module):
    """The normalisation named `kind`, in float32, after a convolution that has a bias unless `kind` is "batch".

    Attributes:
      kind: "instance", without parameters (CycleGAN, CUT); "batch", with scale and bias (pix2pix); "none".

    "batch" too takes its statistics from one example at a time: pix2pix trains with batches of one, and by the batch's own statistics
    translates as well (Isola et al. 2017, arXiv 1611.07004, section 3.3), so that this is the same and holds for larger batches.
    """

    kind: str = "instance"

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        if self.kind == "none":
            return x
        y = instance_norm(x)
        if self.kind == "instance":
            return y
        scale = self.param("scale", lambda key, shape: 1 + 0.02 * jax.random.normal(key, shape), x.shape[-1:])
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:])
        return y * per_channel(scale, x) + per_channel(bias, x)
