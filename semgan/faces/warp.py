"""Moves pixels by a similarity, antialiased where it shrinks."""

import math

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from semgan.faces.geometry import Similarity

_MARGIN = 4  # source pixels that the filters may reach beyond what they show, at a scale of 1


def warp(picture: np.ndarray, transform: Similarity, height: int, width: int) -> np.ndarray:
    """The picture as the transform moves it, (height, width, channels), of the picture's type (uint8 or float32).

    What is beyond the picture's border continues its outermost pixels. Shrinking filters by Lanczos before it samples bicubically; the
    result of an identity is the picture itself.

    Args:
      picture: uint8 or float32 (height, width, channels).
      transform: from places in the picture to places in the result.
    """
    back = transform.inverse()
    corners = back(np.array([[0, 0], [width, 0], [0, height], [width, height]], float))
    step = max(back.scale, 1.0)  # picture pixels per pixel of the result
    low = np.floor(corners.min(0) - _MARGIN * step).astype(int)
    high = np.ceil(corners.max(0) + _MARGIN * step).astype(int)
    part = _cut(picture, low, high)
    sides = [max(math.ceil(length / step), 1) for length in part.shape[1::-1]]  # width, height
    ratio = np.array(part.shape[1::-1]) / sides
    linear = back.linear / ratio[:, None]
    shift = (back.shift - low) / ratio
    coefficients = (*linear[0], shift[0], *linear[1], shift[1])
    planes = [_plane(part[..., channel], sides, coefficients, (width, height)) for channel in range(part.shape[2])]
    result = np.stack(planes, -1)
    return to_uint8(result) if picture.dtype == np.uint8 else result


def _plane(channel: np.ndarray, sides: list[int], coefficients: tuple[float, ...], size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(channel))
    if image.size != tuple(sides):
        image = image.resize(sides, Image.Resampling.LANCZOS)  # pyright: ignore[reportArgumentType]
    image = image.convert("F")  # of 8 bits Pillow rounds down, which darkens
    return np.asarray(image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC))


def _cut(picture: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Pixels from `low` to `high` (x, y), which may lie beyond the border: the outermost go on."""
    columns, rows = (
        np.clip(np.arange(start, stop), 0, length - 1)
        for start, stop, length in zip(low.tolist(), high.tolist(), picture.shape[1::-1], strict=True)
    )
    return picture[rows[:, None], columns[None, :]]


def to_uint8(values: np.ndarray) -> UInt8[np.ndarray, "..."]:
    """Rounds 0 to 255."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
