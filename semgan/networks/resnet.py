"""The residual generator of CycleGAN and CUT (Johnson et al. 2016, arXiv 1603.08155; Zhu et al. 2017, arXiv 1703.10593, appendix), NHWC."""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap, RGBImages
from semgan.layers.blur import blur_downsample, blur_upsample
from semgan.layers.convolutions import TransposedConvolution, convolution, reflect_pad
from semgan.layers.normalize import instance_norm
from semgan.layers.precision import at_least_float32


class ResNetBlock(nn.Module):
    """x + two 3x3 convolutions with mirrored edges, each followed by instance norm, the first by a ReLU as well."""

    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        conv = partial(convolution, x.shape[-1], 3, initializer=self.initializer, dtype=self.dtype)
        h = nn.relu(instance_norm(conv(name="conv1")(reflect_pad(x, 1))))
        return x + instance_norm(conv(name="conv2")(reflect_pad(h, 1)))


class ResNetEncoder(nn.Module):
    """Image to features at a quarter of its resolution, 4 `base_channels` wide.

    Its layers are numbered as in CUT's code. With `antialiased`: 0 the mirrored margin around the image, 1 to 3 the 7x7 convolution,
    norm and ReLU, 4 to 7 and 8 to 11 a 3x3 convolution, norm, ReLU and blurred halving, 12 and on the residual blocks.

    Attributes:
      base_channels: width at full resolution.
      blocks: residual blocks; the paper has 9 at 256 px and 6 at 128.
      antialiased: CUT's blurred halving of stride-1 convolutions; else CycleGAN's strided ones.
      initializer: the weights' initialiser, a name in `semgan.layers.convolutions.INITIALIZERS`.
    """

    base_channels: int = 64
    blocks: int = 9
    antialiased: bool = False
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    def setup(self):
        conv = partial(convolution, initializer=self.initializer, dtype=self.dtype)
        self.from_rgb = conv(self.base_channels, 7)
        self.halve = [conv(self.base_channels * factor, 3, stride=1 if self.antialiased else 2, padding=1) for factor in (2, 4)]
        self.block = [ResNetBlock(self.initializer, self.dtype) for _ in range(self.blocks)]

    def __call__(self, image: RGBImages) -> Float[Array, "batch height/4 width/4 channel"]:
        x = image.astype(self.dtype)
        for layer in self._layers():
            x = layer(x)
        return x

    def features(self, image: RGBImages, layers: tuple[int, ...]) -> list[Float[Array, "batch ..."]]:
        """Returns the outputs of the layers of these numbers, which ascend; nothing is computed past the last."""
        x, activations = image.astype(self.dtype), []
        for number, layer in enumerate(self._layers()[: layers[-1] + 1]):
            x = layer(x)
            activations += [x] * (number in layers)
        return activations

    def _layers(self) -> list[Callable[[Array], Array]]:
        layers = [partial(reflect_pad, margin=3), self.from_rgb, instance_norm, nn.relu]
        for conv in self.halve:
            layers += [conv, instance_norm, nn.relu] + [blur_downsample] * self.antialiased
        return [*layers, *self.block]


class ResNetGenerator(nn.Module):
    """Image to image in [-1, 1] of the same size, a multiple of 4: the encoder and its mirror; attributes as there."""

    base_channels: int = 64
    blocks: int = 9
    antialiased: bool = False
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    def setup(self):
        self.encoder = ResNetEncoder(self.base_channels, self.blocks, self.antialiased, self.initializer, self.dtype)
        self.double = [self._doubling(self.base_channels * factor) for factor in (2, 1)]
        self.to_rgb = convolution(3, 7, initializer=self.initializer, dtype=self.dtype)

    def _doubling(self, channels: int) -> nn.Module:
        if self.antialiased:
            return convolution(channels, 3, padding=1, initializer=self.initializer, dtype=self.dtype)
        return TransposedConvolution(channels, 3, initializer=self.initializer, dtype=self.dtype)

    @property
    def stride(self) -> int:
        """Returns the number that the image's height and width have to be multiples of."""
        return 4

    @property
    def layer_count(self) -> int:
        """Returns how many numbered layers the encoder has."""
        return 10 + 2 * self.antialiased + self.blocks

    def __call__(self, image: RGBImages) -> RGBImages:
        x = self.encoder(image)
        for conv in self.double:
            x = nn.relu(instance_norm(conv(blur_upsample(x) if self.antialiased else x)))
        return nn.tanh(at_least_float32(self.to_rgb(reflect_pad(x, 3))))

    def features(self, image: RGBImages, layers: tuple[int, ...]) -> list[Float[Array, "batch ..."]]:
        """The encoder's `features`."""
        return self.encoder.features(image, layers)
