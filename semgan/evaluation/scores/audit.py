"""The memorisation audit: tests whether a generator reproduces its training pictures.

It compares how near generated pictures and held-out real ones come to their nearest training picture, in a judge's features.
Two tests, each against the held-out pictures, so that the features' own scale does not matter:

- the data-copying test C_T (Meehan, Chaudhuri and Dasgupta 2020, arXiv 2004.05675, section 3.2): is the whole of the samples nearer,
  cell by cell of the feature space?
- the share of copies: are more samples than held-out pictures nearer than all but the nearest hundredth of those? This finds a few
  copies among many samples that are not copies.

A generator that draws ordinary pictures only (truncation does that) comes nearer to the training pictures than held-out ones do,
without copying any: audit without truncation, and look at the pairs.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

_CELLS = 10
_LEAST_IN_CELL = 20  # of samples and of held-out pictures: the normal approximation of U needs as many
_ROUNDS = 20
_COPY_PERCENTILE = 1.0  # percentile of the held-out pictures' distances
LEVEL = 0.001
"""p-values below it are called copying; a generator that does not copy is accused once in five hundred audits at most."""


class Audit(NamedTuple):
    """An audit's findings.

    Attributes:
      test: the data-copying test.
      copies: for each sample, whether it is nearer to a training picture than 99 % of the held-out pictures are.
      copies_p_value: the chance of as many such samples as there are, were they no nearer than the held-out pictures.
    """

    test: "CopyingTest"
    copies: Bool[np.ndarray, " sample"]
    copies_p_value: float


class CopyingTest(NamedTuple):
    """C_T, its one-sided p-value, how many cells had enough pictures, and how much each picture of each of those moves C_T."""

    statistic: float
    p_value: float
    cells: int
    influences: list[np.ndarray]


def run_audit(
    features: np.ndarray, real_features: np.ndarray, train_features: np.ndarray, distances: np.ndarray, real_distances: np.ndarray
) -> Audit:
    """Tests whether samples lie nearer to the training pictures than held-out pictures do.

    Args:
      features, real_features, train_features: features of the samples (n, f), held-out pictures (m, f) and training pictures (k, f).
      distances, real_distances: distances to the nearest training picture, (n,) and (m,).
    """
    centres = cell_centres(train_features, _CELLS)
    test = copying_test(distances, real_distances, cells_of(features, centres), cells_of(real_features, centres))
    bound = np.percentile(real_distances, _COPY_PERCENTILE)
    copies = distances < bound
    return Audit(test, copies, fisher_p_value(int(copies.sum()), len(copies), int(np.sum(real_distances < bound)), len(real_distances)))


def is_copying(p_value: float, copies_p_value: float) -> bool:
    """Returns whether either test calls it copying."""
    return bool(min(p_value, copies_p_value) < LEVEL)


def copying_test(distances: np.ndarray, real_distances: np.ndarray, cells: np.ndarray, real_cells: np.ndarray) -> CopyingTest:
    """Runs the data-copying test over the cells that have enough pictures, or over one cell of all pictures where none has.

    C_T is the mean of the cells' z-scores of U, weighted by their shares of the samples. Under the null hypothesis these are independent
    and standard normal, so the returned value, C_T divided by the root of the sum of its squared weights, is standard normal too.
    """
    inside = [(distances[cells == cell], real_distances[real_cells == cell]) for cell in np.union1d(cells, real_cells)]
    inside = [pair for pair in inside if min(map(len, pair)) >= _LEAST_IN_CELL] or [(distances, real_distances)]
    weights = np.array([len(samples) for samples, _ in inside]) / np.linalg.norm([len(samples) for samples, _ in inside])
    statistic = float(np.dot(weights, [mann_whitney(*pair) for pair in inside]))
    influences = [weight * each for weight, pair in zip(weights, inside, strict=True) for each in _influences(*pair)]
    return CopyingTest(statistic, 0.5 * math.erfc(-statistic / math.sqrt(2)), len(inside), influences)


def mann_whitney(values: np.ndarray, others: np.ndarray) -> float:
    """Returns the z-score of U, the number of pairs in which a value is the larger one, ties counting half; 0 where all are equal."""
    deviation = _deviation(values, others)
    return float((_below(values, others).sum() - len(values) * len(others) / 2) / deviation) if deviation else 0.0


def _below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Counts for each value how many of the others are smaller, ties counting half."""
    ordered = np.sort(others)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2


def _deviation(values: np.ndarray, others: np.ndarray) -> float:
    """Returns the standard deviation of U when both come from one source; 0 where all are equal."""
    n, m = len(values), len(others)
    _, counts = np.unique(np.concatenate([values, others]), return_counts=True)
    if len(counts) == 1:
        return 0.0
    tied = float(np.sum(counts.astype(np.float64) ** 3 - counts)) / ((n + m) * (n + m - 1))
    return math.sqrt(n * m / 12 * (n + m + 1 - tied))


def _influences(values: np.ndarray, others: np.ndarray) -> list[np.ndarray]:
    """Returns how much each value and each of the others moves the z-score, to first order and with its deviation taken as fixed."""
    deviation = _deviation(values, others) or 1.0
    below, above = _below(values, others), len(values) - _below(others, values)
    return [len(each) * (each - each.mean()) / deviation for each in (below, above)]


def fisher_p_value(count: int, total: int, other_count: int, other_total: int) -> float:
    """Runs Fisher's exact test, one-sided: the chance of at least `count` of `total`, were the shares of both groups the same."""
    from scipy.stats import hypergeom  # here: it takes a second to import, and audits alone need it

    return float(hypergeom.sf(count - 1, total + other_total, count + other_count, total))


def cell_centres(features: np.ndarray, count: int) -> np.ndarray:
    """Finds centres (count, f), fewer where there are fewer features, by Lloyd's algorithm from evenly spread rows: the same each time."""
    count = min(count, len(features))
    centres = features[np.arange(count) * len(features) // count].astype(np.float64)
    for _ in range(_ROUNDS):
        cells = cells_of(features, centres)
        means = np.stack([features[cells == cell].mean(0) if np.any(cells == cell) else centres[cell] for cell in range(count)])
        if np.allclose(means, centres):
            break
        centres = means
    return centres


def cells_of(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Returns the number of the nearest centre, (n,)."""
    return np.argmin(np.sum(centres**2, axis=1) - 2 * features @ centres.T, axis=1)
