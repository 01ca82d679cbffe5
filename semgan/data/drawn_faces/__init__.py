"""The embedded dataset: faces that are drawn, with content and style known exactly.

`draw(index, size)` draws one; `drawn_faces_source` prepares a split as a tfds dataset and reads it for training.
"""

from semgan.data.drawn_faces.factors import (
    ATTRIBUTE_NAMES,
    CONTENT_ATTRIBUTES,
    MEDIA,
    STYLE_ATTRIBUTES,
    ContentFactors,
    StyleFactors,
    draw_factors,
)
from semgan.data.drawn_faces.parts import MASK_CLASSES
from semgan.data.drawn_faces.render import Face, draw, render_face
from semgan.data.drawn_faces.source import build_drawn_faces, drawn_faces_source, paired_faces_source

__all__ = [
    "ATTRIBUTE_NAMES",
    "CONTENT_ATTRIBUTES",
    "MASK_CLASSES",
    "MEDIA",
    "STYLE_ATTRIBUTES",
    "ContentFactors",
    "Face",
    "StyleFactors",
    "build_drawn_faces",
    "draw",
    "draw_factors",
    "drawn_faces_source",
    "paired_faces_source",
    "render_face",
]
