"""The normalised mean error of landmarks."""

import numpy as np
from jaxtyping import Float

MOST_WITH_EYES_FIRST = 5
"""Up to so many points the first two are taken as the eyes: so they are in the five points of CelebA, MTCNN and ArcFace."""

Points = Float[np.ndarray, "face point 2"]


def normaliser(points: int) -> str:
    """Returns what errors of so many points are divided by, in words."""
    return "distance of the first two points" if points <= MOST_WITH_EYES_FIRST else "diagonal of the box around the content's points"


def normalised_mean_errors(content: Points, translated: Points) -> Float[np.ndarray, " face"]:
    """Returns each pair's mean distance of the same points, divided by the content's `normaliser`; infinite where that is 0.

    Raises:
      ValueError: the two have different shapes, or fewer than two points.
    """
    if content.shape != translated.shape or content.shape[1] < 2:
        raise ValueError(f"expected two or more points of the same faces, not {content.shape} and {translated.shape}")
    if content.shape[1] <= MOST_WITH_EYES_FIRST:
        size = np.linalg.norm(content[:, 0] - content[:, 1], axis=-1)
    else:
        size = np.linalg.norm(content.max(1) - content.min(1), axis=-1)
    errors = np.linalg.norm(content - translated, axis=-1).mean(1)
    return np.divide(errors, size, out=np.full(len(errors), np.inf), where=size > 0)
