"""The four media: from painted parts, shade and contours to colours. Grids of sub-pixels, RGB in [0, 1]."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from semgan.data.drawn_faces import palettes
from semgan.data.drawn_faces.factors import MEDIA, StyleFactors
from semgan.data.drawn_faces.geometry import View
from semgan.data.drawn_faces.parts import PART_NAMES, Painting, coverage
from semgan.data.drawn_faces.sdf import Grid


class Scene(NamedTuple):
    """The input of a medium."""

    view: View
    style: StyleFactors
    painting: Painting
    lambert: Grid  # light that falls on the surface, 0 to 1, without the shadows of other parts
    gloss: Grid  # mirrored light, 0 to 1


def stroke_width(style: StyleFactors) -> float:
    """Width of contours, in fractions of the picture; 0: none."""
    low, high = {"shaded": (0, 0), "ink": (0.014, 0.024), "poster": (0.026, 0.042), "mosaic": (0.016, 0.024)}[MEDIA[style.medium]]
    return low + (high - low) * style.stroke_width


def render(scene: Scene) -> np.ndarray:
    """Renders a scene in its medium: float32 (3, n, n)."""
    return _MEDIA[MEDIA[scene.style.medium]](scene)


def _shaded(scene: Scene) -> np.ndarray:
    """Soft light from one side, cool shadows, highlights."""
    painting, style = scene.painting, scene.style
    strength = style.light_strength
    light = (1 - strength * (1 - scene.lambert)) * (1 - painting.occlusion)
    light = 0.94 + _MATTE[painting.part] * (light - 0.94)
    shadow = np.array([0.42, 0.34, 0.44], np.float32)[:, None, None]
    picture = painting.colors * (shadow + (1.12 - shadow) * light)
    picture += _GLOSS[painting.part] * strength * scene.gloss
    ground = painting.part == 0
    glow = 1.12 - 0.5 * np.hypot(scene.view.across - 0.5, scene.view.down - 0.35)
    return np.where(ground, picture * glow, picture)


def _ink(scene: Scene) -> np.ndarray:
    """Contours and cross-hatching whose density follows the tone."""
    painting, style, view = scene.painting, scene.style, scene.view
    light = 1 - 0.62 * style.light_strength * (1 - scene.lambert)
    tone = painting.colors[0] * light * (1 - 0.5 * painting.occlusion)
    period = 0.062 - 0.016 * style.stroke_density
    angle = (0.2 + 0.12 * style.stroke_angle) * math.pi
    pixel = 1 / (period * len(tone))
    strands = np.isin(painting.part, _HAIR)
    dark = np.zeros_like(tone)
    for turn, threshold in ((0.0, 0.64), (0.5, 0.36), (0.25, 0.16)):
        wave = _hatch(view, angle + turn * math.pi, period)
        if not turn:
            wave = np.where(strands, _strands(view, period), wave)
        width = np.where(tone < threshold, np.minimum(0.09 + 0.4 * (threshold - tone), 0.26), -1)
        np.maximum(dark, coverage(wave - width, pixel), out=dark)
    dark = np.where(_HATCHED[painting.part], dark, 1 - painting.colors[0])
    dark = np.maximum(np.maximum(dark, painting.line), painting.colors[0] < 0.09)
    ink, paper = palettes.ink_and_paper(style)
    return paper[:, None, None] + dark * (ink - paper)[:, None, None]


def _hatch(view: View, angle: float, period: float) -> Grid:
    """Distance from the nearest stroke's middle, in periods: 0 to 0.5."""
    along = math.cos(angle) / period * view.across[0]
    return _to_nearest(along + math.sin(angle) / period * view.down[:, :1])


def _strands(view: View, period: float) -> Grid:
    """Distance from the nearest stroke's middle as in `_hatch`, for strokes that fall from the crown."""
    turn = np.arctan2(view.x, view.y + 1.3) * (1.1 * view.content.scale / period)
    return _to_nearest(turn)


def _to_nearest(periods: Grid) -> Grid:
    return np.abs(periods - np.floor(periods) - 0.5)


def _poster(scene: Scene) -> np.ndarray:
    """Flat colours, bold contours, halftone shadows."""
    painting, style, view = scene.painting, scene.style, scene.view
    period = 0.066 - 0.02 * style.stroke_density
    dark = 1 - (1 - 0.9 * (1 - scene.lambert) * (0.6 + 0.4 * style.light_strength)) * (1 - painting.occlusion)
    dots = _dots(view, 0.25 * math.pi, period)
    pixel = 1 / (period * len(dots))
    size = np.clip((dark - 0.3) * 1.5, 0, 0.72)
    shade = coverage(dots - size, pixel) * _MATTE[painting.part]
    deep = painting.colors * np.array([0.62, 0.42, 0.66], np.float32)[:, None, None]
    picture = painting.colors + shade * (deep - painting.colors)
    ground = painting.part == 0
    picture = np.where(ground, _rays(scene), picture)
    contour = palettes.outline(style)[:, None, None]
    return picture + painting.line * (contour - picture)


def _dots(view: View, angle: float, period: float) -> Grid:
    """Distance from the nearest dot's centre, in periods."""
    cos, sin = math.cos(angle) / period, math.sin(angle) / period
    p, q = cos * view.across + sin * view.down, cos * view.down - sin * view.across
    p, q = _to_nearest(p), _to_nearest(q)
    return np.sqrt(p * p + q * q)


def _rays(scene: Scene) -> np.ndarray:
    """A ground of two colours: rays, broad stripes or plain."""
    view, style = scene.view, scene.style
    ground = scene.painting.colors
    kind = style.texture % 3
    if kind == 2:
        return ground
    if kind == 0:
        turn = np.arctan2(view.down - 0.55, view.across - 0.5) * (7 / math.pi)
        wave, pixel = np.abs((turn + style.stroke_angle) % 2 - 1) - 0.5, 0.03
    else:
        wave = np.abs(((view.across + view.down) * 5 + style.stroke_angle) % 2 - 1) - 0.5
        pixel = 7 / len(view.across)
    light = ground + 0.45 * (1 - ground)
    return ground + coverage(wave, pixel) * (light - ground)


def _mosaic(scene: Scene) -> np.ndarray:
    """Tesserae of jittered colour and one shade each, in grout, cut where parts meet."""
    painting, style, view = scene.painting, scene.style, scene.view
    across = 15 + 3 * style.stroke_density
    tile, edge, tints = _tiles(view, across, (style.stroke_angle - 0.5) * 0.5 * math.pi, style.texture)
    light = (1 - 0.75 * style.light_strength * (1 - scene.lambert)) * (1 - 0.6 * painting.occlusion)
    sums, counts = np.bincount(tile.ravel(), light.ravel(), len(tints)), np.bincount(tile.ravel(), minlength=len(tints))
    light = (sums / np.maximum(counts, 1)).astype(np.float32)[tile]
    matte = np.maximum(_MATTE[painting.part], painting.part == 0)
    light = np.where(painting.part == 0, 1, 1 - matte * (0.4 - 0.52 * light))
    picture = painting.colors * light * (1 + tints.T[:, tile] * (0.1 + 0.3 * matte))
    contour = palettes.outline(style)[:, None, None]
    picture += 0.8 * painting.line * (contour - picture)
    gap = coverage(edge - 0.075, across / len(tile)) * (0.25 + 0.5 * matte)
    return picture + gap * (palettes.GROUT[:, None, None] - picture)


def _tiles(view: View, across: float, angle: float, seed: int) -> tuple[np.ndarray, Grid, np.ndarray]:
    """Wavy rows of square tiles, each row shifted.

    Returns:
      int (n, n) the tile of each sub-pixel; its distance from the tile's edge, in tiles; float32 (tiles, 3) of tint.
    """
    cells = int(across * 1.5) + 6
    random = np.random.Generator(np.random.PCG64(seed)).random((cells * cells + cells, 3), np.float32) - 0.5
    cos, sin = math.cos(angle) * across, math.sin(angle) * across
    x, y = view.across[0] - 0.5, view.down[:, :1] - 0.5
    p, q = cos * x + sin * y, cos * y - sin * x
    q = q + 0.35 * np.sin(0.55 * p + seed % 7) + cells / 2
    row = np.floor(q)
    down, row = q - row, row.astype(np.int32)
    p = p + cells / 2 + random[-cells:, 0][row]
    column = np.floor(p)
    right = p - column
    edge = 0.5 - np.maximum(np.abs(right - 0.5), np.abs(down - 0.5))
    tints = random[: cells * cells, :1] + 0.45 * random[: cells * cells]
    return row * cells + column.astype(np.int32), edge, tints


def _by_part(default: float, **values: float) -> np.ndarray:
    return np.array([values.get(part, default) for part in PART_NAMES], np.float32)


_MATTE = _by_part(  # how much light and shadow show on it
    1.0, background=0, eye=0.2, iris=0.2, pupil=0, glint=0, lid=0, brow=0, teeth=0.2, mouth=0, frames=0.2, nostrils=0.3
)
_HATCHED = _by_part(0, hair_back=1, neck=1, clothes=1, ear=1, face=1, nose=1, hair=1) > 0  # in ink; the rest is flat
_HAIR = [PART_NAMES.index(part) for part in ("hair", "hair_back")]
_GLOSS = _by_part(0.0, face=0.22, nose=0.3, ear=0.1, hair=0.25, hair_back=0.1, frames=0.35, lips=0.3, clothes=0.05)
_MEDIA: dict[str, Callable[[Scene], np.ndarray]] = {"shaded": _shaded, "ink": _ink, "poster": _poster, "mosaic": _mosaic}
