"""StarGAN v2's residual blocks (Choi et al. 2020, arXiv 1912.01865, appendix A), He-initialised, with unit-variance sums."""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.blur import blur_upsample
from semgan.layers.normalize import AdaptiveInstanceNorm, InstanceNorm
from semgan.layers.resample import average_pool, upsample_nearest

he_normal = nn.initializers.variance_scaling(2.0, "fan_in", "normal")  # not truncated, as in PyTorch
leaky_relu = partial(nn.leaky_relu, negative_slope=0.2)


def convolution(channels: int, size: int, *, dtype: Dtype, name: str, use_bias: bool = True, padding: str = "SAME") -> nn.Conv:
    """A `size` x `size` convolution of stride 1, He-normal weights and zero biases."""
    return nn.Conv(channels, (size, size), padding=padding, use_bias=use_bias, kernel_init=he_normal, dtype=dtype, name=name)


class ResidualBlock(nn.Module):
    """Pre-activation block of an encoder or discriminator: optional instance norm, optional halving of the resolution."""

    channels: int
    normalize: bool = False
    downsample: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch ..."]:
        conv = partial(convolution, dtype=self.dtype)
        pool = average_pool if self.downsample else (lambda features: features)
        width = x.shape[-1]
        h = InstanceNorm(name="norm1")(x) if self.normalize else x
        h = pool(conv(width, 3, name="conv1")(leaky_relu(h)))
        h = InstanceNorm(name="norm2")(h) if self.normalize else h
        h = conv(self.channels, 3, name="conv2")(leaky_relu(h))
        if width != self.channels:
            x = conv(self.channels, 1, name="shortcut", use_bias=False)(x)
        return (pool(x) + h) / jnp.sqrt(2.0).astype(h.dtype)


class AdaptiveResidualBlock(nn.Module):
    """Decoder block modulated by the style through AdaIN; without its skip (`skip=False`) in the high-pass face branch.

    With `regions` there is one style per region; see `AdaptiveInstanceNorm`.
    """

    channels: int
    upsample: bool = False
    skip: bool = True
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, x: FeatureMap, style: Float[Array, "batch *region style"], regions: Float[Array, "batch _ _ _"] | None = None
    ) -> Float[Array, "batch ..."]:
        conv = partial(convolution, dtype=self.dtype)
        resize = upsample_nearest if self.upsample else (lambda features: features)
        h = AdaptiveInstanceNorm(dtype=self.dtype, name="norm1")(x, style, regions)
        h = conv(self.channels, 3, name="conv1")(resize(leaky_relu(h)))
        h = AdaptiveInstanceNorm(dtype=self.dtype, name="norm2")(h, style, regions)
        h = conv(self.channels, 3, name="conv2")(leaky_relu(h))
        if x.shape[-1] != self.channels:  # made without a skip as well, as official weights hold it; XLA drops the unused work
            x = conv(self.channels, 1, name="shortcut", use_bias=False)(x)
        if not self.skip:
            return h
        return (resize(x) + h) / jnp.sqrt(2.0).astype(h.dtype)


class UpsamplingBlock(nn.Module):
    """Decoder block modulated by the style through AdaIN that doubles the resolution bilinearly, after its first convolution.

    `regions` as in `AdaptiveResidualBlock`.
    """

    channels: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, x: FeatureMap, style: Float[Array, "batch *region style"], regions: Float[Array, "batch _ _ _"] | None = None
    ) -> Float[Array, "batch ..."]:
        conv = partial(convolution, dtype=self.dtype)
        h = AdaptiveInstanceNorm(dtype=self.dtype, name="norm1")(x, style, regions)
        h = blur_upsample(conv(self.channels, 3, name="conv1")(leaky_relu(h)))
        h = AdaptiveInstanceNorm(dtype=self.dtype, name="norm2")(h, style, regions)
        h = conv(self.channels, 3, name="conv2")(leaky_relu(h))
        x = blur_upsample(conv(self.channels, 1, name="shortcut", use_bias=False)(x))
        return (x + h) / jnp.sqrt(2.0).astype(h.dtype)


class DomainHeads(nn.Module):
    """One dense layer per domain: `(batch, in) or (batch, domain, in) -> (batch, domain, channels)`, all domains at once."""

    channels: int
    domain_count: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: Float[Array, "batch *domain in"]) -> Float[Array, "batch domain_count channels"]:
        init = nn.initializers.variance_scaling(2.0, "fan_in", "normal", batch_axis=(0,))
        kernel = self.param("kernel", init, (self.domain_count, x.shape[-1], self.channels))
        bias = self.param("bias", nn.initializers.zeros, (self.domain_count, self.channels))
        equation = "bdi,dio->bdo" if x.ndim == 3 else "bi,dio->bdo"
        return jnp.einsum(equation, x.astype(self.dtype), kernel.astype(self.dtype)) + bias[None].astype(self.dtype)


def select_domain(values: Float[Array, "batch domain *rest"], domain: Array) -> Float[Array, "batch *rest"]:
    """The values of each example's own domain."""
    index = domain.reshape(-1, *(1,) * (values.ndim - 1))
    return jnp.take_along_axis(values, index, axis=1).squeeze(1)
