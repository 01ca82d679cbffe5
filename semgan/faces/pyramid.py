"""Pictures at the sizes that the networks look at: the levels of a pyramid, and squares around boxes."""

import numpy as np
from jaxtyping import Float, UInt8

Picture = UInt8[np.ndarray, "height width 3"]


def scales(height: int, width: int, smallest: float, window: int, factor: float) -> list[float]:
    """The scales of a pyramid, largest first: from that at which the smallest face fills the window to the last that holds a window."""
    result, scale = [], window / smallest
    while min(height, width) * scale >= window:
        result.append(scale)
        scale *= factor
    return result


def shrink_by_whole(picture: Picture, factor: int) -> np.ndarray:
    """The means of blocks of `factor` x `factor` pixels, float32; rows and columns that fill no block are left out."""
    height, width = (side // factor for side in picture.shape[:2])
    rows = picture[: height * factor].reshape(height, factor, -1).sum(1, dtype=np.uint32)
    blocks = rows[:, : width * factor * 3].reshape(height, width, factor, 3).sum(2, dtype=np.uint32)
    return blocks.astype(np.float32) / np.float32(factor**2)


def resize_by_area(image: Float[np.ndarray, "height width 3"], height: int, width: int) -> np.ndarray:
    """Each new pixel is the mean of the area that it covers, with parts of pixels counted as such: float32 (height, width, 3)."""
    return _mean_along(_mean_along(image, 0, height), 1, width)


def _mean_along(image: np.ndarray, axis: int, count: int) -> np.ndarray:
    """Means of `count` equal parts of an axis."""
    image = np.moveaxis(image, axis, 0)
    length = len(image)
    edges = np.arange(count + 1) * (length / count)
    first = np.minimum(edges[:-1].astype(int), length - 1)
    last = np.minimum(np.maximum(np.ceil(edges[1:]).astype(int) - 1, first), length - 1)
    span = int(np.max(last - first)) + 1
    total = np.zeros((count, *image.shape[1:]), np.float32)
    for step in range(span):
        place = np.minimum(first + step, length - 1)
        share = np.clip(np.minimum(place + 1, edges[1:]) - np.maximum(place, edges[:-1]), 0, None) * (first + step <= last)
        total += image[place] * (share * (count / length)).astype(np.float32).reshape(-1, *[1] * (image.ndim - 1))
    return np.moveaxis(total, 0, axis)


def cut_squares(picture: Picture, boxes: Float[np.ndarray, "count 4"], size: int) -> np.ndarray:
    """Samples `size` x `size` points of every box, its corners among them, bilinearly: float32 (count, size, size, 3), 0 to 255.

    As TensorFlow's `crop_and_resize` with boxes in fractions of the picture: a point outside the picture is 127.5.
    """
    height, width = picture.shape[:2]
    rows = _places(boxes[:, 1], boxes[:, 3], height, size)
    columns = _places(boxes[:, 0], boxes[:, 2], width, size)
    inside = ((rows >= 0) & (rows <= height - 1))[:, :, None] & ((columns >= 0) & (columns <= width - 1))[:, None, :]
    (top, bottom, down), (left, right, across) = _neighbours(rows, height), _neighbours(columns, width)
    down, across = down[:, :, None, None], across[:, None, :, None]

    def at(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return picture[row[:, :, None], column[:, None, :]].astype(np.float32)

    upper = at(top, left) + (at(top, right) - at(top, left)) * across
    lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across
    return np.where(inside[..., None], upper + (lower - upper) * down, np.float32(127.5))


def _places(start: np.ndarray, end: np.ndarray, length: int, size: int) -> np.ndarray:
    """Evenly spaced places from start to end, (count, size), where `length` stands for the last pixel."""
    share = np.linspace(0, 1, size)
    return (start[:, None] + (end - start)[:, None] * share) * ((length - 1) / length)


def _neighbours(places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and after each place, and how far it is on the way, float32."""
    before = np.floor(places)
    first = np.clip(before, 0, length - 1).astype(int)
    return first, np.clip(first + 1, 0, length - 1), (places - before).astype(np.float32)
