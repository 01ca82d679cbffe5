"""The factors of a drawn face: content and style, independent of each other and known exactly.

Content and style come from two random streams of the same (seed, split, index). All values are made from uniform doubles, so
that they do not depend on how a numpy version draws from other distributions.
"""

import math
from typing import NamedTuple

import numpy as np

MEDIA = ("shaded", "ink", "poster", "mosaic")
"""The style domains: soft shading, ink on paper, flat poster colours, tesserae."""
HAIR_COLORS = ("Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair", "Red_Hair")
CONTENT_ATTRIBUTES = ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Narrow_Eyes", "Bangs", "Arched_Eyebrows", "Bald")
STYLE_ATTRIBUTES = HAIR_COLORS[:4]
"""CelebA's hair colours; hair that is none of them is red. They belong to the palette: content says nothing of them."""
ATTRIBUTE_NAMES = CONTENT_ATTRIBUTES + STYLE_ATTRIBUTES
SPLITS = ("train", "test")

SHORT, BOB, LONG = range(3)
PARTED, STRAIGHT, SWEPT = range(3)
NO_GLASSES, ROUND, SQUARE = range(3)
_CONTENT, _STYLE = range(2)  # random streams


class ContentFactors(NamedTuple):
    """The factors of what a face shows. Lengths are in face units: half of the head's height; locations in fractions of the picture."""

    yaw: float  # radians, positive towards the picture's right
    pitch: float  # face units that the middle of the face is lifted by
    roll: float  # radians, clockwise
    x: float  # centre of the head
    y: float
    scale: float  # fraction of the picture per face unit
    face_width: float
    jaw_width: float  # share of the face's width
    chin: float  # exponent of the jaw's superellipse: 2 is round, more is square
    hair_length: int  # SHORT, BOB or LONG
    hair_volume: float
    fringe: int  # PARTED, STRAIGHT or SWEPT
    part_side: float  # -1 or 1
    curly: int
    bald: int
    eye_spacing: float
    eye_size: float
    eye_open: float  # height over width
    gaze_x: float  # -1 to 1
    gaze_y: float
    brow_height: float
    brow_tilt: float
    brow_arch: float
    nose_size: float
    nose_length: float
    smile: float  # -1 to 1: the mouth's corners down or up
    mouth_open: float  # 0: closed
    mouth_width: float
    glasses: int  # NO_GLASSES, ROUND or SQUARE


class StyleFactors(NamedTuple):
    """The factors of how a face is drawn. Values in [0, 1) unless said otherwise."""

    medium: int  # index into MEDIA
    skin: float  # light to dark
    hair_color: int  # index into HAIR_COLORS
    background: float
    clothes: float
    accent: float  # poster colours, ink and paper, frames of glasses
    stroke_width: float
    stroke_density: float  # of hatching, halftone and tiles
    stroke_angle: float
    light_angle: float  # radians, 0 is from the picture's right, pi / 2 from above
    light_strength: float
    texture: int  # seed of the grain


def draw_factors(seed: int, split: str, index: int) -> tuple[ContentFactors, StyleFactors]:
    """The factors of one example; any index, independent of how many are used."""
    return _draw_content(_Uniform(seed, split, index, _CONTENT)), _draw_style(_Uniform(seed, split, index, _STYLE))


def attributes(content: ContentFactors, style: StyleFactors) -> np.ndarray:
    """int8 (attributes,) in {0, 1}, in the order of `ATTRIBUTE_NAMES`. A bald head has no hair colour."""
    flags = (
        content.smile > 0,
        content.mouth_open > 0,
        content.glasses != NO_GLASSES,
        content.eye_open < 0.6,
        content.fringe != PARTED and not content.bald,
        content.brow_arch > 0.09,
        content.bald,
    )
    hair = (style.hair_color == color and not content.bald for color in range(len(STYLE_ATTRIBUTES)))
    return np.array([*flags, *hair], np.int8)


class _Uniform:
    """Numbers between bounds, or picks, one after another."""

    def __init__(self, *key: int | str):
        words = [SPLITS.index(word) if isinstance(word, str) else word for word in key]
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words))).random

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self._random())

    def middle(self, low: float, high: float) -> float:
        """Rather near the middle than at the bounds."""
        return low + (high - low) * (float(self._random()) + float(self._random())) / 2

    def chance(self, probability: float) -> bool:
        return float(self._random()) < probability

    def pick(self, *weights: float) -> int:
        place, index = float(self._random()) * sum(weights), 0
        while index < len(weights) - 1 and place >= weights[index]:
            place -= weights[index]
            index += 1
        return index


def _draw_content(draw: _Uniform) -> ContentFactors:
    return ContentFactors(
        yaw=draw.between(-0.5, 0.5),
        pitch=draw.middle(-0.13, 0.13),
        roll=draw.middle(-0.22, 0.22),
        x=draw.middle(0.45, 0.55),
        y=draw.middle(0.49, 0.55),
        scale=draw.between(0.345, 0.395),
        face_width=draw.between(0.7, 0.84),
        jaw_width=draw.between(0.74, 0.96),
        chin=draw.between(2.0, 2.7),
        hair_length=draw.pick(0.45, 0.25, 0.3),
        hair_volume=draw.between(0.08, 0.2),
        fringe=draw.pick(0.45, 0.3, 0.25),
        part_side=1.0 if draw.chance(0.5) else -1.0,
        curly=int(draw.chance(0.3)),
        bald=int(draw.chance(0.08)),
        eye_spacing=draw.between(0.33, 0.4),
        eye_size=draw.between(0.19, 0.225),
        eye_open=draw.between(0.32, 0.45) if draw.chance(0.3) else draw.between(0.8, 1.05),
        gaze_x=draw.between(-1, 1),
        gaze_y=draw.middle(-1, 1),
        brow_height=draw.between(0.0, 0.1),
        brow_tilt=draw.between(-0.09, 0.09),
        brow_arch=draw.between(0.12, 0.17) if draw.chance(0.4) else draw.between(0.0, 0.04),
        nose_size=draw.between(0.8, 1.25),
        nose_length=draw.between(0.2, 0.3),
        smile=draw.between(0.55, 1.0) if draw.chance(0.5) else draw.between(-0.75, -0.1),
        mouth_open=draw.between(0.55, 1.0) if draw.chance(0.45) else 0.0,
        mouth_width=draw.between(0.31, 0.4),
        glasses=draw.pick(0.65, 0.18, 0.17),
    )


def _draw_style(draw: _Uniform) -> StyleFactors:
    return StyleFactors(
        medium=draw.pick(1, 1, 1, 1),
        skin=draw.between(0, 1),
        hair_color=draw.pick(0.28, 0.24, 0.2, 0.14, 0.14),
        background=draw.between(0, 1),
        clothes=draw.between(0, 1),
        accent=draw.between(0, 1),
        stroke_width=draw.between(0, 1),
        stroke_density=draw.between(0, 1),
        stroke_angle=draw.between(0, 1),
        light_angle=draw.between(0.1 * math.pi, 0.9 * math.pi),
        light_strength=draw.between(0.55, 1),
        texture=int(draw.between(0, 2**31)),
    )
