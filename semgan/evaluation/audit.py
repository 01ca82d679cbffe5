"""The memorisation audit: does a generator hand out its training pictures again?

What is compared is how near generated pictures and held-out real ones come to their nearest training picture, in a judge's features.
Two tests, each against the held-out pictures and so whatever the features' own scale is:

- the data-copying test C_T (Meehan, Chaudhuri and Dasgupta 2020, arXiv 2004.05675, section 3.2): is the whole of the samples nearer,
  cell by cell of the feature space?
- the share of copies: are more samples than held-out pictures nearer than all but the nearest hundredth of those? This finds a few
  copies among many samples that are none.

A generator that draws ordinary pictures only (truncation does that) comes nearer to the training pictures than held-out ones do,
without copying any: audit without truncation, and look at the pairs.
"""

import math
from typing import Any

import numpy as np

_CELLS = 10
_LEAST_IN_CELL = 20  # of samples and of held-out pictures: the normal approximation of U needs as many
_ROUNDS = 20
_COPIED = 1.0  # percentile of the held-out pictures' distances
LEVEL = 0.001
"""p-values below it are called copying; a generator that does not copy is accused once in five hundred audits at most."""


def audit(
    features: np.ndarray, real_features: np.ndarray, trained: np.ndarray, distances: np.ndarray, real_distances: np.ndarray
) -> dict[str, Any]:
    """Whether samples lie nearer to the training pictures than held-out pictures do, as plain JSON-able data.

    Args:
      features, real_features, trained: of the samples (n, f), of held-out pictures (m, f) and of the training pictures (k, f).
      distances, real_distances: to the nearest training picture, (n,) and (m,).

    Returns:
      `copying` (whether a p-value is below `level`), `statistic` (C_T in standard deviations, negative where samples are nearer) and its
      one-sided `p_value`, `cells` (of how many it is the mean), `copies` (share of samples nearer than 99 % of the held-out pictures
      are) and its `copies_p_value`, `level`.
    """
    centres = cell_centres(trained, _CELLS)
    statistic, p_value, cells = copying_test(distances, real_distances, cells_of(features, centres), cells_of(real_features, centres))
    bound = np.percentile(real_distances, _COPIED)
    copied = int(np.sum(distances < bound))
    copies_p_value = more_than(copied, len(distances), int(np.sum(real_distances < bound)), len(real_distances))
    return {
        "copying": bool(min(p_value, copies_p_value) < LEVEL),
        "statistic": statistic,
        "p_value": p_value,
        "cells": cells,
        "copies": copied / len(distances),
        "copies_p_value": copies_p_value,
        "level": LEVEL,
    }


def audit_text(found: dict[str, Any]) -> str:
    """The verdict in a line."""
    verdict = "it copies training pictures" if found["copying"] else "no sign of copied training pictures"
    return (
        f"{verdict}: C_T {found['statistic']:.1f} (p {found['p_value']:.2g}), "
        f"{found['copies']:.3f} nearer than 99 % of the real (p {found['copies_p_value']:.2g})"
    )


def copying_test(distances: np.ndarray, real_distances: np.ndarray, cells: np.ndarray, real_cells: np.ndarray) -> tuple[float, float, int]:
    """C_T, its p-value, and how many cells had enough pictures; one cell of all where none has.

    C_T is the mean of the cells' z-scores of U, weighted by their shares of the samples. Under the null hypothesis these are independent
    and standard normal, so that C_T divided by the root of its squared weights' sum, which is returned, is so too.
    """
    scores, weights = [], []
    for cell in np.union1d(cells, real_cells):
        inside, real_inside = distances[cells == cell], real_distances[real_cells == cell]
        if min(len(inside), len(real_inside)) >= _LEAST_IN_CELL:
            scores.append(mann_whitney(inside, real_inside))
            weights.append(len(inside))
    if not scores:
        scores, weights = [mann_whitney(distances, real_distances)], [1]
    statistic = float(np.dot(weights, scores) / np.linalg.norm(weights))
    return statistic, 0.5 * math.erfc(-statistic / math.sqrt(2)), len(scores)


def mann_whitney(values: np.ndarray, others: np.ndarray) -> float:
    """z-score of U, the number of pairs in which a value is the larger one, ties counting half; 0 where all are equal."""
    n, m = len(values), len(others)
    together, inverse, counts = np.unique(np.concatenate([values, others]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    u = ranks[:n].sum() - n * (n + 1) / 2
    tied = float(np.sum(counts.astype(np.float64) ** 3 - counts)) / ((n + m) * (n + m - 1))
    variance = n * m / 12 * (n + m + 1 - tied)
    return float((u - n * m / 2) / math.sqrt(variance)) if len(together) > 1 else 0.0


def more_than(count: int, total: int, other_count: int, other_total: int) -> float:
    """Fisher's exact test, one-sided: the chance of at least `count` of `total`, were the shares of both groups the same."""
    marked, everything = count + other_count, total + other_total

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    def chance(k: int) -> float:
        return math.exp(log_choose(total, k) + log_choose(other_total, marked - k) - log_choose(everything, marked))

    return min(1.0, math.fsum(chance(k) for k in range(count, min(total, marked) + 1) if marked - k <= other_total))


def cell_centres(features: np.ndarray, count: int) -> np.ndarray:
    """Centres (count, f), fewer where there are fewer features, by Lloyd's algorithm from evenly spread rows: the same each time."""
    count = min(count, len(features))
    centres = features[np.arange(count) * len(features) // count].astype(np.float64)
    for _ in range(_ROUNDS):
        cells = cells_of(features, centres)
        moved = np.stack([features[cells == cell].mean(0) if np.any(cells == cell) else centres[cell] for cell in range(count)])
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres


def cells_of(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of the nearest centre, (n,)."""
    return np.argmin(np.sum(centres**2, axis=1) - 2 * features @ centres.T, axis=1)
