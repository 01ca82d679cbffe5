"""An equirectangular panorama as a picture of the sphere: rows beyond a pole, columns around, and resizing that knows both.

Row r of H is at latitude `90 - 180 * (r + 1/2) / H` degrees, column c of 2H at longitude `360 * (c + 1/2) / 2H` degrees, eastward to
the right. A row beyond a pole goes on down the other side, half a turn away.
"""

import numpy as np
from PIL import Image

from semgan.errors import UserError

MIN_HEIGHT = 16
"""Rows of the smallest panorama that is taken."""
_BLOCK_PIXELS = 1 << 22  # of the source, resized at a time: 12 MiB
_LANCZOS_REACH = 3  # pixels of the coarser picture


def check_panorama(panorama: np.ndarray, name: str = "panorama") -> None:
    """Raises a UserError unless the picture, uint8 (height, width, 3), is exactly twice as wide as high."""
    height, width = panorama.shape[:2]
    if width != 2 * height:
        raise UserError(
            f"the {name} has {width} x {height} pixels, but an equirectangular panorama is exactly twice as wide as high: "
            "resize it to that shape, or translate it as a flat picture"
        )
    if height < MIN_HEIGHT:
        raise UserError(f"the {name} has {width} x {height} pixels: give a panorama of at least {2 * MIN_HEIGHT} x {MIN_HEIGHT}")


def latitudes(height: int, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Latitudes in degrees of the middles of rows `start` to `stop` (all by default): float64 (rows,), from north to south."""
    return 90 - 180 * (np.arange(start, height if stop is None else stop) + 0.5) / height


def take_rows(panorama: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Rows `start` to `stop`, each up to a height beyond a pole: uint8 (stop - start, width, 3), a view where none is beyond."""
    height = len(panorama)
    middle = panorama[max(start, 0) : min(stop, height)]
    if start >= 0 and stop <= height:
        return middle
    half_turn = panorama.shape[1] // 2
    above = np.roll(panorama[: max(-start, 0)][::-1], half_turn, 1)
    below = np.roll(panorama[height - max(stop - height, 0) :][::-1], half_turn, 1)
    return np.concatenate([above, middle, below])


def resize(panorama: np.ndarray, height: int) -> np.ndarray:
    """Resizes a panorama by Lanczos's filter, antialiased, around the sphere; the same array where the height is its own.

    Args:
      panorama: uint8 (H, 2H, 3).
      height: rows of the result.

    Returns:
      uint8 (height, 2 * height, 3).
    """
    source_height, source_width = panorama.shape[:2]
    if height == source_height:
        return panorama
    scale = source_height / height
    reach = int(_LANCZOS_REACH * max(scale, 1)) + 2
    result = np.empty((height, 2 * height, 3), np.uint8)
    step = max(int(_BLOCK_PIXELS / source_width / scale), 1)
    for start in range(0, height, step):
        stop = min(start + step, height)
        first = int(start * scale) - reach
        rows = take_rows(panorama, first, int(stop * scale) + reach + 1)
        rows = np.concatenate([rows[:, -reach:], rows, rows[:, :reach]], 1)
        box = (reach, start * scale - first, reach + source_width, stop * scale - first)
        size = (2 * height, stop - start)
        result[start:stop] = np.asarray(Image.fromarray(rows).resize(size, Image.Resampling.LANCZOS, box))
    return result
