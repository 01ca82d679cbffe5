"""The shapes of a face as signed distances on a grid of sub-pixels; negative inside. Lengths are in face units.

A face is drawn on the front of a cylinder with rounded shading: `u` and `v` are a pixel's place on the face as seen from the
front, so that whatever is drawn in them turns with the head.
"""

import math
from typing import NamedTuple, TypeVar

import numpy as np

from semgan.data.drawn_faces.factors import BOB, PARTED, ROUND, SHORT, STRAIGHT, ContentFactors
from semgan.data.drawn_faces.sdf import Grid, box, ellipse, smooth_union, superellipse

EYE_LEVEL, MOUTH_LEVEL = -0.03, 0.58
_DEPTH = 1.18  # radius of the cylinder over the face's half width


class View(NamedTuple):
    """The coordinates of every sub-pixel: in the picture, before the head, and on the face."""

    content: ContentFactors
    pixel: float  # a sub-pixel's side in face units
    across: Grid  # fractions of the picture
    down: Grid
    x: Grid  # face units, rolled and moved with the head
    y: Grid
    z: Grid  # depth
    u: Grid  # as seen from the front
    v: Grid

    @property
    def radius(self) -> float:
        return self.content.face_width * _DEPTH


def view(content: ContentFactors, side: int) -> View:
    """Places of side x side sub-pixels."""
    line = ((np.arange(side) + 0.5) / side).astype(np.float32)
    across, down = np.broadcast_to(line, (side, side)), np.broadcast_to(line[:, None], (side, side))
    dx, dy = (line - content.x) / content.scale, (line - content.y) / content.scale
    cos, sin = math.cos(content.roll), math.sin(content.roll)
    x, y = cos * dx + (sin * dy)[:, None], (cos * dy)[:, None] - sin * dx
    z = np.sqrt(np.maximum((content.face_width * _DEPTH) ** 2 - x * x, 0))
    u = x * math.cos(content.yaw) - z * math.sin(content.yaw)
    v = y + content.pitch * z
    return View(content, 1 / (side * content.scale), across, down, x, y, z, u, v)


Window = tuple[slice, slice]
"""Rows and columns of the grid."""


def window(view: View, left: float, top: float, right: float, bottom: float) -> Window:
    """The part of the grid that holds a rectangle of the face, given as u and v."""
    limit, side, margin = view.radius * 0.999, len(view.x), 0.02
    across = [min(max(u, -limit), limit) for u in (left, (left + right) / 2, right)]
    places = [to_picture(view.content, u, v) for u in across for v in (top, bottom)]

    def span(values: list[float]) -> slice:
        low, high = int((min(values) - margin) * side), int((max(values) + margin) * side) + 1
        return slice(min(max(low, 0), side - 1), min(max(high, 1), side))

    return span([y for _, y in places]), span([x for x, _ in places])


def crop(view: View, place: Window) -> View:
    """The view of a window of the grid."""
    return View(view.content, view.pixel, *(grid[place] for grid in view[2:]))


def to_picture(content: ContentFactors, u: float, v: float) -> tuple[float, float]:
    """Fractions (x, y) of the picture of a point on the face: the inverse of `view`."""
    radius = content.face_width * _DEPTH
    x = u * math.cos(content.yaw) + math.sqrt(radius**2 - u * u) * math.sin(content.yaw)
    y = v - content.pitch * math.sqrt(max(radius**2 - x * x, 0))
    cos, sin = math.cos(content.roll), math.sin(content.roll)
    return content.x + content.scale * (cos * x - sin * y), content.y + content.scale * (sin * x + cos * y)


def landmarks(content: ContentFactors) -> np.ndarray:
    """float32 (5, 2), fractions: the eye at the picture's left, the other, nose, left and right corner of the mouth."""
    corner = 0.9
    mouth_v = MOUTH_LEVEL + mouth_bend(content, corner)
    points = (
        (-content.eye_spacing, EYE_LEVEL),
        (content.eye_spacing, EYE_LEVEL),
        (nose_tip(content), content.nose_length),
        (-corner * content.mouth_width, mouth_v),
        (corner * content.mouth_width, mouth_v),
    )
    return np.array([to_picture(content, *point) for point in points], np.float32)


def head(view: View) -> Grid:
    """Cranium and jaw; the chin goes with the face when it turns, the back of the head the other way."""
    c = view.content
    turn = math.sin(c.yaw)
    cranium = ellipse(view.x + 0.06 * turn, view.y + 0.24, c.face_width, 0.76)
    jaw = superellipse(view.x - 0.16 * turn, view.y - (0.22 - 0.5 * c.pitch), c.face_width * c.jaw_width, 0.76, c.chin)
    return smooth_union(cranium, jaw, 0.3)


def ear(view: View, side: int) -> Grid:
    """The ear at the picture's left (-1) or right (1)."""
    c = view.content
    x = 0.93 * view.radius * math.sin(side * 1.22 + 0.75 * c.yaw)
    return ellipse(view.x - x, view.y - (0.1 - 0.6 * c.pitch), 0.15, 0.23)


def neck(view: View) -> Grid:
    x = (view.across - view.content.x) / view.content.scale
    y = (view.down - view.content.y) / view.content.scale
    return box(x, y - 1.1, 0.3 + 0.1 * view.content.jaw_width, 0.7, 0.1)


def clothes(view: View) -> Grid:
    """Shoulders with a round neckline; they do not roll with the head."""
    x = (view.across - view.content.x) / view.content.scale
    y = (view.down - view.content.y) / view.content.scale
    shoulders = ellipse(x, y - 1.95, 1.35, 0.95)
    return np.maximum(shoulders, -ellipse(x, y - 0.95, 0.46, 0.36))


def _hair_outline(view: View) -> Grid:
    c = view.content
    grow = c.hair_volume + (0.07 if c.curly else 0.0)
    x, y = view.x + (0.09 * math.sin(c.yaw)), view.y + 0.24
    outline = ellipse(x, y, c.face_width + grow, 0.78 + grow)
    return outline + 0.045 * np.cos(11 * np.arctan2(x, y)) if c.curly else outline


def hair_back(view: View) -> Grid:
    """Hair behind the head and neck."""
    c = view.content
    outline = _hair_outline(view)
    if c.hair_length == SHORT:
        return np.maximum(outline, view.y - 0.25)
    low = 0.75 if c.hair_length == BOB else 1.9
    wide = c.face_width + c.hair_volume + (0.1 if c.hair_length == BOB else 0.06)
    x = view.x + (0.14 * math.sin(c.yaw))
    if c.curly:
        x = x + 0.05 * np.sin(9 * view.y)
    fall = box(x, view.y - (low - 0.3) / 2, wide, (low + 0.3) / 2, 0.28)
    return smooth_union(outline, fall, 0.2)


def hair_front(view: View) -> Grid:
    """Hair before the face: the cap above the hairline and the strands beside the cheeks."""
    c = view.content
    reach = np.abs(view.u) / c.face_width
    side = np.clip((reach - 0.62) / 0.38, 0, 1)
    if c.fringe == PARTED:
        line = -0.66 + 0.2 * np.abs(view.u - 0.3 * c.part_side)
    elif c.fringe == STRAIGHT:
        line = -0.4 + 0.035 * np.cos(15 * view.u) + 0 * view.v
    else:
        line = -0.5 + 0.32 * c.part_side * view.u
    length = (0.42, 0.75, 1.0)[c.hair_length]
    line = line + length * side * side * (3 - 2 * side)
    if c.curly:
        line = line + 0.04 * np.sin(13 * view.u)
    below = (view.v - line) * 0.85
    limit = view.y - (0.12, 0.62, 1.1)[c.hair_length]
    return np.maximum(np.maximum(_hair_outline(view), below), limit)


def from_eye(view: View) -> Grid:
    """The distance across the face from the centre of the nearer eye: both eyes are drawn at once."""
    return view.u - np.copysign(np.float32(view.content.eye_spacing), view.u)


def eyes(view: View) -> Grid:
    c = view.content
    return ellipse(from_eye(view), view.v - EYE_LEVEL, c.eye_size, eye_height(c))


def eye_height(content: ContentFactors) -> float:
    return content.eye_size * content.eye_open * 0.9


def lids(view: View, eye_distance: Grid) -> Grid:
    """The dark upper lids: a crescent over each eye."""
    c = view.content
    return np.maximum(ellipse(from_eye(view), view.v - (EYE_LEVEL - 0.045), c.eye_size * 1.12, eye_height(c) + 0.03), -eye_distance)


def gaze(view: View, offset: tuple[float, float] = (0, 0)) -> Grid:
    """Distance in eye sizes from where the eyes look, or from `offset` beside it."""
    c = view.content
    u = from_eye(view) / c.eye_size - (0.4 * c.gaze_x + offset[0])
    v = (view.v - EYE_LEVEL - 0.25 * eye_height(c) * c.gaze_y) / c.eye_size - offset[1]
    return np.sqrt(u * u + v * v)


def brows(view: View) -> Grid:
    c = view.content
    along = (np.abs(view.u) - c.eye_spacing) / (c.eye_size * 1.15)  # outwards
    level = EYE_LEVEL - 0.29 - c.brow_height
    curve = level - c.brow_arch * (1 - along * along) + (0.05 + c.brow_tilt) * along
    thick = 0.062 * (1 - 0.3 * np.clip(along, -1, 1))
    return np.maximum(np.abs(view.v - curve) - thick, (np.abs(along) - 1) * c.eye_size)


def nose_tip(content: ContentFactors) -> float:
    """The nose tip's place across the face: it stands out and so moves more than the face when the head turns."""
    return 0.17 * math.sin(content.yaw)


def nose(view: View) -> Grid:
    c = view.content
    t = np.clip((view.v + 0.08) / (c.nose_length + 0.08), 0, 1)
    middle = nose_tip(c) * t
    ridge = np.hypot(view.u - middle, view.v + 0.08 - (c.nose_length + 0.08) * t)
    ridge = ridge - c.nose_size * (0.035 + 0.05 * t)
    ball = ellipse(view.u - nose_tip(c), view.v - c.nose_length, 0.13 * c.nose_size, 0.08 * c.nose_size)
    return smooth_union(ridge, ball, 0.08)


def nostrils(view: View) -> Grid:
    """The line under the nose."""
    c = view.content
    along = (view.u - nose_tip(c)) / (0.13 * c.nose_size)
    curve = c.nose_length + 0.085 * c.nose_size - 0.06 * along * along
    return np.maximum(np.abs(view.v - curve) - 0.028, (np.abs(along) - 1) * 0.13)


_Along = TypeVar("_Along", float, Grid)


def mouth_bend(content: ContentFactors, along: _Along) -> _Along:
    """The distance below `MOUTH_LEVEL` at which the lips meet, from -1 to 1 along the mouth."""
    return -0.17 * content.smile * (along * along - 0.35)


class Mouth(NamedTuple):
    """Distances to the lips as a whole, to what an open mouth shows, and to the teeth in it."""

    lips: Grid
    inside: Grid
    teeth: Grid


def mouth(view: View) -> Mouth:
    c = view.content
    along = view.u / c.mouth_width
    bulge = np.maximum(1 - along * along, 0)
    top = MOUTH_LEVEL + mouth_bend(c, along) - 0.06 * c.mouth_open * bulge
    gap = 0.27 * c.mouth_open * bulge
    ends = (np.abs(along) - 1) * c.mouth_width
    inside = np.maximum(np.maximum(top - view.v, view.v - top - gap), ends)
    lip = 0.025 + 0.05 * np.sqrt(bulge)
    lips = np.maximum(np.maximum(top - lip - view.v, view.v - top - gap - lip), ends - 0.02)
    seam = np.maximum(np.abs(view.v - top) - 0.034, ends)
    inside = inside if c.mouth_open else seam
    teeth = np.maximum(inside, view.v - top - 0.1)
    return Mouth(lips, inside, teeth)


def glasses(view: View) -> Grid:
    """Frames, bridge and temples."""
    c = view.content
    half, v = 0.046, view.v - (EYE_LEVEL - 0.01)
    inner = np.abs(view.u) - c.eye_spacing  # both lenses at once, by mirror symmetry
    lens = np.hypot(inner, v) - 0.285 if c.glasses == ROUND else box(inner, v, 0.29, 0.225, 0.08)
    bridge = np.maximum(np.abs(v + 0.05) - half, np.abs(view.u) - (c.eye_spacing - 0.27))
    temples = np.maximum(np.abs(v + 0.06) - half, (c.eye_spacing + 0.27) - np.abs(view.u))
    temples = np.maximum(temples, np.abs(view.x) - c.face_width)  # they end where the head does
    return np.minimum(np.minimum(np.abs(lens) - half, bridge), temples)


def height(view: View) -> Grid:
    """Depth of the face towards the viewer, for shading: an ellipsoid with nose, sockets, cheeks and chin."""
    c = view.content
    body = np.sqrt(np.maximum(1 - (view.x / (1.25 * view.radius)) ** 2 - (view.y / 1.5) ** 2, 0.02))

    def bump(across: Grid, v: float, width: float, tall: float, size: float) -> Grid:
        p, q = across * (0.5 / width), (view.v - v) * (0.5 / tall)
        square = np.maximum(1 - p * p - q * q, 0)
        square *= square
        return size * square * square  # close to a Gaussian, and quicker

    from_tip, from_cheek = view.u - nose_tip(c), np.abs(view.u) - 0.42
    relief = bump(from_tip, c.nose_length, 0.11 * c.nose_size, 0.1, 0.2)
    relief += bump(view.u - 0.5 * nose_tip(c), 0.08, 0.08, 0.2, 0.1)
    relief -= bump(from_eye(view), EYE_LEVEL, 0.24, 0.17, 0.09)
    relief += bump(from_cheek, 0.33, 0.2, 0.18, 0.06)
    relief += bump(view.u, 0.92, 0.2, 0.13, 0.06) - bump(view.u, MOUTH_LEVEL + 0.17, 0.2, 0.07, 0.04)
    return 0.95 * body + relief
