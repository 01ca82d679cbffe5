"""Draws a panorama: a room with a ring of drawn faces hanging on its walls, seen from its middle.

Rays in equirectangular projection meet the inside of a box. From two eyes it is omnidirectional stereo: every column is seen from its
own place on a circle between the eyes, so that there is depth in whichever direction somebody looks (Peleg, Ben-Ezra and Pritch,
"Omnistereo: Panoramic Stereo Imaging", PAMI 2001).
"""

import math
from typing import NamedTuple

import numpy as np

from semgan.data.drawn_faces.factors import MEDIA, draw_factors
from semgan.data.drawn_faces.render import render_face
from semgan.errors import UserError

EYE_DISTANCE = 0.064
"""Metres between the eyes of an adult in the mean (Dodgson, "Variation and extrema of human interpupillary distance", 2004: 63 mm)."""
_HALF_WIDTH, _HALF_DEPTH = 3.0, 2.4  # of the room, metres
_FLOOR, _CEILING = -1.5, 1.3  # above the eyes
_PICTURE, _FRAME = 0.92, 0.07  # side of a face and width of its frame
_PER_WALL = (4, 3, 4, 3)  # pictures on the walls in front, to the right, behind and to the left
_SAMPLES = 3  # sub-pixels along a pixel's side
_MAX_FACE = 512  # pixels
_MIN_HEIGHT = 16  # pixels
_BLOCK_POINTS = 1 << 19


class _Room(NamedTuple):
    """Colours, RGB in [0, 1], and the faces on the walls."""

    wall: np.ndarray
    stripe: np.ndarray
    wood: np.ndarray
    frames: np.ndarray  # (faces, 3)
    faces: list[np.ndarray]  # float32 (size, size, 3) each, wall by wall, from left to right


def draw_panorama(height: int, seed: int = 0, medium: str = "shaded", eye: float = 0.0) -> np.ndarray:
    """Draws the room, the same for the same arguments.

    Args:
      height: rows in pixels, at least 16; the picture is twice as wide.
      seed: of the faces and the colours of the room.
      medium: of the faces, one of `MEDIA`.
      eye: how far to the right of the middle the eye stands, in metres: half of `EYE_DISTANCE` for the right eye of a pair, less
        than nothing for the left one.

    Returns:
      uint8 (height, 2 * height, 3).

    Raises:
      UserError: an unknown medium, or fewer rows.
    """
    if height < _MIN_HEIGHT:
        raise UserError(f"a panorama {height} pixels high shows nothing: draw one of at least {_MIN_HEIGHT}")
    if medium not in MEDIA:
        raise UserError(f"{medium} is not a medium of drawn faces: use {', '.join(MEDIA)}")
    room = _furnish(height, seed, MEDIA.index(medium))
    result = np.empty((height, 2 * height, 3), np.uint8)
    step = max(_BLOCK_POINTS // (2 * height * _SAMPLES**2), 1)
    for start in range(0, height, step):
        stop = min(start + step, height)
        colors = _see(room, height, start, stop, eye).reshape(stop - start, _SAMPLES, 2 * height, _SAMPLES, 3).mean((1, 3))
        result[start:stop] = np.rint(np.clip(colors, 0, 1) * 255)
    return result


def _furnish(height: int, seed: int, medium: int) -> _Room:
    random = np.random.Generator(np.random.PCG64([seed, 0x700]))
    count = sum(_PER_WALL)
    # A pixel of the panorama is `pi / height * distance` wide on the nearest wall.
    size = min(max(math.ceil(_PICTURE / (math.pi / height * _HALF_DEPTH)), 16), _MAX_FACE)
    faces = []
    for index in range(count):
        content, style = draw_factors(seed, "test", index)
        faces.append(render_face(content, style._replace(medium=medium), size).image.astype(np.float32) / 255)
    wall = 0.55 + 0.3 * random.random(3)
    frames = np.array([0.42, 0.27, 0.14]) * (0.6 + 0.8 * random.random((count, 1)))
    return _Room(wall, wall * (0.86 + 0.06 * random.random(3)), np.array([0.62, 0.43, 0.27]) * (0.8 + 0.4 * random.random()), frames, faces)


def _see(room: _Room, height: int, start: int, stop: int, eye: float) -> np.ndarray:
    """Colours of the sub-pixels of some rows: float64 (rows, columns, 3).

    The room's axes are right, up and ahead; the middle column looks ahead.
    """
    latitude = math.pi / 2 - (np.arange(start * _SAMPLES, stop * _SAMPLES) + 0.5) * math.pi / (height * _SAMPLES)
    longitude = (np.arange(2 * height * _SAMPLES) + 0.5) * math.pi / (height * _SAMPLES) - math.pi
    sin, cos = np.sin(longitude), np.cos(longitude)
    shape = (len(latitude), len(longitude))
    x0, z0 = eye * cos, -eye * sin  # the eye's place: to the right of where it looks
    ahead = np.cos(latitude)[:, None]
    dx, dy, dz = ahead * sin, np.broadcast_to(np.sin(latitude)[:, None], shape), ahead * cos
    with np.errstate(divide="ignore"):
        to_x = (np.copysign(_HALF_WIDTH, dx) - x0) / dx
        to_y = np.where(dy > 0, _CEILING, _FLOOR) / dy
        to_z = (np.copysign(_HALF_DEPTH, dz) - z0) / dz
    distance = np.minimum(np.minimum(to_x, to_y), to_z)
    x, y, z = x0 + distance * dx, distance * dy, z0 + distance * dz
    colors = np.empty((*shape, 3))
    level = (distance == to_y) & (dy != 0)
    above, below = level & (dy > 0), level & (dy <= 0)
    colors[above], colors[below] = _ceiling(x[above], z[above]), _floor(room, x[below], z[below])
    facing = {0: (to_z <= to_x) & (dz > 0), 1: (to_x < to_z) & (dx > 0), 2: (to_z <= to_x) & (dz <= 0), 3: (to_x < to_z) & (dx <= 0)}
    for side, seen in facing.items():
        seen = seen & ~level
        across = {0: x, 1: -z, 2: -x, 3: z}[side][seen]
        colors[seen] = _wall(room, side, across, y[seen])
    return colors * _light(x, y, z)[..., None]


def _light(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Light from a lamp under the ceiling, nearer to the right wall, and darker corners."""
    squared = (x - 1.2) ** 2 + (y - 0.5) ** 2 + (z - 0.6) ** 2
    corner = np.minimum(np.minimum(_HALF_WIDTH - np.abs(x), _HALF_DEPTH - np.abs(z)), np.minimum(_CEILING - y, y - _FLOOR))
    second = np.sort(np.stack([_HALF_WIDTH - np.abs(x), _HALF_DEPTH - np.abs(z), _CEILING - y, y - _FLOOR]), 0)[1]
    return (0.5 + 0.65 / (1 + 0.2 * squared)) * (1 - 0.3 * np.exp(-(second + np.maximum(corner, 0)) / 0.25))


def _ceiling(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """White boards between beams, and a round lamp."""
    beam = np.abs(x - np.round(x / 1.5) * 1.5) < 0.09
    board = np.abs(z / 0.3 - np.round(z / 0.3)) < 0.04
    colors = np.where(beam[:, None], [0.5, 0.37, 0.24], np.where(board[:, None], [0.78, 0.76, 0.72], [0.93, 0.91, 0.87]))
    return np.where((np.hypot(x - 1.2, z - 0.6) < 0.28)[:, None], [1.3, 1.25, 1.1], colors)


def _floor(room: _Room, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Planks of wood, each of its own tone and grain, around a rug with rings."""
    plank = np.floor(z / 0.24)
    along = x + 0.7 * (plank % 3)
    board = np.floor(along / 1.4)
    tone = 0.82 + 0.3 * _noise(plank, board) + 0.06 * np.sin(9 * along + 40 * z + 6 * np.sin(2.3 * along))
    joint = (np.abs(z / 0.24 - np.round(z / 0.24)) < 0.03) | (np.abs(along / 1.4 - np.round(along / 1.4)) < 0.006)
    wood = room.wood * (tone * np.where(joint, 0.55, 1))[:, None]
    radius, turn = np.hypot(x, z), np.arctan2(z, x)
    petals = (0.5 + 0.5 * np.sin(12 * turn + 9 * radius) > 0.5) & (radius > 0.35)
    rug = np.where(petals[:, None], room.wall * [0.9, 0.45, 0.4], room.stripe * [0.35, 0.5, 0.75])
    rug = np.where(((radius > 1.12) | (radius < 0.2))[:, None], [0.85, 0.78, 0.6], rug)
    return np.where((radius < 1.25)[:, None], rug, wood)


def _noise(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A number in [0, 1) by two whole ones, without order to the eye."""
    return np.modf(np.abs(np.sin(first * 12.9898 + second * 78.233)) * 43758.5453)[0]


def _wall(room: _Room, side: int, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Striped paper over a skirting board, with the pictures of the wall; `across` goes to the right as seen from inside."""
    stripes = (np.abs(across / 0.4 - np.round(across / 0.4)) < 0.22)[:, None]
    colors = np.where(stripes, room.stripe, room.wall)
    colors = np.where((up < _FLOOR + 0.16)[:, None], [0.88, 0.86, 0.82], colors)
    length = 2 * (_HALF_WIDTH, _HALF_DEPTH)[side % 2]
    spacing = length / _PER_WALL[side]
    place = np.clip(np.floor((across + length / 2) / spacing), 0, _PER_WALL[side] - 1).astype(int)
    u = across + length / 2 - (place + 0.5) * spacing
    first = sum(_PER_WALL[:side])
    outside = np.maximum(np.abs(u), np.abs(up)) - _PICTURE / 2
    framed = outside < _FRAME
    colors[framed] = room.frames[first + place[framed]] * (0.75 + 6 * np.clip(outside[framed], 0, _FRAME))[:, None]
    for index in range(_PER_WALL[side]):
        inside = (place == index) & (outside < 0)
        colors[inside] = _sample(room.faces[first + index], u[inside] / _PICTURE + 0.5, 0.5 - up[inside] / _PICTURE)
    return colors


def _sample(face: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Bilinear samples of a picture at fractions of its sides: (points, 3)."""
    size = len(face)
    x, y = np.clip(across * size - 0.5, 0, size - 1), np.clip(down * size - 0.5, 0, size - 1)
    left, top = np.minimum(x.astype(int), size - 2), np.minimum(y.astype(int), size - 2)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    upper = face[top, left] * (1 - right_share) + face[top, left + 1] * right_share
    lower = face[top + 1, left] * (1 - right_share) + face[top + 1, left + 1] * right_share
    return upper * (1 - low_share) + lower * low_share
