"""Changes of resolution that are cheap to differentiate twice: pool and repeat, never a strided or transposed convolution."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Num

from semgan.layers.precision import at_least_float32


def average_pool(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height/2 width/2 channel"]:
    """Mean over 2x2 windows; height and width are even."""
    batch, height, width, channel = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channel).mean((2, 4))


def upsample_nearest(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height*2 width*2 channel"]:
    """Every pixel becomes a 2x2 block."""
    batch, height, width, channel = x.shape
    blocks = jnp.broadcast_to(x[:, :, None, :, None, :], (batch, height, 2, width, 2, channel))
    return blocks.reshape(batch, 2 * height, 2 * width, channel)


def resize_bilinear(x: Num[Array, "batch height width channel"], size: int) -> Float[Array, "batch {size} {size} channel"]:
    """Bilinear with half-pixel centres and no antialiasing (PyTorch's `align_corners=False`)."""
    shape = (x.shape[0], size, size, x.shape[3])
    return jax.image.resize(at_least_float32(x), shape, "bilinear", antialias=False)


def high_pass(x: Float[Array, "batch height width channel"], weight: float) -> Float[Array, "batch height width channel"]:
    """Every pixel's difference from its eight neighbours, *divided* by `weight`, zeros outside (StarGAN v2's `HighPass`)."""
    sums = lax.reduce_window(x, jnp.zeros((), x.dtype), lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    return (9 * x - sums) / weight


def space_to_depth(x: Float[Array, "batch height width channel"], patch: int) -> Float[Array, "batch ..."]:
    """Every `patch` x `patch` block of pixels becomes one pixel with `patch`^2 times the channels."""
    batch, height, width, channel = x.shape
    x = x.reshape(batch, height // patch, patch, width // patch, patch, channel).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, height // patch, width // patch, patch * patch * channel)


def depth_to_space(x: Float[Array, "batch height width channel"], patch: int) -> Float[Array, "batch ..."]:
    """The inverse of `space_to_depth`."""
    batch, height, width, channel = x.shape
    x = x.reshape(batch, height, width, patch, patch, channel // patch**2).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, height * patch, width * patch, channel // patch**2)
