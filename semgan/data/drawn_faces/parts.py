"""The parts of a drawn face in painter's order, and what is known of every sub-pixel once they are painted over each other."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from semgan.data.drawn_faces import geometry
from semgan.data.drawn_faces.factors import NO_GLASSES
from semgan.data.drawn_faces.geometry import EYE_LEVEL, MOUTH_LEVEL, View, Window
from semgan.data.drawn_faces.sdf import Grid

MASK_CLASSES = ("background", "skin", "hair", "eyes", "brows", "mouth", "glasses")
_BACKGROUND, _SKIN, _HAIR, _EYES, _BROWS, _MOUTH, _GLASSES = range(len(MASK_CLASSES))

PARTS = {  # name of a part: its class
    "background": _BACKGROUND,
    "hair_back": _HAIR,
    "neck": _SKIN,
    "clothes": _BACKGROUND,
    "ear": _SKIN,
    "face": _SKIN,
    "nose": _SKIN,
    "nostrils": _SKIN,
    "lips": _MOUTH,
    "mouth": _MOUTH,
    "teeth": _MOUTH,
    "eye": _EYES,
    "iris": _EYES,
    "pupil": _EYES,
    "glint": _EYES,
    "lid": _EYES,
    "hair": _HAIR,
    "brow": _BROWS,
    "frames": _GLASSES,
}
PART_NAMES = tuple(PARTS)
_SHADOW_REACH = 0.22  # face units
PART_CLASS = np.array(list(PARTS.values()), np.uint8)


class Layer(NamedTuple):
    """One shape to paint."""

    part: str
    distance: Grid  # negative inside
    outline: float = 1.0  # width of its contour over the stroke's, where a medium draws contours
    shadow: float = 0.0  # how dark the shadow is that it casts around itself
    place: Window = (slice(None), slice(None))  # where on the grid; `distance` covers no more


class Painting(NamedTuple):
    """The picture before a medium gives it its looks; grids of sub-pixels."""

    colors: np.ndarray  # float32 (3, n, n), the parts' own colours
    part: np.ndarray  # uint8 (n, n), index into PART_NAMES
    line: Grid  # coverage of contours, 0 to 1
    occlusion: Grid  # shadows that parts cast on each other, 0 to 1


def layers(view: View, glint: tuple[float, float]) -> Iterator[Layer]:
    """The shapes from back to front.

    Args:
      glint: place of the reflection in the eyes, in eye sizes from the iris' centre.
    """
    content = view.content
    face = geometry.head(view)
    if not content.bald:
        yield Layer("hair_back", geometry.hair_back(view))
    place = (slice(int((content.y + 0.35 * content.scale) * len(view.x)), None), slice(None))  # from the mouth down
    below = geometry.crop(view, place)
    yield Layer("neck", geometry.neck(below), place=place)
    yield Layer("clothes", geometry.clothes(below), shadow=0.3, place=place)
    far, near = (1, -1) if content.yaw > 0 else (-1, 1)
    yield Layer("ear", geometry.ear(view, far))
    yield Layer("face", face, shadow=0.55)
    yield Layer("ear", np.maximum(geometry.ear(view, near), -face - 0.22), shadow=0.25)
    yield from _nose_layers(view)
    yield from _mouth_layers(view)
    yield from _eye_layers(view, glint)
    if not content.bald:
        yield Layer("hair", geometry.hair_front(view), shadow=0.45)
    place = _around_eyes(view, -0.65, 0.0)
    yield Layer("brow", geometry.brows(geometry.crop(view, place)), 0, place=place)
    if content.glasses != NO_GLASSES:
        place = geometry.window(view, -view.radius, EYE_LEVEL - 0.6, view.radius, EYE_LEVEL + 0.6)
        yield Layer("frames", geometry.glasses(geometry.crop(view, place)), 0, 0.2, place)


def _nose_layers(view: View) -> Iterator[Layer]:
    place = geometry.window(view, -0.35, -0.2, 0.35, 0.5)
    view = geometry.crop(view, place)
    yield Layer("nose", geometry.nose(view), 0, place=place)
    yield Layer("nostrils", geometry.nostrils(view), 0, place=place)


def _mouth_layers(view: View) -> Iterator[Layer]:
    wide = view.content.mouth_width + 0.06
    place = geometry.window(view, -wide, MOUTH_LEVEL - 0.28, wide, MOUTH_LEVEL + 0.4)
    view = geometry.crop(view, place)
    mouth = geometry.mouth(view)
    yield Layer("lips", mouth.lips, 0.6, place=place)
    yield Layer("mouth", mouth.inside, 0, place=place)
    if view.content.mouth_open:
        yield Layer("teeth", mouth.teeth, 0, place=place)


def _eye_layers(view: View, glint: tuple[float, float]) -> Iterator[Layer]:
    place, size = _around_eyes(view, -0.35, 0.3), view.content.eye_size
    view = geometry.crop(view, place)
    eyes, gaze = geometry.eyes(view), geometry.gaze(view)
    yield Layer("eye", eyes, 0.6, place=place)
    yield Layer("iris", np.maximum((gaze - 0.66) * size, eyes), 0, place=place)
    yield Layer("pupil", np.maximum((gaze - 0.36) * size, eyes), 0, place=place)
    yield Layer("glint", np.maximum((geometry.gaze(view, glint) - 0.19) * size, eyes), 0, place=place)
    yield Layer("lid", geometry.lids(view, eyes), 0, place=place)


def _around_eyes(view: View, above: float, below: float) -> Window:
    reach = view.content.eye_spacing + 0.3
    return geometry.window(view, -reach, EYE_LEVEL + above, reach, EYE_LEVEL + below)


def paint(view: View, palette: dict[str, np.ndarray], glint: tuple[float, float], stroke: float) -> Painting:
    """Paints the parts over each other, with smooth edges.

    Args:
      palette: RGB in [0, 1] by part.
      stroke: width of contours in fractions of the picture; 0: none.
    """
    shape = view.x.shape
    colors = np.empty((3, *shape), np.float32)
    colors[:] = palette["background"][:, None, None]
    part, line, occlusion = np.zeros(shape, np.uint8), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    half_stroke = 0.5 * stroke / view.content.scale
    for layer in layers(view, glint):
        cover, place = coverage(layer.distance, view.pixel), layer.place
        if layer.shadow:
            near = coverage(layer.distance - _SHADOW_REACH / 2, _SHADOW_REACH)
            np.maximum(occlusion[place], layer.shadow * near * near, out=occlusion[place])
            occlusion[place] *= 1 - cover
        under = colors[:, *place]
        under += cover * (palette[layer.part][:, None, None] - under)
        np.copyto(part[place], PART_NAMES.index(layer.part), where=cover > 0.5)
        if stroke:
            line[place] *= 1 - cover
            if layer.outline:
                contour = coverage(np.abs(layer.distance) - half_stroke * layer.outline, view.pixel)
                np.maximum(line[place], contour, out=line[place])
    return Painting(colors, part, line, occlusion)


def coverage(distance: Grid, pixel: float) -> Grid:
    """Share of a sub-pixel that lies inside, 0 to 1."""
    inside = distance * (-1 / pixel)
    inside += 0.5
    np.maximum(inside, 0, out=inside)
    return np.minimum(inside, 1, out=inside)
