"""The matcher's network: a small U-shaped encoder from the edges of a picture to features of every place."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.blur import gaussian_blur
from semgan.layers.resample import average_pool, space_to_depth, upsample_nearest
from semgan.types import Images

_FINE, _COARSE = 0.6, 1.4
"""Deviations, in pixels, of the blurs that edges are taken after."""
_SURROUNDINGS = 5.0
"""Deviation, in pixels, of the blur that says how strong edges are around a place."""


class _Block(nn.Module):
    """3x3 convolution, normalisation over the groups of each example alone, ReLU."""

    channels: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = nn.Conv(self.channels, (3, 3), use_bias=False)(x)
        return nn.relu(nn.GroupNorm(num_groups=4)(x))


class MatcherNetwork(nn.Module):
    """`network.apply({"params": params}, images) -> features` of unit length, one vector for each 2x2 block of pixels.

    It sees edges alone (`edges`), since colours, tones and contrasts belong to the style: with them as its input it learned in the same
    time to match pictures of one medium, and not those of two. A pure function of one example at a time. Nothing is ever at full
    resolution, and resizing is by pooling and repeating, as in `JudgeNetwork`.

    Attributes:
      channels: of the first level, a multiple of 4; the others have two and three times as many.
      features: the length of a place's vector.
    """

    channels: int
    features: int

    @nn.compact
    def __call__(self, images: Images) -> Float[Array, "batch place_y place_x feature"]:
        """Images of sides that are multiples of 8."""
        x = space_to_depth(edges(images), 2)
        levels = []
        for level in (1, 2, 3):
            x = average_pool(x) if levels else x
            x = _Block(level * self.channels)(_Block(level * self.channels)(x))
            levels.append(x)
        for level in (2, 1):
            width = level * self.channels
            x = _Block(width)(upsample_nearest(nn.Conv(width, (1, 1))(x)) + levels[level - 1])
        x = nn.Conv(self.features, (1, 1))(x)
        return x * jax.lax.rsqrt(jnp.sum(x**2, -1, keepdims=True) + 1e-6)  # where x is 0, a norm has no gradient


def edges(images: Images) -> Float[Array, "batch height width 6"]:
    """Colour gradients at two scales, relative to those around: their strength, and the cosine and sine of twice their angle times it.

    The structure tensor's terms (Di Zenzo 1986), summed over the channels. An edge keeps them when its colours are inverted, exchanged or
    of less contrast. The outermost pixels have none.
    """
    parts = []
    for deviation in (_FINE, _COARSE):
        blurred = gaussian_blur(images, jnp.array([deviation]))
        down, across = (jnp.roll(blurred, -1, axis) - jnp.roll(blurred, 1, axis) for axis in (1, 2))
        terms = [across**2 + down**2, across**2 - down**2, 2 * across * down]
        tensor = jnp.pad(jnp.stack([term.sum(-1) for term in terms], -1)[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1), (0, 0)))
        strength = jnp.sqrt(tensor[..., :1] + 1e-6)
        around = gaussian_blur(strength, jnp.array([_SURROUNDINGS])) + 0.3 * strength.mean((1, 2), keepdims=True) + 0.01
        parts.append(tensor / strength / around)
    return jnp.concatenate(parts, -1)
