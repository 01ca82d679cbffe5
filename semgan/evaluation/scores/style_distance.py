"""Distances of sets of pictures by their style statistics, and whether a picture is nearer to its own reference than to others.

The distance of two sets is the root of the energy distance, 2 E|x - y| - E|x - x'| - E|y - y'| (Székely and Rizzo 2013,
doi 10.1016/j.jspi.2013.03.018, equation 5), where |x - y| is the sliced Wasserstein distance of two pictures (`style_statistics`); summed
over its directions and quantiles it is 0 if and only if each is distributed equally in both sets. Its square is estimated without bias, so
that it does not grow as pictures become few: no two pictures that have an origin in common count. Below 0 it is taken as 0.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist

from semgan.evaluation.scores.style_statistics import Statistics

_LESSER = 0.85
"""The weight of the lesser of two shares: colours as in the target (1) with the texture of the content (0) come to 0.15."""


class Distances(NamedTuple):
    """Distances of the pictures of one set from those of another, and which of them count."""

    values: Float[np.ndarray, "row column"]
    counted: Bool[np.ndarray, "row column"]

    def mean(self) -> float:
        """Returns the mean over those that count; NaN if none does."""
        return float(self.values[self.counted].mean()) if self.counted.any() else float("nan")


def picture_distances(a: Statistics, b: Statistics) -> Float[np.ndarray, "row column"]:
    """The mean absolute differences of each row of one from each row of the other."""
    return cdist(a, b, "cityblock") / a.shape[1]


def set_distances(
    weights: Float[np.ndarray, "resample row"], to_real: Distances, among: Distances, among_real: float
) -> Float[np.ndarray, " resample"]:
    """The distances of a weighted set from the real pictures, one under each row of weights; NaN where no two pictures count.

    Args:
      weights: how often each picture is in the set.
      to_real, among: the distances from real pictures, and within the set.
      among_real: the mean distance of two different real pictures.
    """
    to = _ratio(weights @ _masked(to_real).sum(1), weights @ to_real.counted.sum(1))
    within = _ratio(((weights @ _masked(among)) * weights).sum(1), ((weights @ among.counted) * weights).sum(1))
    return np.sqrt(np.maximum(2 * to - within - among_real, 0))


def _masked(distances: Distances) -> np.ndarray:
    return np.where(distances.counted, distances.values, 0)


def _ratio(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def adopted_share(translated: np.ndarray, content: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """How far translations have come from contents (0) to references (1), from the distances of each; NaN where those are not apart.

    What is farther from the target than the contents are is measured by its own distance, and so stays above -1.
    """
    apart = np.maximum(content, translated) - reference
    return np.divide(content - translated, apart, out=np.full_like(apart, np.nan), where=content > reference)


def combined_share(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One share of two, such that neither makes up for the other: a mean in which the lesser counts most."""
    return _LESSER * np.minimum(a, b) + (1 - _LESSER) * np.maximum(a, b)


def reference_matches(to_real: Float[np.ndarray, "row column"], own: np.ndarray) -> Float[np.ndarray, " row"]:
    """For each picture the share of the other real pictures that are farther from it than its own reference is; a tie counts half.

    Args:
      to_real: distances from real pictures of the references' domain, two at least.
      own: the column of each picture's own reference.
    """
    mine = to_real[np.arange(len(own)), own][:, None]
    farther = ((to_real > mine) + 0.5 * (to_real == mine)).sum(1) - 0.5
    return farther / (to_real.shape[1] - 1)
