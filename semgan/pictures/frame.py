"""How a picture of any shape is laid before a network: its size there, and the mirrored edges that fill it up."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from semgan.errors import UserError

MODEL, NATIVE = "model", "native"
_STEPS = 8  # shapes of pictures are rounded up to so many steps of their short side, so that programs serve many pictures


class Frame(NamedTuple):
    """A picture's size and its size before a network.

    Attributes:
      height, width: the picture's, in pixels.
      inner_height, inner_width: those of the resized picture.
      top, left: mirrored rows above and columns to the left of it.
      full_height, full_width: with all mirrored edges: multiples of the network's stride.
    """

    height: int
    width: int
    inner_height: int
    inner_width: int
    top: int
    left: int
    full_height: int
    full_width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width before the network."""
        return self.full_height, self.full_width


def short_side(height: int, width: int, size: int | str, model_size: int) -> int:
    """The length in pixels of a picture's short side before the network; UserError unless `size` is "model", "native" or that length."""
    if size == MODEL:
        return model_size
    if size == NATIVE:
        return min(height, width)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise UserError(f"size is {size!r}: give 'model', 'native' or the number of pixels that the short side is translated at (--size)")
    return int(size)


def frame_of(height: int, width: int, short: int, stride: int) -> Frame:
    """Lays a picture out at a short side of `short` pixels; a square one is filled up to the next multiple of `stride` alone."""
    scale = short / min(height, width)
    inner = [short if length == min(height, width) else max(round(length * scale), short) for length in (height, width)]
    step = max(short // _STEPS // stride, 1) * stride
    full = [-(-length // unit) * unit for length in inner for unit in [stride if length == short else step]]
    return Frame(height, width, *inner, *((outer - own) // 2 for outer, own in zip(full, inner, strict=True)), *full)


def lay(picture: np.ndarray, frame: Frame) -> np.ndarray:
    """The picture before the network, uint8 (full height, full width, 3)."""
    inner = resize(picture, frame.inner_height, frame.inner_width)
    missing = (frame.full_height - frame.inner_height, frame.full_width - frame.inner_width)
    if not any(missing):
        return inner
    edges = [(start, total - start) for start, total in zip((frame.top, frame.left), missing, strict=True)]
    return np.pad(inner, [*edges, (0, 0)], mode="reflect" if min(inner.shape[:2]) > 1 else "edge")


def restore(image: np.ndarray, frame: Frame) -> np.ndarray:
    """What the network made of it, without the mirrored edges, at the picture's own size."""
    inner = image[frame.top : frame.top + frame.inner_height, frame.left : frame.left + frame.inner_width]
    return resize(inner, frame.height, frame.width)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Lanczos, antialiased: uint8 (height, width, 3)."""
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((width, height), Image.Resampling.LANCZOS))
