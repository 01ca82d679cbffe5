"""SPADE's networks (Park, Liu, Wang and Zhu 2019, arXiv 1903.07291, appendix A), NHWC, for any power-of-two size from 16 up.

A label map guides the generator and the discriminator: one channel per class of the mask and, which the paper does not have, one per
domain, constant over the picture. Spectral normalisation keeps its vectors, and batch normalisation its running statistics, in the
collection "batch_stats".
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float, Integer

from semgan.layers.array_types import DomainIds, FeatureMap, StyleCodes
from semgan.layers.batch_norm import BatchNorm
from semgan.layers.blocks import leaky_relu
from semgan.layers.convolutions import INITIALIZERS, convolution
from semgan.layers.normalize import instance_norm
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import average_pool, upsample_nearest
from semgan.layers.spectral import SpectralConv
from semgan.types import Images

Labels = Float[Array, "batch size size label"]
ClassMask = Integer[Array, "batch size size"]
_INITIALIZER = "xavier"


def label_map(mask: ClassMask, domain: DomainIds, mask_classes: int, domain_count: int) -> Labels:
    """Returns one-hot classes at every place, and after them the one-hot domain at every place alike."""
    domains = jax.nn.one_hot(domain, domain_count)[:, None, None]
    return jnp.concatenate([jax.nn.one_hot(mask, mask_classes), jnp.broadcast_to(domains, (*mask.shape, domain_count))], -1)


class Spade(nn.Module):
    """Spatially-adaptive normalisation (equation 1): batch norm without parameters, then a scale and a bias that the label map gives."""

    hidden_channels: int = 128
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, labels: Labels, *, train: bool) -> FeatureMap:
        conv = partial(convolution, size=3, padding=1, initializer=_INITIALIZER, dtype=self.dtype)
        step = labels.shape[1] // x.shape[1]
        hidden = nn.relu(conv(self.hidden_channels, name="shared")(labels[:, ::step, ::step]))
        gamma, beta = jnp.split(conv(2 * x.shape[-1], name="modulation")(hidden), 2, -1)
        return BatchNorm(affine=False, name="norm")(x, train=train) * (1 + gamma) + beta


class SpadeBlock(nn.Module):
    """Residual block of two convolutions, each after a SPADE; a learned shortcut where the width changes (figure 4)."""

    channels: int
    hidden_channels: int = 128
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, labels: Labels, *, train: bool) -> Float[Array, "batch height width {self.channels}"]:
        width = x.shape[-1]

        def normal(h: Array, name: str) -> Array:
            return Spade(self.hidden_channels, self.dtype, name=name)(h, labels, train=train)

        def conv(h: Array, channels: int, name: str) -> Array:
            return SpectralConv(channels, dtype=self.dtype, name=name)(leaky_relu(h), train=train)

        h = conv(normal(x, "norm1"), min(width, self.channels), "conv1")
        h = conv(normal(h, "norm2"), self.channels, "conv2")
        if width != self.channels:
            shortcut = SpectralConv(self.channels, size=1, padding=0, use_bias=False, dtype=self.dtype, name="shortcut")
            x = shortcut(normal(x, "norm_shortcut"), train=train)
        return x + h


class Generator(nn.Module):
    """Style code and label map to image in (-1, 1): dense to 4x4, then a block and a doubling at every resolution (figure 12).

    Attributes:
      mask_classes, domain_count: channels of the label map.
      base_channels: width at the full resolution; doubles at every halving, up to `max_channels`.
      hidden_channels: width between the label map and its scales and biases.
    """

    image_size: int
    mask_classes: int
    domain_count: int
    style_dim: int = 256
    base_channels: int = 64
    max_channels: int = 1024
    hidden_channels: int = 128
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, style: StyleCodes, mask: ClassMask, domain: DomainIds, *, train: bool = False) -> Images:
        labels = label_map(mask, domain, self.mask_classes, self.domain_count).astype(self.dtype)
        levels = range(self.image_size.bit_length() - 3, -1, -1)
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in levels]
        dense = nn.Dense(16 * widths[0], kernel_init=INITIALIZERS[_INITIALIZER], dtype=self.dtype, name="from_style")
        x = dense(style).reshape(-1, 4, 4, widths[0])
        for index, width in enumerate(widths):
            x = upsample_nearest(x) if index else x
            x = SpadeBlock(width, self.hidden_channels, self.dtype, name=f"block{index}")(x, labels, train=train)
        x = convolution(3, 3, padding=1, initializer=_INITIALIZER, dtype=self.dtype, name="to_rgb")(leaky_relu(x))
        return jnp.tanh(at_least_float32(x))


class StyleEncoder(nn.Module):
    """Image to mean and log variance of its style code (figure 14): convolutions that halve the resolution down to 4x4.

    Attributes:
      norm: "instance" after every convolution, as in the paper, or "none", which leaves the picture's colours in the code.
    """

    image_size: int
    style_dim: int = 256
    base_channels: int = 64
    max_channels: int = 512
    norm: str = "instance"
    dtype: Dtype = jnp.float32

    def setup(self):
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in range(self.image_size.bit_length() - 3)]
        bias = self.norm == "none"
        self.convs = [SpectralConv(width, stride=2, use_bias=bias, dtype=self.dtype) for width in widths]
        dense = partial(nn.Dense, kernel_init=INITIALIZERS[_INITIALIZER], dtype=self.dtype)
        self.mean, self.log_variance = dense(self.style_dim), dense(self.style_dim)

    def __call__(self, image: Images, domain: DomainIds | None = None) -> StyleCodes:
        """The mean alone; a style's domain is in its picture."""
        return self.moments(image)[0]

    def moments(self, image: Images, *, train: bool = False) -> tuple[StyleCodes, StyleCodes]:
        x = self._activations(image, train).reshape(len(image), -1)
        return at_least_float32(self.mean(x)), at_least_float32(self.log_variance(x))

    def features(self, image: Images) -> Float[Array, "batch feature"]:
        """Returns the means over places of the features behind the style, by which domains can be guessed."""
        return at_least_float32(self._activations(image, False).mean((1, 2)))

    def _activations(self, image: Images, train: bool) -> Float[Array, "batch 4 4 _"]:
        x = image.astype(self.dtype)
        for conv in self.convs:
            x = conv(x, train=train)
            x = leaky_relu(instance_norm(x) if self.norm == "instance" else x)
        return x


class Discriminator(nn.Module):
    """Multi-scale PatchGANs (figure 13) on label map and image together: activations of every layer, the logits last, of each scale.

    Attributes:
      layers: 4x4 convolutions before the logits, all but the last of stride 2.
      scales: resolutions, each half of the one before.
    """

    mask_classes: int
    domain_count: int
    base_channels: int = 64
    max_channels: int = 512
    layers: int = 4
    scales: int = 2
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: Images, mask: ClassMask, domain: DomainIds, *, train: bool = False) -> list[list[Float[Array, "batch ..."]]]:
        labels = label_map(mask, domain, self.mask_classes, self.domain_count)
        inputs, activations = jnp.concatenate([labels, image], -1), []
        for scale in range(self.scales):
            x, layers = inputs, []
            for index in range(self.layers):
                width = min(self.base_channels * 2**index, self.max_channels)
                stride = 1 if index and index == self.layers - 1 else 2
                conv = SpectralConv(width, 4, stride, padding=2, use_bias=not index, dtype=self.dtype, name=f"scale{scale}_conv{index}")
                x = conv(x, train=train)
                x = leaky_relu(instance_norm(x) if index else x)
                layers.append(x)
            logits = SpectralConv(1, 4, padding=2, dtype=self.dtype, name=f"scale{scale}_logits")(x, train=train)
            activations.append([*layers, at_least_float32(logits)])
            inputs = average_pool(inputs)
        return activations
