"""Random changes of a picture's style that keep what it shows and where: colours, tones, textures, lines, a little blur and noise.

Strokes and dots are drawn where a picture's tones call for them, and not laid over it: what lies over a picture is a fault of it, and a
matcher that learned to look through grids and noise took damaged translations for whole ones.

Networks that are to see through style learn from them: the matcher (`semgan.evaluation.matcher`), and generators that give the picture its
own style back. All take and return float32 pictures (batch, size, size, 3) in [0, 1], draw anew for every picture, and are meant to be
compiled.
"""

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.blur import gaussian_blur
from semgan.types import Images, Key

_BANDS = (0.7, 1.6, 3.4)
"""Deviations, in pixels, of the blurs between which the bands of a picture lie."""
_AREAS = 4
"""The tones that areas are told apart by."""
_KNOTS = 7
"""The tones that a palette has colours for; those between are mixed."""
_PERIODS = (2.0, 8.0)  # pixels, of strokes and dots
_NOISE = 0.02
"""The largest standard deviation of the noise."""
_UNCHANGED = 0.2
"""The share of pictures whose style stays as it is: such are what is matched in the end."""


def change_styles(images: Images, keys: Key) -> Images:
    """`change_style` of each picture by a key of its own, (batch,), whatever pictures are beside it."""
    return jax.vmap(lambda image, key: change_style(image[None], key)[0])(images, keys)


def change_style(images: Images, key: Key) -> Images:
    """Changes each picture's style, at random and strongly; its parts stay where they are."""
    keys = _keys(key)
    count = len(images)
    x = _exchange_statistics(images, next(keys))
    x = jnp.where(_draw(next(keys), count) < 0.6, _redraw(x, next(keys)), _recolour(x, next(keys)))
    deviation = jnp.where(_draw(next(keys), count) < 0.4, _draw(next(keys), count, 0.3, 1.2), 0.1)
    noise = jnp.where(_draw(next(keys), count) < 0.5, _draw(next(keys), count, 0, _NOISE), 0)
    x = gaussian_blur(x, deviation.ravel()) + noise * jax.random.normal(next(keys), x.shape)
    return jnp.clip(jnp.where(_draw(next(keys), count) < _UNCHANGED, images, x), 0, 1)


def _exchange_statistics(images: Images, key: Key) -> Images:
    """Gives the bands of some pictures random strengths, or those of another picture; and some another's mean colour and contrast."""
    keys = _keys(key)
    count = len(images)
    steps = [gaussian_blur(images, jnp.array([deviation])) for deviation in _BANDS]
    partner = jax.random.randint(next(keys), (), 1, count) if count > 1 else 0
    low, spread = steps[-1], _deviation(steps[-1])
    mean = low.mean((1, 2), keepdims=True)
    exchanged = (low - mean) * (jnp.roll(spread, partner, 0) / spread) + jnp.roll(mean, partner, 0)
    x = jnp.where(_draw(next(keys), count) < 0.5, exchanged, low)
    exchange = _draw(next(keys), count) < 0.5
    for finer, coarser in zip((images, *steps), steps, strict=False):
        band = finer - coarser
        spread = _deviation(band)
        ratio = jnp.where(exchange, jnp.clip(jnp.roll(spread, partner, 0) / spread, 0.2, 5), 1)
        x = x + jnp.exp(0.5 * jax.random.normal(next(keys), (count, 1, 1, 1))) * ratio * band
    return jnp.where(_draw(next(keys), count) < 0.6, x, images)


def _redraw(images: Images, key: Key) -> Images:
    """Draws the lines, hatched areas, flat areas or tones of each picture in a few random colours."""
    keys = _keys(key)
    count = len(images)
    tone = _tone(images, next(keys))
    softness = jnp.where(_draw(next(keys), count) < 0.5, _draw(next(keys), count, 0.3, 2.2), 0.1)
    tone = gaussian_blur(tone, softness.ravel())
    filled = jnp.where(_draw(next(keys), count) < 0.6, _fill_areas(tone, next(keys)), _hatch(tone, next(keys)))
    lines = _draw_lines(tone, next(keys)) * jnp.where(_draw(next(keys), count) < 0.5, filled, 1)
    kind = _draw(next(keys), count)
    drawn = jnp.where(kind < 0.4, lines, jnp.where(kind < 0.5, filled, jnp.where(kind < 0.6, jnp.round(4 * tone) / 4, tone)))
    return _paint(drawn, next(keys))


def _tone(images: Images, key: Key) -> Float[Array, "batch size size 1"]:
    """A random mixture of the channels, from 0 to 1 in each picture."""
    weights = jnp.array([0.3, 0.6, 0.1]).reshape(1, 1, 1, 3) + 0.3 * jax.random.normal(key, (len(images), 1, 1, 3))
    tone = (images * weights).sum(-1, keepdims=True)
    low, high = tone.min((1, 2), keepdims=True), tone.max((1, 2), keepdims=True)
    return (tone - low) / (high - low + 1e-2)


def _draw_lines(tone: Float[Array, "batch size size 1"], key: Key) -> Float[Array, "batch size size 1"]:
    """Dark lines where the tone changes: by its slope, or by its difference from its surroundings."""
    keys = _keys(key)
    width = _draw(next(keys), len(tone), 0.4, 1.4).ravel()
    fine, coarse = gaussian_blur(tone, width), gaussian_blur(tone, 2.5 * width)
    slope = jnp.sqrt(sum(((jnp.roll(fine, 1, axis) - jnp.roll(fine, -1, axis)) ** 2 for axis in (1, 2)), 1e-6))
    edge = jnp.where(_draw(next(keys), len(tone)) < 0.5, 2 * slope, 12 * jnp.abs(fine - coarse))
    return jnp.clip(1 - _draw(next(keys), len(tone), 0.7, 3) * edge, 0, 1)


def _hatch(tone: Float[Array, "batch size size 1"], key: Key) -> Float[Array, "batch size size 1"]:
    """Strokes or dots that are wider where the tone is darker."""
    keys = _keys(key)
    sharpness, level, strength = (_draw(next(keys), len(tone), low, high) for low, high in ((4, 20), (0.3, 0.7), (0.1, 0.5)))
    return jax.nn.sigmoid(sharpness * (tone - level + strength * _strokes(len(tone), tone.shape[1], next(keys))))


def _fill_areas(tone: Float[Array, "batch size size 1"], key: Key) -> Float[Array, "batch size size 1"]:
    """Fills the areas of each of a few tones in its own way: blank, solid, or with strokes."""
    filled = jnp.zeros_like(tone)
    for area, area_key in enumerate(jax.random.split(key, _AREAS)):
        keys = _keys(area_key)
        strokes = jax.nn.sigmoid(8 * (_strokes(len(tone), tone.shape[1], next(keys)) - _draw(next(keys), len(tone), -0.6, 0.6)))
        kind = _draw(next(keys), len(tone))
        filling = jnp.where(kind < 0.4, 1, jnp.where(kind < 0.55, 0, strokes))
        filled = jnp.where(jnp.round((_AREAS - 1) * tone) == area, filling, filled)
    return filled


def _strokes(count: int, size: int, key: Key) -> Float[Array, "{count} {size} {size} 1"]:
    """Waves in [-1, 1] of a random period, direction and phase; some crossed to dots."""
    keys = _keys(key)
    y, x = jnp.meshgrid(*2 * [jnp.arange(size, dtype=jnp.float32)], indexing="ij")
    y, x = y[None, :, :, None], x[None, :, :, None]
    turn = 2 * math.pi / _draw(next(keys), count, *_PERIODS)
    angle, *phases = (_draw(next(keys), count, 0, 2 * math.pi) for _ in range(3))
    along = jnp.sin(turn * (jnp.cos(angle) * x + jnp.sin(angle) * y) + phases[0])
    across = jnp.sin(turn * (jnp.cos(angle) * y - jnp.sin(angle) * x) + phases[1])
    return jnp.where(_draw(next(keys), count) < 0.4, along * across, along)


def _paint(tone: Float[Array, "batch size size 1"], key: Key) -> Images:
    """Maps tones to colours: a ramp between two colours far apart, or colours that have nothing to do with each other."""
    keys = _keys(key)
    count = len(tone)
    free = jax.random.uniform(next(keys), (count, _KNOTS, 3))
    start = jax.random.uniform(next(keys), (count, 1, 3))
    end = (start + jax.random.uniform(next(keys), (count, 1, 3), minval=0.3, maxval=0.7)) % 1
    share = jnp.linspace(0, 1, _KNOTS)[None, :, None]
    ramp = start + (end - start) * share + 0.3 * (free - 0.5)
    colours = jnp.where(jax.random.uniform(next(keys), (count, 1, 1)) < 0.5, ramp, free)
    nearness = jnp.maximum(0, 1 - jnp.abs(tone * (_KNOTS - 1) - jnp.arange(_KNOTS, dtype=jnp.float32).reshape(1, 1, 1, _KNOTS)))
    return jnp.einsum("bhwk,bkc->bhwc", nearness, colours)


def _recolour(images: Images, key: Key) -> Images:
    """Mixes the channels, inverts some pictures, and bends the tones."""
    keys = _keys(key)
    count = len(images)
    mixture = jnp.eye(3)[None] + 0.35 * jax.random.normal(next(keys), (count, 3, 3))
    x = jnp.einsum("bhwc,bcd->bhwd", images - 0.5, mixture) + 0.5 + 0.2 * jax.random.normal(next(keys), (count, 1, 1, 3))
    x = jnp.clip(jnp.where(_draw(next(keys), count) < 0.25, 1 - x, x), 0, 1)
    return x ** jnp.exp(0.5 * jax.random.normal(next(keys), (count, 1, 1, 1)))


def _deviation(x: Array) -> Float[Array, "batch 1 1 channel"]:
    return jnp.sqrt(x.var((1, 2), keepdims=True) + 1e-5)


def _draw(key: Key, count: int, low: float | int = 0, high: float | int = 1) -> Float[Array, "{count} 1 1 1"]:
    """One uniform number per picture."""
    return jax.random.uniform(key, (count, 1, 1, 1), minval=low, maxval=high)


def _keys(key: Key) -> Iterator[Key]:
    """Yields as many keys as any of these functions needs, from one split: folding in a number for each takes long to compile."""
    return iter(jax.random.split(key, 12))
