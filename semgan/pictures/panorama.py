"""Equirectangular panoramas as flat pictures that a convolutional network can translate, and back.

A panorama is cut into three *fields*: the band around the equator, whose left and right edges are one place, and a stereographic view
of each pole. They overlap, and are blended on the sphere by weights that depend on the latitude alone and sum to one. The views of the
poles are turned by an angle that is derived from the panorama and turns with it, so that `translate(roll(x))` is `roll(translate(x))`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.pictures import equirectangular
from semgan.pictures.canonical_angles import canonical_angles
from semgan.pictures.polar_caps import BLEND_END, BLEND_START, cap_share, cap_view, cap_weight, spread
from semgan.pictures.tiles import Field

_MARGIN = 10.0
"""Degrees of latitude that a field goes on beyond the blend, so that what is used is not near its edge."""


class Layout(NamedTuple):
    """Where the fields of a panorama come from."""

    panorama_height: int  # of the panorama that was cut
    height: int  # of the panorama at the fields' scale; it is twice as wide
    band_top: int  # its row that is the band's first; rows beyond the poles are counted on
    band_rows: int
    cap_side: int
    angles: tuple[float, float]  # longitudes that are up in the views of the north and the south pole, radians


def cut(panorama: np.ndarray, height: int, multiple: int, angles: tuple[float, float] | None = None) -> tuple[list[Field], Layout]:
    """Cuts a panorama into the band and the views of the north and the south pole.

    Args:
      panorama: uint8 (H, 2H, 3).
      height: rows of the panorama at the scale at which the network shall see it; H for the panorama's own. The scale is the nearest
        at which the band's width is a multiple of `multiple`; where that is the panorama's own, the band's pixels are the panorama's.
      multiple: of which the height and the width of all fields are multiples: the network's stride, in pixels.
      angles: of `canonical_angles`, where panoramas are to be cut alike, as both eyes of a pair; by default this panorama's.

    Returns:
      The three fields, whose weights are the shares of the sphere that their pixels stand for and sum to 1 over all three, and what
      `assemble` needs to put them together.

    Raises:
      UserError: the panorama is not twice as wide as high, or too small.
    """
    equirectangular.check_panorama(panorama)
    layout = plan(len(panorama), height, multiple, canonical_angles([panorama]) if angles is None else angles)
    scaled = equirectangular.resize(panorama, layout.height)
    band = equirectangular.take_rows(scaled, layout.band_top, layout.band_top + layout.band_rows)
    caps = [cap_view(scaled, layout.cap_side, angle, south) for angle, south in zip(layout.angles, (False, True), strict=True)]
    band_weight, cap_weight = _weights(layout)
    weights = (np.broadcast_to(band_weight[:, None], band.shape[:2]), cap_weight, cap_weight)
    return [Field(*field) for field in zip((band, *caps), weights, (True, False, False), strict=True)], layout


def plan(panorama_height: int, height: int, multiple: int, angles: tuple[float, float]) -> Layout:
    """Places the fields of a panorama, as `cut` does."""
    unit = multiple if multiple % 2 == 0 else 2 * multiple  # a width, and a view's side, are even
    width = max(int(2 * height / unit + 0.5), 1) * unit
    scaled_height = width // 2
    if scaled_height < equirectangular.MIN_HEIGHT:
        raise UserError(f"a panorama {height} pixels high is too small to translate: use a size of at least {equirectangular.MIN_HEIGHT}")
    edge = scaled_height * (90 - BLEND_END - _MARGIN) / 180
    top, bottom = math.floor(edge / multiple) * multiple, math.ceil((scaled_height - edge) / multiple) * multiple
    radius = width / math.pi * math.tan(math.radians(90 - BLEND_START + _MARGIN) / 2)
    return Layout(panorama_height, scaled_height, top, bottom - top, math.ceil(2 * radius / unit) * unit, angles)


def _weights(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the sphere: float32 (band_rows,), of each pixel of a row of the band, and (cap_side, cap_side)."""
    width = 2 * layout.height
    latitude = equirectangular.latitudes(layout.height, layout.band_top, layout.band_top + layout.band_rows)
    angle = math.pi / layout.height  # a pixel's side at the equator
    area = np.cos(np.radians(latitude)) * 2 * math.sin(angle / 2) * angle  # exactly, between a row's edges
    band = area * (1 - cap_share(latitude))  # none beyond the poles
    cap = cap_weight(layout.cap_side, 1 / angle)
    total = width * band.sum() + 2 * cap.sum(dtype=np.float64)  # the sphere's 4 pi, to the precision of a sum over pixels
    return (band / total).astype(np.float32), np.divide(cap, total, out=cap)


def assemble(images: Sequence[np.ndarray], layout: Layout) -> np.ndarray:
    """Puts fields together, translated or not: the inverse of `cut`, to the precision of the interpolation.

    Args:
      images: uint8 (height, width, 3) each, of the sizes of `cut`'s fields and in their order.
      layout: `cut`'s.

    Returns:
      uint8 (H, 2H, 3), of the height of the panorama that was cut.
    """
    band, north, south = images
    panorama = np.zeros((layout.height, 2 * layout.height, 3), np.uint8)
    first, last = max(layout.band_top, 0), min(layout.band_top + layout.band_rows, layout.height)
    panorama[first:last] = band[first - layout.band_top : last - layout.band_top]
    spread(north, panorama, layout.angles[0])
    spread(south, panorama, layout.angles[1], south=True)
    return equirectangular.resize(panorama, layout.panorama_height)
