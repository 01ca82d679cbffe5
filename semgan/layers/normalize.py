"""Instance normalisation, plain and adaptive. Statistics are float32, or wider, whatever the compute type."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.precision import at_least_float32

EPSILON = 1e-5
"""PyTorch's default: flax's own (1e-6) moves a trained StarGAN v2's output by 3e-4."""


def instance_norm(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height width channel"]:
    """Zero mean and unit (biased) variance over each image's pixels, a channel at a time (Ulyanov et al. 2016, arXiv 1607.08022)."""
    wide = at_least_float32(x)
    mean = wide.mean((1, 2), keepdims=True)
    variance = jnp.square(wide - mean).mean((1, 2), keepdims=True)
    return ((wide - mean) * jax.lax.rsqrt(variance + EPSILON)).astype(x.dtype)


class InstanceNorm(nn.Module):
    """`instance_norm` with a learned scale and bias a channel."""

    @nn.compact
    def __call__(self, x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height width channel"]:
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        return instance_norm(x) * scale.astype(x.dtype) + bias.astype(x.dtype)


class AdaptiveInstanceNorm(nn.Module):
    """AdaIN (Huang and Belongie 2017, arXiv 1703.06868): the style gives scale and bias, the scale as 1 + gamma."""

    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch height width channel"], style: Float[Array, "batch style"]
    ) -> Float[Array, "batch height width channel"]:
        dense = nn.Dense(2 * x.shape[-1], kernel_init=nn.initializers.he_normal(), dtype=self.dtype, name="style")
        gamma, beta = jnp.split(dense(style)[:, None, None, :], 2, axis=-1)
        return (1 + gamma) * instance_norm(x) + beta
