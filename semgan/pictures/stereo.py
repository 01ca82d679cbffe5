"""Stereo pairs in one picture: the left eye above or to the left of the right eye.

Both eyes of a panorama are cut at the same `canonical_angles`, those of their mean, so that what both see is translated alike.
"""

from collections.abc import Sequence

import numpy as np

from semgan.errors import UserError

LAYOUTS = ("top-bottom", "side-by-side")
"""How the two eyes lie in a picture: left eye at the top, or on the left."""
_AXES = {"top-bottom": 0, "side-by-side": 1}


def split(picture: np.ndarray, layout: str, *, panorama: bool = False, name: str = "picture") -> tuple[np.ndarray, np.ndarray]:
    """Splits a pair into the left and the right eye: views of the picture.

    Args:
      picture: uint8 (height, width, 3).
      layout: one of `LAYOUTS`.
      panorama: whether each eye has to be an equirectangular panorama.
      name: what errors call the picture.

    Raises:
      UserError: an unknown layout, a length that is odd where the picture is split, or an eye that is not twice as wide as high.
    """
    if layout not in LAYOUTS:
        raise UserError(f"{layout} is not a valid layout of a stereo pair: use {' or '.join(LAYOUTS)}")
    axis = _AXES[layout]
    height, width = picture.shape[:2]
    if picture.shape[axis] % 2:
        side = ("high", "wide")[axis]
        raise UserError(
            f"the {name} is {picture.shape[axis]} pixels {side}, which two eyes {layout} cannot share: give one with an even number"
        )
    left, right = np.split(picture, 2, axis)
    if panorama and left.shape[1] != 2 * left.shape[0]:
        whole = "as wide as high" if axis == 0 else "four times as wide as high"
        raise UserError(
            f"the {name} has {width} x {height} pixels, but two panoramas {layout}, each twice as wide as high, are {whole} together: "
            "resize it to that shape, or give the layout that it has"
        )
    return left, right


def join(eyes: Sequence[np.ndarray], layout: str) -> np.ndarray:
    """Puts the left and the right eye together: the inverse of `split`."""
    return np.concatenate(list(eyes), _AXES[layout])
