"""Draws a face: the picture and its exact annotations."""

import math
from typing import NamedTuple

import numpy as np

from semgan.data.drawn_faces import geometry, media, palettes
from semgan.data.drawn_faces.factors import ContentFactors, StyleFactors, attributes, draw_factors
from semgan.data.drawn_faces.parts import MASK_CLASSES, PART_CLASS, paint

_SAMPLES = 2  # sub-pixels along a pixel's side


class Face(NamedTuple):
    """A drawn face."""

    image: np.ndarray  # uint8 (size, size, 3)
    landmarks: np.ndarray  # float32 (5, 2): (x, y) in fractions; left eye, right eye, nose, left and right corner of the mouth
    attributes: np.ndarray  # int8 (attributes,) in {0, 1}
    mask: np.ndarray  # uint8 (size, size), index into MASK_CLASSES
    medium: int  # index into MEDIA
    content: ContentFactors
    style: StyleFactors


def draw(index: int, size: int, *, split: str = "train", seed: int = 0) -> Face:
    """The face at `index`, the same at any size; `size` is the picture's side in pixels."""
    return render_face(*draw_factors(seed, split, index), size)


def render_face(content: ContentFactors, style: StyleFactors, size: int) -> Face:
    """Draws any content in any style: two faces of one content differ in nothing but their style."""
    view = geometry.view(content, size * _SAMPLES)
    light = _light(style)
    glint = (0.25 * light[0], 0.3 * light[1])
    painting = paint(view, palettes.palette(style), glint, media.stroke_width(style))
    lambert, gloss = _lit(geometry.view(content, size), light)
    picture = media.render(media.Scene(view, style, painting, lambert, gloss))
    pixels = np.add.reduce(_samples(picture)) / _SAMPLES**2
    image = np.rint(np.clip(np.moveaxis(pixels, 0, -1), 0, 1) * 255).astype(np.uint8)
    return Face(image, geometry.landmarks(content), attributes(content, style), _mask(painting.part, size), style.medium, content, style)


def _light(style: StyleFactors) -> tuple[float, float, float]:
    """Unit vector to the light: picture's right, down, towards the viewer."""
    flat = 0.72
    return flat * math.cos(style.light_angle), -flat * math.sin(style.light_angle), math.sqrt(1 - flat**2)


def _lit(view: geometry.View, light: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Lambert's law and a soft mirror reflection, 0 to 1, for sub-pixels; they are smooth, so one value per pixel is enough."""
    down, across = np.gradient(geometry.height(view), view.pixel)
    norm = 1 / np.sqrt(1 + across**2 + down**2)
    facing = (light[2] - light[0] * across - light[1] * down) * norm
    lambert = np.clip(0.15 + 0.9 * facing, 0, 1)
    mirrored = np.clip(2 * facing * norm - light[2], 0, 1) ** 2
    return _repeat(lambert), _repeat(mirrored * mirrored * mirrored)


def _repeat(values: np.ndarray) -> np.ndarray:
    return values.repeat(_SAMPLES, 0).repeat(_SAMPLES, 1)


def _samples(grid: np.ndarray) -> list[np.ndarray]:
    """The first, second, ... sub-pixel of every pixel, along the last two axes."""
    return [grid[..., row::_SAMPLES, column::_SAMPLES] for row in range(_SAMPLES) for column in range(_SAMPLES)]


def _mask(part: np.ndarray, size: int) -> np.ndarray:
    """The class of most of a pixel's sub-pixels; of equals the later class, which is the smaller on a face."""
    bits = 4  # counts of all classes side by side in one integer
    counts = np.add.reduce(_samples((np.uint32(1) << (bits * PART_CLASS.astype(np.uint32)))[part]))
    mask, most = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint32)
    for index in range(len(MASK_CLASSES)):
        count = (counts >> np.uint32(bits * index)) & np.uint32(2**bits - 1)
        mask[count >= np.maximum(most, 1)] = index
        np.maximum(most, count, out=most)
    return mask
