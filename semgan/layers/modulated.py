"""Modulated convolution: a style scales the weights' input channels (StyleGAN2: Karras et al. 2020, arXiv 1912.04958, section 2.2)."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.equalized import EqualizedDense
from semgan.layers.fir import convolve, convolve_up
from semgan.layers.precision import at_least_float32

EPSILON = 1e-8


class ModulatedConv(nn.Module):
    """A convolution whose weights w_ijk act as s_i w_ijk (equation 1), scaled to unit norm per output channel (equation 3).

    Scaling weights anew for each example is the same as scaling the input's channels by the style and the output's by the
    demodulation, with one convolution for all; this is what runs. Style and demodulation are float32.

    Attributes:
      size: the kernel's size; 3 where `upsample`.
      demodulate: equation 3.
      upsample: to twice the resolution, through the filter of `semgan/layers/fir.py`.
    """

    features: int
    size: int = 3
    demodulate: bool = True
    upsample: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "batch height width in"], w: Float[Array, "batch dim"]) -> Float[Array, "batch h_out w_out out"]:
        channels = x.shape[-1]
        w = at_least_float32(w)
        style = EqualizedDense(channels, bias_init=1.0, dtype=w.dtype, name="style")(w)
        kernel = self.param("kernel", nn.initializers.normal(1.0), (self.size, self.size, channels, self.features))
        kernel = kernel / math.sqrt(self.size**2 * channels)
        style, demodulation = _demodulate(style, kernel) if self.demodulate else (style, None)

        x = x.astype(self.dtype) * style[:, None, None, :].astype(self.dtype)
        y = (convolve_up if self.upsample else convolve)(x, kernel.astype(self.dtype))
        return y if demodulation is None else y * demodulation[:, None, None, :].astype(self.dtype)


def _demodulate(
    style: Float[Array, "batch in"], kernel: Float[Array, "size size in out"]
) -> tuple[Float[Array, "batch in"], Float[Array, "batch out"]]:
    """Returns the factors to scale inputs and outputs by.

    A large style is divided by its largest entry first, which demodulation undoes, so that no square and no sum overflows.
    """
    largest = jax.lax.stop_gradient(jnp.maximum(1.0, jnp.abs(style).max(-1, keepdims=True)))
    style = style / largest
    squares = jnp.matmul(jnp.square(style), jnp.square(kernel).sum((0, 1)), precision=jax.lax.Precision.HIGHEST)
    return style, jax.lax.rsqrt(squares + EPSILON / largest / largest)
