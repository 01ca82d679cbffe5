"""A sheet that pictures and their labels are put on (numpy and Pillow)."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 2
MARGIN = 16
LABEL = 22
"""Height of a line of text."""
_LEAST_CELL = 96
"""Pixels; smaller pictures are enlarged by a whole number, so that a person sees them."""
_BACKGROUND = (238, 238, 236)
_INK = (70, 70, 68)


class Sheet:
    """A canvas for pictures of one size, each enlarged to a cell; a caption goes on top of everything else.

    Args:
      width, height: of what is put on it, in pixels, margins included.
      size: of the pictures.
    """

    def __init__(self, width: int, height: int, size: int, caption: str = ""):
        self._scale, self._shift = scale_of(size), LABEL if caption else 0
        self.image = Image.new("RGB", (width, height + self._shift), _BACKGROUND)
        self._draw, self._font = ImageDraw.Draw(self.image), ImageFont.load_default(13)
        if caption:
            self.write(MARGIN, MARGIN - self._shift, caption, width - 2 * MARGIN)

    def paste(self, left: int, top: int, picture: np.ndarray) -> None:
        """Puts uint8 (size, size, 3) there, enlarged."""
        enlarged = picture.repeat(self._scale, 0).repeat(self._scale, 1)
        self.image.paste(Image.fromarray(enlarged), (left, top + self._shift))

    def write(self, left: int, top: int, text: str, width: int = 0) -> None:
        """Writes a line there, cut to `width` where one is given."""
        while width and len(text) > 1 and self._draw.textlength(text, font=self._font) > width:
            text = text[:-2] + "…"
        self._draw.text((left, top + self._shift), text, fill=_INK, font=self._font)


def scale_of(size: int) -> int:
    """The factor that a picture of this size is enlarged by."""
    return -(-_LEAST_CELL // size)


def pitch_of(size: int) -> int:
    """The distance from one picture of this size to the next, in pixels."""
    return size * scale_of(size) + GAP
