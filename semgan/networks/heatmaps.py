"""Face masks for StarGAN v2's high-pass branch, from heat maps of 98 landmarks, NHWC.

The network is an hourglass of residual blocks (Bulat and Tzimiropoulos 2017, arXiv 1703.07332, figure 3) that is told coordinates
(Liu et al. 2018, arXiv 1807.03247), trained with the adaptive wing loss (Wang, Bo and Fuxin 2019, arXiv 1904.07399). StarGAN v2
(Choi et al. 2020, arXiv 1912.01865) only runs it, so that its statistics are constants among the parameters.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.convolutions import convolution
from semgan.layers.normalize import EPSILON
from semgan.layers.resample import average_pool, resize_bilinear, upsample_nearest

SIZE = 256
"""Pixels at which the network sees every face; its heat maps are a quarter of that, the masks again as large."""
LANDMARKS = 98
"""Their order is WFLW's (Wu et al. 2018, arXiv 1805.10483)."""
DEPTH = 4
_THRESHOLD = 0.1
_INNER = ((51, 52, 0, 1), (52, 55, 4, 1), (55, 60, 8, 4), (60, 76, -8, 3), (60, 76, -24, 1), (96, 98, 0, 1))
"""Bridge of the nose, its ridge, nostrils, eyes twice, pupils: first landmark, past the last, rows moved up, power."""
_OUTER = ((8, 25, 0, 3), (34, 46, -7, 2), (47, 51, -7, 2), (77, 82, -8, 4), (83, 88, 8, 4), (88, 96, -2, 3))
"""Chin, eyebrows above and below, lips above, below and inside."""


class FrozenBatchNorm(nn.Module):
    """Batch norm by statistics that are parameters like its scale and bias."""

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        zeros, ones = nn.initializers.zeros, nn.initializers.ones
        inits = {"scale": ones, "bias": zeros, "mean": zeros, "variance": ones}
        vectors = (self.param(name, init, x.shape[-1:]) for name, init in inits.items())
        scale, bias, mean, variance = (jax.lax.broadcast_to_rank(vector, x.ndim) for vector in vectors)
        return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale) + bias


class HierarchicalBlock(nn.Module):
    """x + three 3x3 convolutions in sequence, whose outputs make up a half, a quarter and a quarter of the block's channels."""

    channels: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch height width {self.channels}"]:
        conv = partial(convolution, use_bias=False, initializer="he", dtype=self.dtype)
        h, parts = x, []
        for number, share in enumerate((2, 4, 4), 1):
            h = nn.relu(FrozenBatchNorm(name=f"norm{number}")(h))
            h = conv(self.channels // share, 3, padding=1, name=f"conv{number}")(h)
            parts.append(h)
        if x.shape[-1] != self.channels:
            x = conv(self.channels, 1, name="shortcut")(nn.relu(FrozenBatchNorm(name="shortcut_norm")(x)))
        return jnp.concatenate(parts, -1) + x


class Hourglass(nn.Module):
    """Halved `DEPTH` times and doubled back, each resolution with a way around what lies below it."""

    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        block = partial(HierarchicalBlock, x.shape[-1], self.dtype)

        def below(depth: int, x: Array) -> Array:
            around = block(name=f"around{depth}")(x)
            x = block(name=f"down{depth}")(average_pool(x))
            x = below(depth - 1, x) if depth > 1 else block(name="middle")(x)
            return around + upsample_nearest(block(name=f"up{depth}")(x))

        return below(DEPTH, x)


class HeatMaps(nn.Module):
    """Aligned faces to the two masks that the generator's high-pass branch takes.

    Attributes:
      channels: width of the hourglass; the official one's is 256.
    """

    channels: int = 256
    dtype: Dtype = jnp.float32

    def __call__(self, image: Float[Array, "batch height width 3"]) -> Float[Array, "batch 256 256 2"]:
        """Masks in [0, 1] of images in [-1, 1]."""
        return face_masks(resize_to_corners(self.landmarks(image), SIZE))

    @nn.compact
    def landmarks(self, image: Float[Array, "batch height width 3"]) -> Float[Array, "batch 64 64 98"]:
        """Every landmark's heat map, about 1 where it is, not bounded."""
        conv = partial(convolution, initializer="he", dtype=self.dtype)
        block = partial(HierarchicalBlock, dtype=self.dtype)
        x = with_coordinates(resize_bilinear(image, SIZE) / 2 + 0.5)
        x = conv(self.channels // 4, 7, stride=2, padding=3, name="conv1")(x)
        x = block(self.channels // 2, name="block2")(nn.relu(FrozenBatchNorm(name="norm1")(x)))
        x = block(self.channels // 2, name="block3")(average_pool(x))
        x = block(self.channels, name="block4")(x)
        x = conv(self.channels, 1, name="coordinates")(with_coordinates(x))
        x = block(self.channels, name="top")(Hourglass(self.dtype, name="hourglass")(x))
        x = nn.relu(FrozenBatchNorm(name="last_norm")(conv(self.channels, 1, name="last")(x)))
        return conv(LANDMARKS + 1, 1, name="maps")(x)[..., :-1]  # the last one is the face's outline


def with_coordinates(x: FeatureMap) -> Float[Array, "batch height width channel+3"]:
    """Adds each pixel's row and column from -1 to 1, and its distance from the centre, 1 in the corners, as further channels."""
    batch, height, width, _ = x.shape
    rows, columns = jnp.meshgrid(*(jnp.linspace(-1, 1, side, dtype=x.dtype) for side in (height, width)), indexing="ij")
    radius = jnp.sqrt(jnp.square(rows) + jnp.square(columns))
    coordinates = jnp.stack([rows, columns, radius / radius.max()], -1)
    return jnp.concatenate([x, jnp.broadcast_to(coordinates, (batch, height, width, 3))], -1)


def resize_to_corners(x: FeatureMap, size: int) -> Float[Array, "batch {size} {size} channel"]:
    """Bilinear, the corner pixels' centres on one another (PyTorch's `align_corners=True`); for enlarging."""
    for axis in (1, 2):
        place = jnp.arange(size) * ((x.shape[axis] - 1) / (size - 1))
        place = place.astype(x.dtype)
        weights = jnp.maximum(0, 1 - jnp.abs(place[:, None] - jnp.arange(x.shape[axis])[None]))
        x = jnp.moveaxis(jnp.tensordot(weights, x, (1, axis), precision=jax.lax.Precision.HIGHEST), 0, axis)
    return x


def face_masks(maps: Float[Array, "batch height width 98"]) -> Float[Array, "batch height width 2"]:
    """Heat maps at 256 px to the masks of all features of a face, and of those between its eyes and its mouth.

    Weak heat is cut off, each map stretched to [0, 1], moved and sharpened by its part of the face, and the maps are added up.
    """
    maps = jnp.where(maps < _THRESHOLD, 0, maps)
    least, most = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    maps = (maps - least) / (most - least + 1e-6)

    def together(parts: tuple[tuple[int, int, int, int], ...]) -> Array:
        shifted_maps = [jnp.roll(maps[..., first:end], -up, 1) ** power for first, end, up, power in parts]
        return jnp.concatenate(shifted_maps, -1).sum(-1, keepdims=True)

    inner = together(_INNER)
    return jnp.concatenate([inner + together(_OUTER), inner], -1).clip(0, 1)
