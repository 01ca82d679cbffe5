"""U-GAT-IT's networks, the light version of the authors' code (Kim, Kim, Kang and Lee 2020, arXiv 1907.10830), NHWC.

Two things are the paper's own: attention by an auxiliary classifier's weights, and a normalisation that learns for each channel how far
it goes by the picture's channel and how far by the whole picture.
"""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers import whole
from semgan.layers.array_types import FeatureMap
from semgan.layers.blocks import leaky_relu
from semgan.layers.broadcast import per_channel
from semgan.layers.convolutions import INITIALIZERS, convolution, reflect_pad
from semgan.layers.normalize import instance_norm, layer_norm
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import upsample_nearest
from semgan.layers.spectral import SpectralConv

ColourImages = Float[Array, "batch height width 3"]
Vectors = Float[Array, "batch channel"]


class GeneratorOutput(NamedTuple):
    """The outputs of a generator.

    Attributes:
      image: in [-1, 1].
      cam_logits: (batch, 2), whether the input is of the source domain, by its features' means and by their maxima.
    """

    image: ColourImages
    cam_logits: Float[Array, "batch 2"]


class DiscriminatorOutput(NamedTuple):
    """The outputs of a discriminator.

    Attributes:
      logits: (batch, height_out, width_out), real or fake, one per place.
      cam_logits: (batch, 2), real or fake, of the whole picture by its features' means and by their maxima.
    """

    logits: Float[Array, "batch height_out width_out"]
    cam_logits: Float[Array, "batch 2"]


@jax.custom_vjp
def clip_rho(rho: Float[Array, " channel"]) -> Float[Array, " channel"]:
    """Rho within [0, 1] (equation 2).

    The authors clip the parameter itself after each update. Here it is clipped where it is used: no gradient leads further out, and every
    gradient leads back in.
    """
    return jnp.clip(rho, 0, 1)


def _clip_forward(rho):
    return jnp.clip(rho, 0, 1), rho


def _clip_backward(rho, gradient):
    outwards = ((rho <= 0) & (gradient > 0)) | ((rho >= 1) & (gradient < 0))  # descent goes against the gradient
    return (jnp.where(outwards, 0, gradient),)


clip_rho.defvjp(_clip_forward, _clip_backward)


def _mixed_norm(x: FeatureMap, rho: Float[Array, " channel"]) -> FeatureMap:
    """Rho a_I + (1 - rho) a_L, the bracket of equation 1, with biased variances as in the authors' TensorFlow code."""
    share = per_channel(clip_rho(rho), x)
    return share * instance_norm(x) + (1 - share) * layer_norm(x)


class AdaLIN(nn.Module):
    """Adaptive layer-instance normalisation (equation 1): gamma (rho a_I + (1 - rho) a_L) + beta, with gamma and beta of each image."""

    @nn.compact
    def __call__(self, x: FeatureMap, gamma: Vectors, beta: Vectors) -> FeatureMap:
        rho = self.param("rho", nn.initializers.constant(0.9), x.shape[-1:])
        return gamma[:, None, None] * _mixed_norm(x, rho) + beta[:, None, None]


class LIN(nn.Module):
    """The same with one learned gamma and beta for all images; by layer alone at first (rho 0)."""

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        rho = self.param("rho", nn.initializers.zeros, x.shape[-1:])
        gamma = self.param("gamma", nn.initializers.ones, x.shape[-1:])
        beta = self.param("beta", nn.initializers.zeros, x.shape[-1:])
        return per_channel(gamma, x) * _mixed_norm(x, rho) + per_channel(beta, x)


class Attention(nn.Module):
    """Class activation maps as attention (section 2.1): features, weighted as an auxiliary classifier weighs them.

    Two classifiers without bias look at the features' means and maxima over the picture; the features under the weights of either
    go side by side through a 1x1 convolution to as many channels as before.

    Attributes:
      spectral: divides each classifier's weights by their largest singular value, which is their length.
    """

    spectral: bool = False
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> tuple[FeatureMap, Float[Array, "batch 2"]]:
        """The attended features, before any activation, and the classifiers' logits in float32."""
        mean, highest = whole.mean_and_maximum(x)
        average, maximum = (self._weights(name, x.shape[-1]) for name in ("average", "maximum"))
        logits = jnp.stack([mean @ average, highest @ maximum], -1)
        weighted = jnp.concatenate([per_channel(average, x) * x, per_channel(maximum, x) * x], -1)
        return convolution(x.shape[-1], 1, initializer=self.initializer, dtype=self.dtype, name="mix")(weighted), logits

    def _weights(self, name: str, channels: int) -> Float[Array, " {channels}"]:
        weights = self.param(name, INITIALIZERS[self.initializer], (channels, 1))[:, 0]
        return weights / (jnp.linalg.norm(weights) + 1e-12) if self.spectral else weights


class NormalizedBlock(nn.Module):
    """x + two 3x3 convolutions with mirrored edges, each normalised, the first through a ReLU as well.

    Normalised by AdaLIN where gamma and beta are given, else by instance norm.
    """

    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, *gamma_and_beta: Vectors) -> FeatureMap:
        conv = partial(convolution, x.shape[-1], 3, use_bias=False, initializer=self.initializer, dtype=self.dtype)

        def normalize(h, name):
            return AdaLIN(name=name)(h, *gamma_and_beta) if gamma_and_beta else instance_norm(h)

        h = nn.relu(normalize(conv(name="conv1")(reflect_pad(x, 1)), "norm1"))
        return x + normalize(conv(name="conv2")(reflect_pad(h, 1)), "norm2")


class Encoder(nn.Module):
    """Image to features at a quarter of its resolution, 4 `base_channels` wide; attributes as in `Generator`."""

    base_channels: int = 64
    blocks: int = 4
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: ColourImages) -> Float[Array, "batch height/4 width/4 channel"]:
        conv = partial(convolution, use_bias=False, initializer=self.initializer, dtype=self.dtype)
        x = reflect_pad(image.astype(self.dtype), 3)
        x = nn.relu(instance_norm(conv(self.base_channels, 7, name="from_rgb")(x)))
        for index, factor in enumerate((2, 4)):
            x = conv(self.base_channels * factor, 3, stride=2, name=f"halve{index}")(reflect_pad(x, 1))
            x = nn.relu(instance_norm(x))
        for index in range(self.blocks):
            x = NormalizedBlock(self.initializer, self.dtype, name=f"block{index}")(x)
        return x


class Modulation(nn.Module):
    """The features' means over the picture to gamma and beta, one of each per channel, by two layers and one more for each, unbiased.

    The light version's; the full one takes all places instead of their mean.
    """

    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> tuple[Vectors, Vectors]:
        dense = partial(nn.Dense, x.shape[-1], use_bias=False, kernel_init=INITIALIZERS[self.initializer], dtype=self.dtype)
        h = whole.mean_and_maximum(x)[0].astype(self.dtype)
        h = nn.relu(dense(name="dense1")(h))
        h = nn.relu(dense(name="dense2")(h))
        return dense(name="gamma")(h), dense(name="beta")(h)


class Decoder(nn.Module):
    """Attended features and what modulates them to an image four times as large; attributes as in `Generator`."""

    base_channels: int = 64
    blocks: int = 4
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, gamma: Vectors, beta: Vectors) -> Float[Array, "batch height*4 width*4 3"]:
        conv = partial(convolution, use_bias=False, initializer=self.initializer, dtype=self.dtype)
        for index in range(self.blocks):
            x = NormalizedBlock(self.initializer, self.dtype, name=f"block{index}")(x, gamma, beta)
        for index, factor in enumerate((2, 1)):
            x = conv(self.base_channels * factor, 3, name=f"double{index}")(reflect_pad(upsample_nearest(x), 1))
            x = nn.relu(LIN(name=f"norm{index}")(x))
        return nn.tanh(at_least_float32(conv(3, 7, name="to_rgb")(reflect_pad(x, 3))))


class Generator(nn.Module):
    """Image to image in [-1, 1] of the same size, a multiple of 4, and the logits of its attention.

    Attributes:
      base_channels: width at full resolution.
      blocks: residual blocks before the attention, and as many after it.
      initializer: of the weights, a name in `semgan.layers.convolutions.INITIALIZERS`.
    """

    base_channels: int = 64
    blocks: int = 4
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: ColourImages) -> GeneratorOutput:
        sizes = (self.base_channels, self.blocks, self.initializer, self.dtype)
        features = Encoder(*sizes, name="encoder")(image)
        x, logits = Attention(False, self.initializer, self.dtype, name="attention")(features)
        x = nn.relu(x)
        gamma, beta = Modulation(self.initializer, self.dtype, name="modulation")(x)
        return GeneratorOutput(Decoder(*sizes, name="decoder")(x, gamma, beta), logits)


class Discriminator(nn.Module):
    """Image to a judgement of each place and one of the whole picture, every layer spectrally normalised but the attention's 1x1 one.

    Attributes:
      base_channels: width of the first layer; doubles per layer.
      layers: that halve the resolution, 3 in a local discriminator and 5 in a global one, or as many as leave 2x2 logits (small
        pictures); two 4x4 convolutions of stride 1 follow, the attention between them.
      initializer: of the weights, a name in `semgan.layers.convolutions.INITIALIZERS`.
    """

    base_channels: int = 64
    layers: int = 3
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: ColourImages, *, train: bool = False) -> DiscriminatorOutput:
        conv = partial(SpectralConv, size=4, padding=0, initializer=self.initializer, dtype=self.dtype)
        halvings = min(self.layers, min(image.shape[1:3]).bit_length() - 3)
        x = image.astype(self.dtype)
        for index in range(halvings + 1):
            layer = conv(self.base_channels * 2**index, stride=2 if index < halvings else 1, name=f"conv{index}")
            x = leaky_relu(layer(reflect_pad(x, 1), train=train))
        x, cam_logits = Attention(True, self.initializer, self.dtype, name="attention")(x)
        logits = conv(1, stride=1, use_bias=False, name="logits")(reflect_pad(leaky_relu(x), 1), train=train)
        return DiscriminatorOutput(at_least_float32(logits[..., 0]), cam_logits)
