"""Distances between many feature vectors, a block at a time so that memory stays low (numpy)."""

import numpy as np

_BLOCK = 256


def nearest(features: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each row of `features` (n, f) to the nearest row of `others` (m, f), float64 (n,), and which row that is, (n,).

    Which one is nearest is found by inner products in float32; its distance is then taken exactly, so a row's own copy is at 0.
    """
    squares = np.sum(others**2, axis=1)
    distances, rows = [], []
    for start in range(0, len(features), _BLOCK):
        block = features[start : start + _BLOCK]
        nearest_rows = np.argmin(squares - 2 * block @ others.T, axis=1)
        distances.append(np.linalg.norm(block.astype(np.float64) - others[nearest_rows], axis=1))
        rows.append(nearest_rows)
    return np.concatenate(distances), np.concatenate(rows)


def mean_distance(features: np.ndarray) -> float:
    """Mean distance of two different rows of (n, f), n at least 2."""
    rows = features.astype(np.float64)
    squares = np.sum(rows**2, axis=1)
    total = 0.0
    for start in range(0, len(rows), _BLOCK):
        stop = start + _BLOCK
        squared = squares[start:stop, None] + squares - 2 * rows[start:stop] @ rows.T
        total += float(np.sqrt(np.maximum(squared, 0)).sum())
    return total / (len(rows) * (len(rows) - 1))


def nearest_of_group(features: np.ndarray, group: np.ndarray, others: np.ndarray, other_group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds what `nearest` does, among those rows of `others` alone that are of the same group.

    Args:
      group, other_group: a number for each row of `features` and of `others`, which have rows of the same groups.
    """
    distances, rows = np.zeros(len(features)), np.zeros(len(features), np.int64)
    for each in np.unique(group):
        own, candidates = np.flatnonzero(group == each), np.flatnonzero(other_group == each)
        distances[own], places = nearest(features[own], others[candidates])
        rows[own] = candidates[places]
    return distances, rows
