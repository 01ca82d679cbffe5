"""Do generated pictures lie among the real ones, and the real ones among the generated? By balls around each feature vector.

Precision and recall: Kynkaanniemi et al. 2019, arXiv 1904.06991, equations 1 and 2. Density and coverage: Naeem et al. 2020, arXiv
2002.09797, equations 6 and 7. A vector's ball reaches to its k-th nearest neighbour in its own set; its border is part of it in the
first paper and not in the second.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.evaluation.scores.features import Features

PRECISION_NEIGHBOURS = 3
DENSITY_NEIGHBOURS = 5
_BLOCK_NUMBERS = 2**24
"""Distances held at a time: 128 MiB."""
_ROUNDING = 1e-12
"""Squared distances below this share of the vectors' squared lengths are zero but for rounding."""


class Membership(NamedTuple):
    """One number a picture; a score is their mean.

    Attributes:
      precision: of each generated picture, whether it lies in the ball of any real one, 0 or 1.
      recall: of each real picture, whether it lies in the ball of any generated one.
      density: of each generated picture, how many real balls it lies in, divided by k; not bounded by 1.
      coverage: of each real picture, whether its ball has a generated one in it.
    """

    precision: Float[np.ndarray, " fake"]
    recall: Float[np.ndarray, " real"]
    density: Float[np.ndarray, " fake"]
    coverage: Float[np.ndarray, " real"]


def precision_recall(real: Features, fake: Features, *, neighbours: int = PRECISION_NEIGHBOURS) -> tuple[float, float]:
    """Shares of generated pictures that lie among the real ones, and of real pictures that lie among the generated ones."""
    found = membership(real, fake, precision_neighbours=neighbours, density_neighbours=neighbours)
    return float(found.precision.mean()), float(found.recall.mean())


def density_coverage(real: Features, fake: Features, *, neighbours: int = DENSITY_NEIGHBOURS) -> tuple[float, float]:
    """How densely generated pictures lie among the real ones (1 where they are alike), and the share of real ones that have one near."""
    found = membership(real, fake, precision_neighbours=neighbours, density_neighbours=neighbours)
    return float(found.density.mean()), float(found.coverage.mean())


def membership(
    real: Features, fake: Features, *, precision_neighbours: int = PRECISION_NEIGHBOURS, density_neighbours: int = DENSITY_NEIGHBOURS
) -> Membership:
    """All four scores' numbers from one pass over the distances, which are exact to float64 and held a block at a time.

    Raises:
      ValueError: a set has no more vectors than there are neighbours to count, or other features.
    """
    _check(real, fake, max(precision_neighbours, density_neighbours))
    centre = real.mean(0, dtype=np.float64)  # distances do not mind, their rounding errors do
    real, fake = real - centre, fake - centre
    real_ball, real_open_ball = _radii(real, (precision_neighbours, density_neighbours))
    (fake_ball,) = _radii(fake, (precision_neighbours,))
    precise, density = np.zeros(len(fake)), np.zeros(len(fake))
    recalled, nearest = np.zeros(len(real), bool), np.full(len(real), np.inf)
    for rows, squares in _squared_distances(fake, real):
        precise[rows] = np.any(squares <= real_ball, 1)
        density[rows] = np.sum(squares < real_open_ball, 1) / density_neighbours
        recalled |= np.any(squares <= fake_ball[rows, None], 0)
        nearest = np.minimum(nearest, squares.min(0))
    return Membership(precise, recalled.astype(np.float64), density, (nearest < real_open_ball).astype(np.float64))


def _radii(features: Features, neighbours: tuple[int, ...]) -> list[np.ndarray]:
    """For each k the squared distance of each vector to its k-th nearest other one."""
    radii = [np.empty(len(features)) for _ in neighbours]
    for rows, squares in _squared_distances(features, features):
        ordered = np.partition(squares, sorted(set(neighbours)), axis=1)  # place 0 is the vector itself
        for radius, k in zip(radii, neighbours, strict=True):
            radius[rows] = ordered[:, k]
    return radii


def _squared_distances(rows: Features, others: Features) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of rows and their squared distances to all others, (block, others)."""
    own, theirs = np.sum(rows**2, 1), np.sum(others**2, 1)
    size = max(_BLOCK_NUMBERS // len(others), 1)
    for start in range(0, len(rows), size):
        block = slice(start, start + size)
        lengths = own[block, None] + theirs
        squares = lengths - 2 * rows[block] @ others.T
        squares[squares < _ROUNDING * lengths] = 0.0
        yield block, squares


def _check(real: Features, fake: Features, neighbours: int) -> None:
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of {real.shape[1]} and of {fake.shape[1]} numbers cannot be compared: use one extractor for both")
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"{len(real)} real and {len(fake)} generated vectors: more than {neighbours} of each are needed")
