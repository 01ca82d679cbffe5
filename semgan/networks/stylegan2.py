"""StyleGAN2's networks (Karras et al. 2020, arXiv 1912.04958), NHWC.

A layer at resolution r is min(channel_base / r, max_channels) wide. Leaky ReLUs have slope 0.2 and a gain of sqrt 2.
"""

import itertools
import math
from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float, Key

from semgan.layers.array_types import FeatureMap, SquareImages
from semgan.layers.broadcast import per_channel
from semgan.layers.equalized import EqualizedConv, EqualizedDense
from semgan.layers.fir import DownConv, downsample, upsample
from semgan.layers.minibatch import minibatch_stddev
from semgan.layers.modulated import ModulatedConv
from semgan.layers.precision import at_least_float32

NoiseMaps = Sequence[Float[Array, "_ _ _"]]

ARCHITECTURES = ("skip", "residual")


def _activate(x: Array, gain: float = 1.0) -> Array:
    return nn.leaky_relu(x, 0.2) * (gain * math.sqrt(2))


def _width(channel_base: int, max_channels: int, size: int) -> int:
    return max(1, min(channel_base // size, max_channels))


def _sizes(image_size: int) -> list[int]:
    return [2**level for level in range(2, int(math.log2(image_size)) + 1)]


class MappingNetwork(nn.Module):
    """Latent z, brought to unit root mean square, to w. Float32 at least, throughout.

    Attributes:
      layers: dense layers, each `style_dim` wide.
      lr_multiplier: slows their learning (`semgan/layers/equalized.py`).
    """

    latent_dim: int = 512
    style_dim: int = 512
    layers: int = 8
    lr_multiplier: float = 0.01

    @nn.compact
    def __call__(self, z: Float[Array, "batch {self.latent_dim}"]) -> Float[Array, "batch {self.style_dim}"]:
        x = at_least_float32(z * jax.lax.rsqrt(jnp.square(z).mean(-1, keepdims=True) + 1e-8))
        for index in range(self.layers):
            x = _activate(EqualizedDense(self.style_dim, lr_multiplier=self.lr_multiplier, dtype=x.dtype, name=f"dense{index}")(x))
        return x


class _StyledConv(nn.Module):
    """A modulated 3x3 convolution, noise of a learned strength, a bias and the activation."""

    features: int
    upsample: bool = False
    gain: float = 1.0
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, x: FeatureMap, w: Float[Array, "batch dim"], noise: Float[Array, "_ _ _"] | None
    ) -> Float[Array, "batch height_out width_out out"]:
        x = ModulatedConv(self.features, upsample=self.upsample, dtype=self.dtype, name="conv")(x, w)
        strength = self.param("noise_strength", nn.initializers.zeros, ())
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        if noise is not None:
            x = x + (strength * noise[..., None]).astype(x.dtype)
        return _activate(x + per_channel(bias, x), self.gain)


class _ToRGB(nn.Module):
    """A modulated, not demodulated 1x1 convolution to three channels, float32."""

    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, w: Float[Array, "batch dim"]) -> Float[Array, "batch height width 3"]:
        rgb = ModulatedConv(3, 1, demodulate=False, dtype=self.dtype, name="conv")(x, w)
        rgb = at_least_float32(rgb)
        return rgb + per_channel(self.param("bias", nn.initializers.zeros, (3,)), rgb)


class Generator(nn.Module):
    """The synthesis network: one w per layer to an image, linear output.

    Attributes:
      image_size: pixels, a power of two, 8 at least.
      channel_base, max_channels: widths; the paper's are 32768 and 512.
      architecture: "skip" sums the RGB outputs of all resolutions, "residual" has residual blocks and one RGB output.
    """

    image_size: int
    channel_base: int = 32768
    max_channels: int = 512
    architecture: str = "skip"
    dtype: Dtype = jnp.float32

    @property
    def num_ws(self) -> int:
        """Returns how many w an image takes: one for each convolution, and one more for the last RGB output."""
        return 2 * len(_sizes(self.image_size))

    @nn.compact
    def __call__(
        self, w_plus: Float[Array, "batch {self.num_ws} dim"], noise: Key[Array, " batch"] | NoiseMaps | None = None
    ) -> Float[Array, "batch {self.image_size} {self.image_size} 3"]:
        """Makes images of w's: convolution i takes w i, the RGB output after it w i + 1.

        The noise is given by a key for each example, or as a map (batch or 1, size, size) for each convolution; None: none.
        """
        residual = self.architecture == "residual"
        constant = self.param("constant", nn.initializers.normal(1.0), (4, 4, _width(self.channel_base, self.max_channels, 4)))
        x = jnp.broadcast_to(constant.astype(self.dtype), (len(w_plus), *constant.shape))
        maps = _noise_maps(noise, [4] + [size for size in _sizes(self.image_size)[1:] for _ in range(2)])
        image, layer = None, 0
        for size in _sizes(self.image_size):
            width, before = _width(self.channel_base, self.max_channels, size), x
            for index in (0, 1) if size > 4 else (1,):
                gain = math.sqrt(0.5) if residual and size > 4 and index == 1 else 1.0
                conv = _StyledConv(width, index == 0, gain, self.dtype, name=f"layer{size}_{index}")
                x = conv(x, w_plus[:, layer], maps[layer])
                layer += 1
            if residual and size > 4:  # a 1x1 convolution may as well come before the filter
                shortcut = EqualizedConv(width, 1, math.sqrt(0.5), use_bias=False, dtype=self.dtype, name=f"shortcut{size}")
                x = x + upsample(shortcut(before))
            if not residual or size == self.image_size:
                rgb = _ToRGB(self.dtype, name=f"to_rgb{size}")(x, w_plus[:, layer])
                image = rgb if image is None else upsample(image) + rgb
        assert image is not None
        return image


def _noise_maps(noise: Array | NoiseMaps | None, sizes: list[int]) -> NoiseMaps | list[None]:
    """A map (batch or 1, size, size) for each convolution, from whichever form the noise was given in."""
    if noise is None:
        return [None] * len(sizes)
    if not isinstance(noise, jax.Array):
        return noise
    ends = [0, *itertools.accumulate(size * size for size in sizes)]
    values = jax.vmap(lambda key: jax.random.normal(key, (ends[-1],)))(noise)  # one draw for all maps compiles fastest
    return [values[:, ends[at] : ends[at + 1]].reshape(-1, size, size) for at, size in enumerate(sizes)]


class Discriminator(nn.Module):
    """Image to a real/fake logit.

    Attributes:
      architecture: "residual", or "skip", which reads the downsampled image again at every resolution.
      stddev_group: examples that the minibatch standard deviation is taken over.
    """

    image_size: int
    channel_base: int = 32768
    max_channels: int = 512
    architecture: str = "residual"
    stddev_group: int = 4
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: SquareImages) -> Float[Array, " batch"]:
        residual = self.architecture == "residual"
        sizes = _sizes(self.image_size)[::-1]
        image = image.astype(self.dtype)
        x = self._from_rgb(image, sizes[0])
        for size in sizes[:-1]:
            x = self._block(x, size, residual)
            if not residual:
                image = downsample(image)
                x = x + self._from_rgb(image, size // 2)
        x = minibatch_stddev(x, self.stddev_group)
        x = _activate(EqualizedConv(x.shape[-1] - 1, 3, dtype=self.dtype, name="conv4")(x))
        x = x.reshape(len(x), -1)
        x = _activate(EqualizedDense(_width(self.channel_base, self.max_channels, 4), dtype=self.dtype, name="dense")(x))
        return at_least_float32(EqualizedDense(1, dtype=self.dtype, name="logit")(x)[:, 0])

    def _from_rgb(self, image: FeatureMap, size: int) -> Float[Array, "batch height width out"]:
        width = _width(self.channel_base, self.max_channels, size)
        return _activate(EqualizedConv(width, 1, dtype=self.dtype, name=f"from_rgb{size}")(image))

    def _block(self, x: FeatureMap, size: int, residual: bool) -> Float[Array, "batch height/2 width/2 out"]:
        """Goes from resolution `size` to half of it; sums keep unit variance."""
        gain = math.sqrt(0.5) if residual else 1.0
        width = _width(self.channel_base, self.max_channels, size // 2)
        h = _activate(EqualizedConv(x.shape[-1], 3, dtype=self.dtype, name=f"conv{size}_0")(x))
        h = _activate(DownConv(width, dtype=self.dtype, name=f"conv{size}_1")(h), gain)
        if not residual:
            return h
        shortcut = EqualizedConv(width, 1, gain, use_bias=False, dtype=self.dtype, name=f"shortcut{size}")
        return h + shortcut(downsample(x))


def networks_of(image_size: int, dtype: Dtype, options: dict[str, dict]) -> dict[str, nn.Module]:
    """The three modules by name; `options` holds each network's constructor arguments."""
    return {
        "mapping_network": MappingNetwork(**options["mapping_network"]),
        "generator": Generator(image_size, dtype=dtype, **options["generator"]),
        "discriminator": Discriminator(image_size, dtype=dtype, **options["discriminator"]),
    }


NAMES: Sequence[str] = ("mapping_network", "generator", "discriminator")
