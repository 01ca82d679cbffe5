"""Instance and layer normalisation, plain and adaptive. Statistics are float32, or wider, whatever the compute type."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers import whole
from semgan.layers.broadcast import per_channel
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import average_pool

EPSILON = 1e-5
"""PyTorch's default: flax's own (1e-6) moves a trained StarGAN v2's output by 3e-4."""


def instance_norm(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height width channel"]:
    """Zero mean and unit (biased) variance over each image's pixels, channel by channel (Ulyanov et al. 2016, arXiv 1607.08022)."""
    mean, variance = whole.moments(x)
    return ((at_least_float32(x) - mean) * jax.lax.rsqrt(variance + EPSILON)).astype(x.dtype)


def layer_norm(x: Float[Array, "batch height width channel"], epsilon: float = EPSILON) -> Float[Array, "batch height width channel"]:
    """Zero mean and unit (biased) variance over all of each image's numbers (Ba et al. 2016, arXiv 1607.06450)."""
    mean, variance = whole.moments(x, all_channels=True)
    return ((at_least_float32(x) - mean) * jax.lax.rsqrt(variance + epsilon)).astype(x.dtype)


class InstanceNorm(nn.Module):
    """`instance_norm` with a learned scale and bias per channel."""

    @nn.compact
    def __call__(self, x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height width channel"]:
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        return instance_norm(x) * per_channel(scale, x) + per_channel(bias, x)


class LayerNorm(nn.Module):
    """`layer_norm` with a learned scale and bias per channel."""

    epsilon: float = 1e-6

    @nn.compact
    def __call__(self, x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height width channel"]:
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:])
        return layer_norm(x, self.epsilon) * per_channel(scale, x) + per_channel(bias, x)


class AdaptiveInstanceNorm(nn.Module):
    """AdaIN (Huang and Belongie 2017, arXiv 1703.06868): the style gives scale and bias, the scale as 1 + gamma.

    Args:
      x: features.
      style: one code per example, or with `regions` one per region.
      regions: weights in [0, 1] that sum to 1 over the regions, at the resolution of `x` or at one that halves down to it: each place
        has the mean of the regions' scales and biases under its weights. The statistics stay those of the whole picture.
    """

    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "batch height width channel"],
        style: Float[Array, "batch style"] | Float[Array, "batch region style"],
        regions: Float[Array, "batch full_height full_width region"] | None = None,
    ) -> Float[Array, "batch height width channel"]:
        if style.ndim != (2 if regions is None else 3):
            raise ValueError(f"the style has the shape {style.shape}: (batch, style) is needed, or with regions (batch, region, style)")
        dense = nn.Dense(2 * x.shape[-1], kernel_init=nn.initializers.he_normal(), dtype=self.dtype, name="style")
        affine = dense(style)
        gamma, beta = jnp.split(affine[:, None, None, :] if regions is None else _spread(affine, regions, x.shape[1]), 2, axis=-1)
        return (1 + gamma) * instance_norm(x) + beta


def _spread(
    values: Float[Array, "batch region channel"], regions: Float[Array, "batch full_height full_width region"], height: int
) -> Float[Array, "batch {height} width channel"]:
    """The mean of the regions' values at every place of the resolution that is `height` pixels high."""
    while regions.shape[1] > height:
        regions = average_pool(regions)
    return jnp.einsum("bhwr,brc->bhwc", regions.astype(values.dtype), values, precision=jax.lax.Precision.HIGHEST)
