"""The variety of pictures: distances from one another, in features (numpy, no state)."""

import numpy as np

from semgan.evaluation.scores.neighbours import mean_distance


def diversity_share(features: np.ndarray, real_features: np.ndarray) -> float | None:
    """Measures the mean distance of two generated pictures (n, f) as a share of that of two real ones (m, f).

    None where either are fewer than two or the real ones all alike.
    """
    apart = mean_distance(real_features) if min(len(features), len(real_features)) >= 2 else 0.0
    return mean_distance(features) / apart if apart > 0 else None


def distance_influences(features: np.ndarray) -> np.ndarray:
    """Measures how much each row of (n, f) moves the mean distance of two.

    It is twice the row's own mean distance from the others less the mean of all such distances.
    """
    rows = features.astype(np.float64)
    squares = np.sum(rows**2, axis=1)
    means = np.array([_distances(row, square, rows, squares).sum() / (len(rows) - 1) for row, square in zip(rows, squares, strict=True)])
    return 2 * (means - means.mean())


def pairwise_distances(features: np.ndarray) -> np.ndarray:
    """Measures the mean distance between the members of each group, (groups,).

    Args:
      features: (groups, members, features), at least two members.
    """
    members = features.shape[1]
    distances = np.linalg.norm(features[:, :, None] - features[:, None, :], axis=-1).astype(np.float64)
    return distances.sum((1, 2)) / (members * (members - 1))


def _distances(row: np.ndarray, square: float, rows: np.ndarray, squares: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(square + squares - 2 * rows @ row, 0))
