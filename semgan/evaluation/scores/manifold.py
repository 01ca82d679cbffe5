"""Precision, recall, density and coverage: shares of pictures that lie in balls around the feature vectors of the other set.

Precision and recall: Kynkaanniemi et al. 2019, arXiv 1904.06991, equations 1 and 2. Density and coverage: Naeem et al. 2020, arXiv
2002.09797, equations 6 and 7. A vector's ball reaches to its k-th nearest neighbour in its own set; its border is part of it in the
first paper and not in the second.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.evaluation.scores.features import FeatureVectors

PRECISION_NEIGHBOURS = 3
DENSITY_NEIGHBOURS = 5
_BLOCK_NUMBERS = 2**24
"""Distances held at a time: 128 MiB."""
_ROUNDING = 1e-12
"""Share of two vectors' squared lengths: what their squared distance is exact to. It is taken as a sum of matrix products, which are
rounded otherwise from one shape, library and processor to the next."""


class Membership(NamedTuple):
    """One number per picture; a score is their mean.

    Attributes:
      precision: for each generated picture, whether it lies in the ball of any real one, 0 or 1.
      recall: for each real picture, whether it lies in the ball of any generated one.
      density: for each generated picture, how many real balls it lies in, divided by k; not bounded by 1.
      coverage: for each real picture, whether its ball has a generated one in it.
    """

    precision: Float[np.ndarray, " fake"]
    recall: Float[np.ndarray, " real"]
    density: Float[np.ndarray, " fake"]
    coverage: Float[np.ndarray, " real"]


def membership(
    real: FeatureVectors,
    fake: FeatureVectors,
    *,
    precision_neighbours: int = PRECISION_NEIGHBOURS,
    density_neighbours: int = DENSITY_NEIGHBOURS,
) -> Membership:
    """Computes all four scores' numbers from one pass over the distances, which are held a block at a time.

    A vector that is on a ball's border but for rounding counts as on it: of sets that share vectors many are.

    Raises:
      ValueError: a set has no more vectors than there are neighbours to count, or other features.
    """
    _check(real, fake, max(precision_neighbours, density_neighbours))
    centre = real.mean(0, dtype=np.float64)  # distances do not mind, their rounding errors do
    real, fake = real - centre, fake - centre
    real_ball, real_open_ball = _radii(real, (precision_neighbours, density_neighbours))
    (fake_ball,) = _radii(fake, (precision_neighbours,))
    precise, density = np.zeros(len(fake)), np.zeros(len(fake))
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, squares, rounding in _squared_distances(fake, real):
        inside = squares < real_open_ball - rounding
        precise[rows] = np.any(squares <= real_ball + rounding, 1)
        density[rows] = np.sum(inside, 1) / density_neighbours
        recalled |= np.any(squares <= fake_ball[rows, None] + rounding, 0)
        covered |= np.any(inside, 0)
    return Membership(precise, recalled.astype(np.float64), density, covered.astype(np.float64))


def _radii(features: FeatureVectors, neighbours: tuple[int, ...]) -> list[np.ndarray]:
    """Returns for each k the squared distance of each vector to its k-th nearest other one."""
    radii = [np.empty(len(features)) for _ in neighbours]
    for rows, squares, _ in _squared_distances(features, features):
        ordered = np.partition(squares, sorted(set(neighbours)), axis=1)  # place 0 is the vector itself
        for radius, k in zip(radii, neighbours, strict=True):
            radius[rows] = ordered[:, k]
    return radii


def _squared_distances(rows: FeatureVectors, others: FeatureVectors) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yields blocks of rows, their squared distances to all others, (block, others), and what those are exact to."""
    own, theirs = np.sum(rows**2, 1), np.sum(others**2, 1)
    size = max(_BLOCK_NUMBERS // len(others), 1)
    for start in range(0, len(rows), size):
        block = slice(start, start + size)
        lengths = own[block, None] + theirs
        squares, rounding = lengths - 2 * rows[block] @ others.T, _ROUNDING * lengths
        squares[squares < rounding] = 0.0
        yield block, squares, rounding


def _check(real: FeatureVectors, fake: FeatureVectors, neighbours: int) -> None:
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of {real.shape[1]} and of {fake.shape[1]} numbers cannot be compared: use one extractor for both")
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"{len(real)} real and {len(fake)} generated vectors: more than {neighbours} of each are needed")
