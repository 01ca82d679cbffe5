"""Puts translated faces back into the photograph that they were cut from, so that no edge shows.

Two bands are blended with masks of different widths (Burt & Adelson 1983, "A multiresolution spline with application to image mosaics"):
detail crosses over within a narrow rim, the low-frequency difference between photograph and translation within a wide one. At the rim the
translation thus has the photograph's colours, and in the middle its own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from scipy.ndimage import gaussian_filter

from semgan.faces.geometry import Similarity
from semgan.faces.warp import to_uint8, warp

_NARROW, _WIDE = 1 / 6, 1 / 2
"""Widths of the masks' rims, in halves of the square's side."""
_LOW = 0.08  # standard deviation of the filter that separates the bands, in sides of the square
_POWER = 4  # the mask's shape: 2 is a circle, more is nearer to the square


class Piece(NamedTuple):
    """A translated face.

    Attributes:
      content: what was translated, uint8 (size, size, 3).
      translation: uint8 (size, size, 3).
      transform: from places in the photograph to places in the square.
    """

    content: UInt8[np.ndarray, "size size 3"]
    translation: UInt8[np.ndarray, "size size 3"]
    transform: Similarity


class _Region(NamedTuple):
    """Rows and columns of the photograph."""

    top: int
    bottom: int
    left: int
    right: int


def paste(picture: UInt8[np.ndarray, "height width 3"], pieces: Sequence[Piece]) -> UInt8[np.ndarray, "height width 3"]:
    """The photograph with the faces translated; pieces may overlap, in any order, and may reach beyond the border.

    Where several overlap, each has the more of a pixel the nearer it is to its own centre. All else stays as it is, to the bit.
    """
    result = picture.copy()
    for number, piece in enumerate(pieces):
        region = _region(picture.shape, piece)
        if region.bottom <= region.top or region.right <= region.left:
            continue
        radius = _radius(piece, region)
        others = [_radius(other, region) for place, other in enumerate(pieces) if place != number]
        change = _change(picture, piece, region, radius) * _share(radius, others)[..., None]
        target = result[region.top : region.bottom, region.left : region.right]
        target[:] = to_uint8(target + change)
    return result


def _change(picture: np.ndarray, piece: Piece, region: _Region, radius: np.ndarray) -> np.ndarray:
    """What is added to the photograph for this piece alone, float32 (height, width, 3)."""
    height, width = region.bottom - region.top, region.right - region.left
    back = piece.transform.inverse()
    back = back._replace(shift=back.shift - [region.left, region.top])
    size = len(piece.translation)
    difference = piece.content.astype(np.float32) - piece.translation
    low = gaussian_filter(difference, (_LOW * size, _LOW * size, 0), mode="nearest")
    narrow, wide = (_rim(radius, rim)[..., None] for rim in (_NARROW, _WIDE))
    photograph = picture[region.top : region.bottom, region.left : region.right].astype(np.float32)
    replaced = warp(piece.translation.astype(np.float32), back, height, width) - photograph
    return narrow * replaced + (narrow - wide) * warp(low, back, height, width)


def _region(shape: tuple[int, ...], piece: Piece) -> _Region:
    """The pixels of the photograph that the piece's square may cover."""
    size = len(piece.translation)
    corners = piece.transform.inverse()(np.array([[0, 0], [size, 0], [0, size], [size, size]], float))
    (left, top), (right, bottom) = np.floor(corners.min(0)).astype(int).tolist(), np.ceil(corners.max(0)).astype(int).tolist()
    return _Region(max(top, 0), min(bottom, shape[0]), max(left, 0), min(right, shape[1]))


def _radius(piece: Piece, region: _Region) -> np.ndarray:
    """How far each pixel of the region is from the square's centre: 0 there, 1 where the mask ends, float32 (height, width)."""
    x, y = np.arange(region.left, region.right) + 0.5, np.arange(region.top, region.bottom) + 0.5
    half = len(piece.translation) / 2
    (a, b), (c, d) = piece.transform.linear / half
    u, v = piece.transform.shift / half - 1
    across, down = a * x + b * y[:, None] + u, c * x + d * y[:, None] + v
    return ((across**_POWER + down**_POWER) ** (1 / _POWER)).astype(np.float32)


def _rim(radius: np.ndarray, width: float) -> np.ndarray:
    """A mask that falls smoothly from 1 to 0 over the last `width` of the radius."""
    t = np.clip((1 - radius) / width, 0, 1)
    return t * t * (3 - 2 * t)


def _share(radius: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """The part of each pixel that belongs to this piece: 1 where no other covers it."""
    own, rest = _pull(radius), sum(map(_pull, others))
    return np.where(own + rest > 0, own / np.maximum(own + rest, 1e-9), 0).astype(np.float32)


def _pull(radius: np.ndarray) -> np.ndarray:
    """Grows towards a piece's centre, from 0 where its mask ends."""
    return np.maximum(np.maximum(radius, 0.05) ** -8 - 1, 0)
