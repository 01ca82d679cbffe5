"""Which faces are good enough to train on: large, sharp and turned to the camera."""

from typing import NamedTuple

import numpy as np

from semgan.faces.detect import Face
from semgan.faces.geometry import align_to, celeba_square, turn_of
from semgan.faces.pyramid import Picture
from semgan.faces.warp import warp

SIZE = 128
"""Side of the square at which sharpness is measured, in pixels: the measure depends on it."""
LEAST_SHARPNESS = 20.0
"""Least `sharpness` by default; for its size see docs/photographs.md."""
MOST_TURN = 0.35
"""Largest `turn_of` by default: about 35 degrees."""
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_CENTRE = slice(SIZE // 4, 3 * SIZE // 4)


class Limits(NamedTuple):
    """What a face needs to be written.

    Attributes:
      smallest: least side of the square in the picture, in the picture's pixels.
      sharpness: least `sharpness`.
      turn: largest `turn_of`.
    """

    smallest: float
    sharpness: float = LEAST_SHARPNESS
    turn: float = MOST_TURN


def sharpness(picture: Picture, face: Face) -> float:
    """The variance of the Laplacian of the face's brightness (0 to 255), in the middle of its aligned square of `SIZE` pixels.

    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy: a comparative study", ICPR.
    """
    square = warp(picture, align_to(face.landmarks, celeba_square(SIZE)), SIZE, SIZE)[_CENTRE, _CENTRE] @ _LUMA
    around = square[:-2, 1:-1] + square[2:, 1:-1] + square[1:-1, :-2] + square[1:-1, 2:]
    return float(np.var(around - 4 * square[1:-1, 1:-1]))


def fault(picture: Picture, face: Face, limits: Limits) -> str:
    """Why a face is not written: its kind, a colon and the value; empty for a good one."""
    side = 1 / align_to(face.landmarks, celeba_square(1)).scale
    if side < limits.smallest:
        return f"small: its square is {side:.0f} pixels, less than {limits.smallest:g}"
    if (turn := turn_of(face.landmarks)) > limits.turn:
        return f"turned away: {turn:.2f}, more than {limits.turn:g}"
    if (sharp := sharpness(picture, face)) < limits.sharpness:
        return f"blurred: sharpness {sharp:.1f}, less than {limits.sharpness:g}"
    return ""
