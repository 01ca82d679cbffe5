"""Where a face lies: CelebA's geometry, and the similarity between a picture's landmarks and a target's.

Places are (x, y) from the top left corner of a picture, whose pixels are one unit wide; the centre of the first is (0.5, 0.5). Landmarks
are five: the eye at the image's left, the other, nose, left and right corner of the mouth.

As CelebA's own alignment does, three places decide: the eyes and the middle of the mouth. The nose moves too much when a head turns.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.errors import UserError

Landmarks = Float[np.ndarray, "5 2"]
Anchors = Float[np.ndarray, "3 2"]

CELEBA_SIZE = (218, 178)
"""(height, width) of CelebA's aligned pictures, in pixels."""
_CELEBA = np.array([[70.745, 112.0], [108.237, 112.0], [89.432, 153.514]])
"""Places of the eyes and of the mouth's middle in CelebA's aligned pictures of 178 x 218 pixels, whose first pixel's centre is (1, 1):
`pos_align` in `align_face_celeba.m`, the script of CelebA's authors (Liu et al. 2015, arXiv 1411.7766)."""


class Target(NamedTuple):
    """The geometry of an aligned picture.

    Attributes:
      anchors: places of the eyes and of the mouth's middle, in pixels.
      height, width: of the picture, in pixels.
    """

    anchors: Anchors
    height: int
    width: int


class Similarity(NamedTuple):
    """Rotation, uniform scale and shift: `place @ linear.T + shift`.

    Attributes:
      linear: the scale times the rotation; never a reflection.
    """

    linear: Float[np.ndarray, "2 2"]
    shift: Float[np.ndarray, "2"]

    @property
    def scale(self) -> float:
        """How much longer a line becomes."""
        return float(np.hypot(*self.linear[0]))

    @property
    def angle(self) -> float:
        """The turn from the x axis to the y axis, clockwise as pictures are seen, in degrees."""
        return float(np.degrees(np.arctan2(self.linear[1, 0], self.linear[0, 0])))

    def __call__(self, places: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 2"]:
        """Maps places."""
        return places @ self.linear.T + self.shift

    def inverse(self) -> "Similarity":
        """The similarity that leads back."""
        linear = np.linalg.inv(self.linear)
        return Similarity(linear, -linear @ self.shift)


def anchors_of(landmarks: Landmarks) -> Anchors:
    """The eyes and the mouth's middle."""
    return np.stack([landmarks[0], landmarks[1], landmarks[3:5].mean(0)])


def celeba_target() -> Target:
    """CelebA's aligned picture, 178 x 218 pixels."""
    return Target(_CELEBA - 0.5, *CELEBA_SIZE)


def celeba_square(size: int) -> Target:
    """The centred square of CelebA's aligned picture, which training sees, at `size` pixels."""
    height, width = CELEBA_SIZE
    return Target((_CELEBA - 0.5 - [0, (height - width) / 2]) * (size / width), size, size)


def square_of(landmarks: Landmarks, size: int) -> Target:
    """The square in which landmarks, in fractions of it, lie there: a model's `alignment`, at `size` pixels."""
    return Target(anchors_of(np.asarray(landmarks, float)) * size, size, size)


def similarity(source: Float[np.ndarray, "count 2"], target: Float[np.ndarray, "count 2"]) -> Similarity:
    """The similarity with the least sum of squared distances between the mapped source and the target.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", IEEE PAMI 13(4), equations 40 to 42.

    Raises:
      UserError: all places of the source are one.
    """
    source_mean, target_mean = source.mean(0), target.mean(0)
    centred, wanted = source - source_mean, target - target_mean
    variance = (centred**2).sum()
    if variance <= 0:
        raise UserError("the landmarks of a face all lie in one place: give five different ones")
    u, singular, vt = np.linalg.svd(wanted.T @ centred)
    signs = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    linear = (u * signs) @ vt * ((singular * signs).sum() / variance)
    return Similarity(linear, target_mean - linear @ source_mean)


def align_to(landmarks: Landmarks, target: Target) -> Similarity:
    """The similarity from a picture to the target's aligned picture."""
    return similarity(anchors_of(np.asarray(landmarks, float)), target.anchors)


def turn_of(landmarks: Landmarks) -> float:
    """How far a head is turned to a side: the nose's distance from the line between the middles of eyes and mouth, over that of the eyes.

    It is 0 from the front, about 0.3 at 30 degrees and beyond 1 in profile, where the eyes come together.
    """
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:5].mean(0)
    line, nose = mouth - eyes, landmarks[2] - eyes
    distance = abs(line[0] * nose[1] - line[1] * nose[0]) / max(float(np.hypot(*line)), 1e-9)
    return float(distance / max(float(np.hypot(*(landmarks[1] - landmarks[0]))), 1e-9))
