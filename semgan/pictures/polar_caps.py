"""Flat views of the sphere around a pole, in stereographic projection, and their way back onto the panorama.

The stereographic projection is conformal: small shapes keep their shape, so that a network sees a face on the ceiling as a face, at a
scale that grows by a fifth from the pole to where the view is last used. A direction at angle t from the pole lies at the distance
`2 f tan(t / 2)` pixels from the view's centre; f, the scale at the pole in pixels per radian, is that of the panorama's equator. A view
is what somebody sees who looks straight up, or down, from inside the sphere.
"""

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from semgan.pictures.equirectangular import latitudes

BLEND_START, BLEND_END = 40.0, 50.0
"""Degrees of latitude between which the band gives way to the cap."""
_PAD = 8  # pixels around a block: the cubic spline's filter has decayed to 3e-5 there
_AVERAGED = 60.0  # degrees of latitude, from where two columns or more fall into one pixel of the cap
_BLOCK_POINTS = 1 << 20


def cap_share(latitude: np.ndarray) -> np.ndarray:
    """The caps' share of the blend by latitude in degrees: 0 to 40 degrees, 1 from 50, smooth between; the rest is the band's."""
    t = np.clip((np.abs(latitude) - BLEND_START) / (BLEND_END - BLEND_START), 0, 1)
    return t * t * t * (10 + t * (6 * t - 15))


def cap_weight(side: int, focal: float) -> np.ndarray:
    """Solid angles of a view's pixels in steradians, times the cap's share: float32 (side, side); `focal` is f in pixels per radian."""
    line = np.arange(side) + 0.5 - side / 2
    weight = np.zeros((side, side), np.float32)
    for part in _parts(side, side):
        angle = 2 * np.arctan(np.hypot(line, line[part, None]) / (2 * focal))
        weight[part] = np.where(angle < math.pi / 2, cap_share(90 - np.degrees(angle)) * np.cos(angle / 2) ** 4 / focal**2, 0)
    return weight


def cap_view(panorama: np.ndarray, side: int, angle: float, south: bool = False) -> np.ndarray:
    """The view of a pole, by cubic splines; near the pole, where the panorama is finer than the view, of means along its rows.

    Args:
      panorama: uint8 (H, 2H, 3).
      side: pixels of the view, even.
      angle: the longitude that is up in the view, in radians.
      south: the view of the south pole instead of the north pole.

    Returns:
      uint8 (side, side, 3).
    """
    rows = panorama[::-1] if south else panorama
    near = _average_near_pole(rows)
    half = side // 2
    view = np.empty((side, side, 3), np.uint8)
    places = ((0, half), (half, half), (half, 0), (0, 0))  # clockwise from the upper right: eastward, looking down
    for quarter, (top, left) in enumerate(places):
        quadrant = _quadrant(rows, near, half, angle + quarter * math.pi / 2)
        view[top : top + half, left : left + half] = np.rot90(quadrant, -quarter)
    return view if south else np.ascontiguousarray(view[:, ::-1])


def _quadrant(rows: np.ndarray, near: np.ndarray, half: int, angle: float) -> np.ndarray:
    """The upper right quarter of the view from above, with the longitude `angle` up: uint8 (half, half, 3)."""
    height, width = rows.shape[:2]
    focal = width / (2 * math.pi)
    first = math.floor(angle * focal - 0.5) - _PAD
    columns = np.arange(first, first + width // 4 + 2 * _PAD + 3) % width
    corner = 2 * math.atan(half / math.sqrt(2) / focal)
    block = _block(rows, near, columns, min(math.ceil(corner / math.pi * height) + _PAD, height))
    right, up = np.arange(half) + 0.5, np.arange(half)[::-1] + 0.5
    result = np.empty((half, half, 3), np.uint8)
    for channel in range(3):
        spline = _spline(block[..., channel])
        for part in _parts(half, half):
            row = 2 * np.arctan(np.hypot(right, up[part, None]) / (2 * focal)) / math.pi * height - 0.5 + _PAD
            column = (np.arctan2(right, up[part, None]) + angle) * focal - 0.5 - first
            result[part, :, channel] = _round(_sample(spline, row, column))
    return result


def _average_near_pole(rows: np.ndarray) -> np.ndarray:
    """The rows around the north pole, each a running mean over the columns that share a pixel of the view: uint8 (rows, width, 3)."""
    height, width = rows.shape[:2]
    near = np.empty((max(int(height * (90 - _AVERAGED) / 180), _PAD), width, 3), np.uint8)
    for row, latitude in enumerate(latitudes(height, 0, len(near))):
        columns = 2 * int(0.5 / math.cos(math.radians(latitude))) + 1  # odd: the mean stays in its place
        near[row] = _round(ndimage.uniform_filter1d(rows[row].astype(np.float32), columns, 0, mode="wrap"))
    return near


def _block(rows: np.ndarray, near: np.ndarray, columns: np.ndarray, stop: int) -> np.ndarray:
    """Rows of some columns from `_PAD` rows beyond the pole on: uint8 (_PAD + stop, columns, 3)."""
    width = rows.shape[1]
    beyond = near[_PAD - 1 :: -1, (columns + width // 2) % width]
    return np.concatenate([beyond, near[:, columns], rows[len(near) : stop, columns]])


def spread(view: np.ndarray, panorama: np.ndarray, angle: float, south: bool = False) -> None:
    """Blends a view of a pole into the panorama, in place: the inverse of `cap_view`, by cubic splines.

    Args:
      view: uint8 (side, side, 3).
      panorama: uint8 (H, 2H, 3); where the latitude is above 50 degrees nothing of it is left, below 40 all of it.
      angle, south: as for `cap_view`.
    """
    rows = panorama[::-1] if south else panorama
    height, width = rows.shape[:2]
    focal, middle = width / (2 * math.pi), len(view) / 2 - 0.5
    latitude = latitudes(height, 0, math.ceil(height * (90 - BLEND_START) / 180))
    share = cap_share(latitude).astype(np.float32)[:, None]
    radius = 2 * focal * np.tan(np.radians(90 - latitude) / 2)[:, None]
    azimuth = (np.arange(width) + 0.5) / focal - angle
    right, down = np.sin(azimuth) * (1 if south else -1), -np.cos(azimuth)
    for channel in range(3):
        spline = _spline(view[..., channel])
        for part in _parts(len(latitude), width):
            cap = _sample(spline, middle + radius[part] * down, middle + radius[part] * right)
            old = rows[part, :, channel].astype(np.float32)
            rows[part, :, channel] = _round(old + share[part] * (cap - old))


def _spline(plane: np.ndarray) -> np.ndarray:
    """Coefficients of the cubic spline through a plane's pixels: float32, of the plane's shape."""
    # pyright takes the default for the type of all outputs
    return ndimage.spline_filter(plane.astype(np.float32), output=np.float32)  # pyright: ignore[reportArgumentType]


def _sample(spline: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Values of a cubic spline, given by its coefficients, at fractional rows and columns: float32."""
    return ndimage.map_coordinates(spline, np.stack([row, column]), np.float32, prefilter=False, mode="mirror")


def _round(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _parts(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows, of as many as hold `_BLOCK_POINTS` points."""
    step = max(_BLOCK_POINTS // columns, 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
