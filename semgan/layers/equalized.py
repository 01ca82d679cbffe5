"""Equalised learning rate: unit-normal weights, scaled at run time (ProGAN: Karras et al. 2018, arXiv 1710.10196, section 4.1)."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.broadcast import per_channel


class EqualizedDense(nn.Module):
    """A dense layer whose weights act as N(0, gain^2 / fan_in) and learn at one rate whatever their fan-in.

    Attributes:
      gain: sqrt 2 before a leaky ReLU in ProGAN; 1 in StyleGAN2, whose activations carry it.
      lr_multiplier: slows learning: weights and biases are stored 1 / lr_multiplier larger and scaled back.
      bias_init: what the bias acts as at first.
    """

    features: int
    gain: float = 1.0
    lr_multiplier: float = 1.0
    bias_init: float = 0.0
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "batch in"]) -> Float[Array, "batch out"]:
        kernel = self.param("kernel", nn.initializers.normal(1 / self.lr_multiplier), (x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.constant(self.bias_init / self.lr_multiplier), (self.features,))
        scale = self.gain * self.lr_multiplier / math.sqrt(x.shape[-1])
        x = x.astype(self.dtype) @ (kernel * scale).astype(self.dtype)
        return x + per_channel(bias * self.lr_multiplier, x)


class EqualizedConv(nn.Module):
    """A square convolution of stride 1 in the same manner.

    Attributes:
      size: the kernel's size.
      padding: "SAME" (zeros) or "VALID".
    """

    features: int
    size: int
    gain: float = 1.0
    use_bias: bool = True
    padding: str = "SAME"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "batch height width in"]) -> Float[Array, "batch height_out width_out out"]:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.normal(1.0), shape)
        scale = self.gain / math.sqrt(math.prod(shape[:3]))
        kernel = (kernel * scale).astype(self.dtype)
        x = jax.lax.conv_general_dilated(x.astype(self.dtype), kernel, (1, 1), self.padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return x + per_channel(self.param("bias", nn.initializers.zeros, (self.features,)), x) if self.use_bias else x
