"""Answers of drawn faces: any face in any other's style."""

from typing import NamedTuple

from jaxtyping import UInt8
from numpy import ndarray

from semgan.data.drawn_faces.factors import MEDIA, ContentFactors, StyleFactors, draw_factors
from semgan.data.drawn_faces.render import render_face


class FaceAnswer(NamedTuple):
    """Draws the face of one row in the style of another; see `semgan.data.answers.Answer`. Picklable.

    Attributes:
      split: of the rows.
      paired: whether every face has a row in each medium, as in `source.PairedFace`.
    """

    split: str
    paired: bool = False

    def __call__(self, content: int, reference: int, size: int, texture: int | None = None) -> UInt8[ndarray, "{size} {size} 3"]:
        """Draws one answer; of shaded and ink drawings nothing depends on the texture."""
        style = self._factors(reference)[1]
        if texture is not None:
            style = style._replace(texture=texture)
        return render_face(self._factors(content)[0], style, size).image

    def _factors(self, row: int) -> tuple[ContentFactors, StyleFactors]:
        if not self.paired:
            return draw_factors(0, self.split, row)
        index, medium = divmod(row, len(MEDIA))
        content, style = draw_factors(0, self.split, index)
        return content, style._replace(medium=medium)
