"""Statistics of style of a picture's regions: mean colours, their spread, and how far luminance varies over short distances.

Colours are in an opponent space, of luminance and two differences of channels: there the spread of grey strokes is another than that of
coloured noise. The differences over short distances are the structure function of textures, whose square is twice the variance less the
autocorrelation (Julesz 1962, "Visual pattern discrimination"; Portilla and Simoncelli 2000, section 2.2): strokes show in it by their
width, density and direction, whatever their phase. Pixels of two regions are never compared, so that contours between them do not count.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from semgan.types import Images

Regions = Integer[Array, "batch height width"]
"""The number of the region that each pixel belongs to."""

_SHIFTS = tuple((length * down, length * across) for length in (1, 2, 3) for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)))
"""(down, across) in pixels, of the luminance's differences: four directions."""
_LUMINANCE = (0.299, 0.587, 0.114)
_OPPONENTS = (_LUMINANCE, (1.0, -1.0, 0.0), (0.5, 0.5, -1.0))
"""Luminance, red less green, and yellow less blue, of red, green and blue."""
_FLOOR = 1e-3
"""Added to variances, so that their roots have a gradient at 0; of the square of half a picture's range."""
_LEAST_AREA = 12.0
"""Pixels of a region, below which its statistics say nothing."""
_DEVIATION_WEIGHT = 0.5
"""The weight of the colours' spread beside the mean colours and the differences: much of it is the content's light."""


class StyleStatistics(NamedTuple):
    """The statistics by region, and the regions' areas in pixels.

    Attributes:
      mean, deviation: of the colours in opponent space, (batch, region, 3).
      differences: root mean squares of the luminance's differences by shift, (batch, region, shift).
      area: (batch, region).
    """

    mean: Float[Array, "batch region 3"]
    deviation: Float[Array, "batch region 3"]
    differences: Float[Array, "batch region shift"]
    area: Float[Array, "batch region"]


def style_statistics(images: Images, regions: Regions, count: int) -> StyleStatistics:
    """The statistics of pictures in [-1, 1] in each of `count` regions, float32; those of a region without pixels are near 0."""
    images = images.astype(jnp.float32)
    batch, height, width, _ = images.shape
    colors = images @ jnp.array(_OPPONENTS).T
    light = colors[..., 0]
    squares, inside = zip(*(_differences(light, regions, *shift) for shift in _SHIFTS), strict=True)
    summed = jnp.concatenate([colors, colors**2, jnp.stack(squares, -1)], -1).reshape(batch, height * width, -1)
    counted = jnp.stack([jnp.ones_like(light), *inside], -1).reshape(batch, height * width, -1)
    members = jax.nn.one_hot(regions, count).reshape(batch, height * width, count)
    sums, counts = (jnp.einsum("bpr,bps->brs", members, each) for each in (summed, counted))
    means = sums / (jnp.concatenate([jnp.repeat(counts[..., :1], 6, -1), counts[..., 1:]], -1) + 1e-3)
    mean, square, differences = jnp.split(means, (3, 6), -1)
    deviation = jnp.sqrt(jnp.maximum(square - mean**2, 0) + _FLOOR)
    return StyleStatistics(mean, deviation, jnp.sqrt(differences + _FLOOR), counts[..., 0])


def _differences(light: Float[Array, "batch height width"], regions: Regions, down: int, across: int) -> tuple[Array, Array]:
    """The squared difference of each pixel from the one that lies so far away, and 1 where both are of one region; else 0 and 0."""
    height, width = light.shape[1:]
    other, of_other = (jnp.roll(each, (-down, -across), (1, 2)) for each in (light, regions))
    row, column = jnp.arange(height)[:, None] + down, jnp.arange(width)[None] + across
    inside = jnp.broadcast_to((row < height) & (column >= 0) & (column < width), light.shape)
    same = ((regions == of_other) & inside).astype(light.dtype)
    return jnp.square(light - other) * same, same


def style_distance(fake: Images, regions: Regions, real: Images, real_regions: Regions, count: int) -> Float[Array, " batch"]:
    """The mean absolute difference of fakes' and reals' statistics, over the regions that both have, weighted by the roots of the areas.

    No gradient reaches the reals. 0 where no region is in both.
    """
    ours, theirs = style_statistics(fake, regions, count), style_statistics(real, real_regions, count)
    area = jnp.minimum(ours.area, theirs.area)
    weights = jnp.where(area >= _LEAST_AREA, jnp.sqrt(area), 0)
    mean, deviation, differences = (jnp.abs(a - jax.lax.stop_gradient(b)).mean(-1) for a, b in zip(ours[:3], theirs[:3], strict=True))
    distance = mean + _DEVIATION_WEIGHT * deviation + differences
    return (distance * weights).sum(-1) / jnp.maximum(weights.sum(-1), 1e-6)
