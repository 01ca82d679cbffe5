"""ProGAN's networks (Karras et al. 2018, arXiv 1710.10196, table 2 and appendix A.1), NHWC, at any depth of their growth.

Depth d works at 4 * 2^d pixels. A network holds the parameters of every depth up to `image_size` from the start; `depth` and `fade`
say how much of it runs. Widths are `base_channels` at the full size (0: the paper's 2^14 / image_size) and double at every halving,
up to `max_channels`.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import SquareImages
from semgan.layers.blocks import leaky_relu
from semgan.layers.broadcast import per_channel
from semgan.layers.equalized import EqualizedConv, EqualizedDense
from semgan.layers.minibatch import minibatch_stddev
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import average_pool, upsample_nearest

Fade = Float[Array, ""] | float

GAIN = math.sqrt(2)
"""The gain of the layers before a leaky ReLU (He's constant; section 4.1)."""
STDDEV_GROUP = 4


def pixel_norm(x: Float[Array, "batch *pixels channel"]) -> Float[Array, "batch *pixels channel"]:
    """Unit mean square over the channels of each pixel (section 4.2), computed in float32."""
    wide = at_least_float32(x)
    return (wide * jax.lax.rsqrt(jnp.square(wide).mean(-1, keepdims=True) + 1e-8)).astype(x.dtype)


def blend(
    old: Float[Array, "batch height width channel"], new: Float[Array, "batch height width channel"], fade: Fade
) -> Float[Array, "batch height width channel"]:
    """Fades from `old` (fade 0) to `new` (fade 1), as a new resolution comes in (figure 2)."""
    return old + jnp.asarray(fade, old.dtype) * (new - old)


def full_depth(image_size: int) -> int:
    """The depth that works at `image_size` pixels, a power of two from 4 up."""
    return image_size.bit_length() - 3


def _width(image_size: int, base: int, maximum: int, level: int) -> int:
    """Channels at 4 * 2^level pixels; level -1 is that of the discriminator's dense layer."""
    return min((base or 2**14 // image_size) * 2 ** (full_depth(image_size) - level), maximum)


class Generator(nn.Module):
    """Latent z, normalised to unit mean square, to an image of 4 * 2^depth pixels with linear output.

    Attributes:
      normalize_first: pixel norm after the first layer, too, as in the paper; pro_gan_pytorch has none there.
    """

    image_size: int
    latent_dim: int = 512
    base_channels: int = 0
    max_channels: int = 512
    normalize_first: bool = True
    dtype: Dtype = jnp.float32

    def setup(self):
        widths = [_width(self.image_size, self.base_channels, self.max_channels, level) for level in range(full_depth(self.image_size) + 1)]
        self.from_z = EqualizedConv(16 * widths[0], 1, gain=GAIN / 4, use_bias=False, dtype=self.dtype)
        self.from_z_bias = self.param("from_z_bias", nn.initializers.zeros, (widths[0],))
        self.first = [None, *(EqualizedConv(width, 3, gain=GAIN, dtype=self.dtype) for width in widths[1:])]
        self.second = [EqualizedConv(width, 3, gain=GAIN, dtype=self.dtype) for width in widths]
        self.to_rgb = [EqualizedConv(3, 1, dtype=self.dtype) for _ in widths]

    def __call__(self, z: Float[Array, "batch {self.latent_dim}"], depth: int | None = None, fade: Fade = 1.0) -> SquareImages:
        depth = full_depth(self.image_size) if depth is None else depth
        x = self.from_z(pixel_norm(z)[:, None, None, :])  # the dense layer as a convolution, whose bias is one per channel
        x = x.reshape(x.shape[0], 4, 4, -1)
        x = leaky_relu(x + per_channel(self.from_z_bias, x))
        x = self._block(pixel_norm(x) if self.normalize_first else x, 0)
        # Every level's picture is written down, so that `init` at full depth makes all layers; XLA drops what nobody uses.
        images = [self.to_rgb[0](x)]
        for level in range(1, depth + 1):
            x = self._block(x, level)
            images.append(self.to_rgb[level](x))
        images = [at_least_float32(image) for image in images]
        return blend(upsample_nearest(images[-2]), images[-1], fade) if depth else images[0]

    def _block(self, x: Float[Array, "batch height width channel"], level: int) -> Float[Array, "batch size size out"]:
        if level:
            x = pixel_norm(leaky_relu(self.first[level](upsample_nearest(x))))
        return pixel_norm(leaky_relu(self.second[level](x)))


class Discriminator(nn.Module):
    """Image of 4 * 2^depth pixels to a critic's value: the generator mirrored, with the batch's deviation at 4x4."""

    image_size: int
    base_channels: int = 0
    max_channels: int = 512
    dtype: Dtype = jnp.float32

    def setup(self):
        levels = range(-1, full_depth(self.image_size) + 1)
        below, *widths = [_width(self.image_size, self.base_channels, self.max_channels, level) for level in levels]
        self.from_rgb = [EqualizedConv(width, 1, gain=GAIN, dtype=self.dtype) for width in widths]
        self.first = [EqualizedConv(width, 3, gain=GAIN, dtype=self.dtype) for width in widths]
        self.second = [None, *(EqualizedConv(width, 3, gain=GAIN, dtype=self.dtype) for width in widths[:-1])]
        self.dense = EqualizedDense(below, gain=GAIN, dtype=self.dtype)
        self.logit = EqualizedDense(1, dtype=self.dtype)

    def __call__(self, image: SquareImages, depth: int | None = None, fade: Fade = 1.0) -> Float[Array, " batch"]:
        depth = full_depth(self.image_size) if depth is None else depth
        inputs = []  # of every level, for the same reason as the generator's images
        for level in range(depth, -1, -1):
            inputs.append(leaky_relu(self.from_rgb[level](image)))
            image = average_pool(image) if level else image
        x = inputs[0]
        for level in range(depth, 0, -1):
            x = average_pool(leaky_relu(self.second[level](leaky_relu(self.first[level](x)))))
            x = blend(inputs[1], x, fade) if level == depth else x
        x = leaky_relu(self.first[0](minibatch_stddev(x, STDDEV_GROUP)))
        x = leaky_relu(self.dense(x.reshape(x.shape[0], -1)))
        return at_least_float32(self.logit(x)[:, 0])
