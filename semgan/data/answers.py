"""The right answers to translations, which a dataset of drawings can have: for measuring alone, never to learn from."""

from typing import Protocol

from jaxtyping import UInt8
from numpy import ndarray


class Answer(Protocol):
    """Draws the picture that a translation should be: what one row shows, drawn in every respect as another row is."""

    def __call__(self, content: int, reference: int, size: int, texture: int | None = None) -> UInt8[ndarray, "{size} {size} 3"]:
        """Draws one answer.

        Args:
          content, reference: rows of the dataset's cache.
          size: the side of the picture in pixels.
          texture: a seed for what an artist would draw anew each time (the grain, the placing of tiles), at least 0; None: the reference's.
        """
        ...
