"""Overlapping tiles of a picture: where they lie, how far each of their pixels counts, and how they are put together again.

A tile's *core* is the part that it stands for; the cores of all tiles are the picture. Around it lies what the network looks at beyond the
core, and in which neighbouring tiles are blended.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from semgan.errors import UserError

_MOST_BLEND = 32  # pixels on either side of a core's edge over which neighbours are blended


class Span(NamedTuple):
    """A tile along one axis, in pixels of the picture; `start` is negative where the tile reaches around the picture's edge."""

    start: int
    length: int
    core_start: int
    core_stop: int


class Grid(NamedTuple):
    """The tiles of a picture of `height` x `width` pixels: every pair of a row's and a column's span, all of one shape.

    Attributes:
      wraps: whether the left and the right edge are one place.
      blend: pixels on either side of a core's edge over which neighbours are blended; 0: not at all.
    """

    height: int
    width: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    wraps: bool
    blend: int

    @property
    def count(self) -> int:
        return len(self.rows) * len(self.columns)


def grid(height: int, width: int, side: int, margin: int, multiple: int, *, wraps: bool = False) -> Grid:
    """Covers a picture with tiles of at most `side` x `side` pixels.

    Args:
      height, width: multiples of `multiple`, as are `side` and `margin`.
      margin: the least number of pixels between a core and its tile's edge, but for where that is the picture's edge.

    Raises:
      UserError: the tile is too small for its margins.
    """
    if side < 2 * margin + multiple:
        raise UserError(f"a tile of {side} pixels is too small for this model: give {2 * margin + multiple} or more (--tile)")
    rows, columns = _spans(height, side, margin, multiple, False), _spans(width, side, margin, multiple, wraps)
    shortest = min(span.core_stop - span.core_start for span in (*rows, *columns))
    return Grid(height, width, rows, columns, wraps, min(margin // 2, shortest // 2, _MOST_BLEND))


def _spans(length: int, side: int, margin: int, multiple: int, wraps: bool) -> tuple[Span, ...]:
    if length + 2 * margin * wraps <= side:
        return (Span(-margin * wraps, length + 2 * margin * wraps, 0, length),)
    count = -(-length // (side - 2 * margin))
    edges = [place * length // count // multiple * multiple for place in range(count)] + [length]
    spans = []
    for first, last in pairwise(edges):
        start = first - (side - (last - first)) // 2 // multiple * multiple
        spans.append(Span(start if wraps else min(max(start, 0), length - side), side, first, last))
    return tuple(spans)


def take(picture: np.ndarray, rows: Span, columns: Span) -> np.ndarray:
    """A tile of an array (height, width, ...), with the places beyond the left and right edge from the other side."""
    band = picture[rows.start : rows.start + rows.length]
    inside = columns.start >= 0 and columns.start + columns.length <= picture.shape[1]
    if inside:
        return band[:, columns.start : columns.start + columns.length]
    return band.take(np.arange(columns.start, columns.start + columns.length), axis=1, mode="wrap")


def places(span: Span, length: int) -> np.ndarray:
    """The places in the picture of a span's pixels, int32 (span,), from 0 to `length` - 1."""
    return (np.arange(span.start, span.start + span.length) % length).astype(np.int32)


def core_mask(span: Span) -> np.ndarray:
    """1 in the core and 0 around it, float32 (span,)."""
    place = np.arange(span.start, span.start + span.length)
    return ((place >= span.core_start) & (place < span.core_stop)).astype(np.float32)


def assemble(grid: Grid, translate: Callable[[Span, Span], np.ndarray]) -> np.ndarray:
    """Puts tiles together, uint8 (height, width, 3), by at most two rows of tiles at a time.

    Args:
      translate: gives the tile of two spans, uint8 (row span, column span, 3).
    """
    result = np.empty((grid.height, grid.width, 3), np.uint8)
    blend, later = grid.blend, np.zeros((0, grid.width, 3), np.float32)
    for number, rows in enumerate(grid.rows):
        is_last = number == len(grid.rows) - 1
        top = rows.core_start - blend * (number > 0)
        bottom = rows.core_stop + blend * (not is_last)
        band = np.zeros((bottom - top, grid.width, 3), np.float32)
        band[: len(later)] = later
        share = _shares(rows, blend, number > 0, not is_last)[top - rows.start : bottom - rows.start]
        for columns in grid.columns:
            _add(band, translate(rows, columns)[top - rows.start : bottom - rows.start], share, grid, columns)
        ready = bottom - top - 2 * blend * (not is_last)
        result[top : top + ready] = np.rint(band[:ready])
        later = band[ready:]
    return result


def _add(band: np.ndarray, tile: np.ndarray, row_share: np.ndarray, grid: Grid, columns: Span) -> None:
    """Adds a tile's weighted pixels to the rows that it belongs to."""
    before, after = grid.wraps or columns.core_start > 0, grid.wraps or columns.core_stop < grid.width
    first = columns.core_start - grid.blend * before
    last = columns.core_stop + grid.blend * after
    own = slice(first - columns.start, last - columns.start)
    share = row_share[:, None] * _shares(columns, grid.blend, before, after)[own]
    weighted = share[..., None] * tile[:, own]
    for start, stop in _inside(first, last, grid.width):
        band[:, start % grid.width : start % grid.width + stop - start] += weighted[:, start - first : stop - first]


def _inside(first: int, last: int, width: int) -> list[tuple[int, int]]:
    """Cuts a stretch of columns where it goes around the picture's edge."""
    cuts = sorted({first, last, *(edge for edge in (0, width) if first < edge < last)})
    return list(pairwise(cuts))


def _shares(span: Span, blend: int, before: bool, after: bool) -> np.ndarray:
    """The weights of a tile's pixels along one axis, float32 (span,): 1 in the core, ramps across its inner edges that add up to 1."""
    place = np.arange(span.start, span.start + span.length) + 0.5
    half = max(blend, 0.5)
    rise = np.clip((place - span.core_start + half) / (2 * half), 0, 1) if before else 1.0
    fall = np.clip((span.core_stop + half - place) / (2 * half), 0, 1) if after else 1.0
    return (np.ones(span.length) * rise * fall).astype(np.float32)


class Field(NamedTuple):
    """A flat picture to be translated by itself or, together with others, as a part of one whole.

    Attributes:
      image: uint8 (height, width, 3).
      weight: float32 (height, width), how far each pixel counts in the statistics of the whole; None: all alike.
      wraps: whether the left and the right edge are one place.
      regions: float32 (any height, any width, channel), the same extent at any resolution: what else is known of its places.
    """

    image: np.ndarray
    weight: np.ndarray | None = None
    wraps: bool = False
    regions: np.ndarray | None = None


def sample(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear samples of `values` (any height, any width, channel) at pixels of the same extent at another resolution.

    Args:
      rows, columns: pixels of a picture of `height` x `width`, int (r,) and (c,).

    Returns:
      float32 (r, c, channel).
    """
    for axis, place, length in ((0, rows, height), (1, columns, width)):
        size = values.shape[axis]
        exact = np.clip((place + 0.5) * size / length - 0.5, 0, size - 1)
        low = np.minimum(exact.astype(int), max(size - 2, 0))
        share = (exact - low).reshape(-1, *(1,) * (values.ndim - 1 - axis))
        values = (1 - share) * values.take(low, axis) + share * values.take(np.minimum(low + 1, size - 1), axis)
    return values.astype(np.float32)
