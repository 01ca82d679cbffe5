"""The centred square of a picture, for networks that work at one size alone."""

import numpy as np

from semgan.data.decode import fit, square_crop

_FEATHER = 1 / 12  # of the square's side


def put_back(picture: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The picture with its centred square replaced by the translated one, at the picture's own size.

    Where the square ends inside the picture it fades into it over a twelfth of its side.

    Args:
      picture: uint8 (height, width, 3).
      translation: uint8 (size, size, 3), of what `fit(picture, size)` gives.
    """
    height, width = picture.shape[:2]
    top, left, side = square_crop(height, width)
    square = fit(translation, side)
    if height == width:
        return square
    result = picture.copy()
    region = result[top : top + side, left : left + side]
    rows = _fade(side, top > 0, top + side < height)[:, None, None]
    columns = _fade(side, left > 0, left + side < width)[None, :, None]
    region[:] = np.rint(region + rows * columns * (square.astype(np.float32) - region)).astype(np.uint8)
    return result


def _fade(length: int, at_start: bool, at_end: bool) -> np.ndarray:
    """Weights in (0, 1], float32 (length,), that rise from the start and fall to the end, each where asked for."""
    place = np.arange(length, dtype=np.float32) + 0.5
    ramp = max(length * _FEATHER, 1)
    weights = np.ones(length, np.float32)
    if at_start:
        weights = np.minimum(weights, place / ramp)
    if at_end:
        weights = np.minimum(weights, (length - place) / ramp)
    return weights
