"""Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167). Statistics are float32 and of the whole batch, over all devices."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.broadcast import per_channel
from semgan.layers.devices import mean_over_devices

EPSILON = 1e-5
"""PyTorch's default, as in `normalize.EPSILON`."""


class BatchNorm(nn.Module):
    """Zero mean and unit (biased) variance over the batch and its pixels, channel by channel, with a learned scale and bias.

    With `train` the batch's own statistics are used, averaged over the devices, and where the collection "batch_stats" is
    mutable the running ones move towards them; without, the running ones are used.

    Attributes:
      momentum: share of the running statistics that one batch leaves in place.
      affine: whether there are a scale and a bias.
    """

    momentum: float = 0.9
    affine: bool = True

    @nn.compact
    def __call__(self, x: Float[Array, "batch *pixels channel"], *, train: bool) -> Float[Array, "batch *pixels channel"]:
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,)) if self.affine else jnp.ones(channels)
        bias = self.param("bias", nn.initializers.zeros, (channels,)) if self.affine else jnp.zeros(channels)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, (channels,))
        running_variance = self.variable("batch_stats", "variance", jnp.ones, (channels,))
        wide = x.astype(jnp.float32)
        if train:
            mean, variance = _statistics(wide)
            if self.is_mutable_collection("batch_stats") and not self.is_initializing():
                running_mean.value = mean + self.momentum * (running_mean.value - mean)
                running_variance.value = variance + self.momentum * (running_variance.value - variance)
        else:
            mean, variance = running_mean.value, running_variance.value
        normal = (wide - per_channel(mean, wide)) * per_channel(jax.lax.rsqrt(variance + EPSILON) * scale, wide)
        return (normal + per_channel(bias, wide)).astype(x.dtype)


def _statistics(x: Float[Array, "batch *pixels channel"]) -> tuple[Float[Array, " channel"], Float[Array, " channel"]]:
    """Mean and biased variance per channel over everything else and over the devices."""
    axes = tuple(range(x.ndim - 1))
    mean = mean_over_devices(x.mean(axes))
    return mean, mean_over_devices(jnp.square(x - per_channel(mean, x)).mean(axes))
