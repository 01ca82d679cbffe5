"""The Fréchet distance between two sets of features, taken as normal distributions (Heusel et al. 2017, arXiv 1706.08500, equation 6).

With the Inception of 2015 its name is FID; in other features it is not.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.evaluation.scores.features import FeatureVectors
from semgan.evaluation.scores.moments import Moments


class _Transport(NamedTuple):
    """The singular value decomposition of F1' F2, where S1 = F1 F1' and S2 = F2 F2'; U and V in the space of the features.

    Attributes:
      values: the singular values, whose sum is the trace of (S1 S2)^(1/2).
      first: F1 U / sqrt(values), of the positive values; S2's derivative of that trace is half of its square, `first first'`.
      second: F2 V / sqrt(values), likewise for S1.
    """

    values: Float[np.ndarray, " rank"]
    first: Float[np.ndarray, "feature rank"]
    second: Float[np.ndarray, "feature rank"]


def distance_and_influences(
    a: Moments, b: Moments, a_features: FeatureVectors | None, b_features: FeatureVectors | None
) -> tuple[float, tuple[np.ndarray, ...]]:
    """Computes |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), at least 0, in float64, and how much each vector moves it.

    The last trace is the sum of the square roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which are those of S1 S2 but never
    complex. They are taken as singular values of F1' F2 with any S = F F', which costs no digits by squaring; directions in which a
    set has no variance (there are always some when it has fewer vectors than features) are left out of its F.

    Returns:
      The distance, and for each set whose vectors are passed their influences, float64 (count,) with mean 0. A vector's influence is the
      derivative of the distance with respect to the vector's weight in its set, so that the mean of the influences of a resampled set
      is, to first order, the change of the distance.

    Raises:
      ValueError: the sets have different features, or moments that are not finite.
    """
    _check(a, b)
    transport = _transport(a, b)
    sides = ((a, b, a_features, transport.second), (b, a, b_features, transport.first))
    influences = tuple(_influence(own, other, features, towards) for own, other, features, towards in sides if features is not None)
    return _distance(a, b, transport.values), influences


def _influence(own: Moments, other: Moments, features: FeatureVectors, towards: np.ndarray) -> np.ndarray:
    centred = features.astype(np.float64) - own.mean
    influences = 2 * centred @ (own.mean - other.mean) + np.sum(centred**2, 1) - np.sum((centred @ towards) ** 2, 1)
    return influences - influences.mean()


def _distance(a: Moments, b: Moments, values: np.ndarray) -> float:
    apart = a.mean - b.mean
    return max(float(apart @ apart + np.trace(a.covariance) + np.trace(b.covariance) - 2 * values.sum()), 0.0)


def _transport(a: Moments, b: Moments) -> _Transport:
    first, second = _factor(a), _factor(b)
    left, values, right = np.linalg.svd(first.T @ second, full_matrices=False)
    positive = values > _smallest(values)
    root = np.sqrt(values[positive])
    return _Transport(values, first @ left[:, positive] / root, second @ right[positive].T / root)


def _factor(moments: Moments) -> np.ndarray:
    """F (feature, rank) with F F' = S: eigenvectors times the roots of the eigenvalues that rounding cannot have made."""
    values, vectors = np.linalg.eigh(moments.covariance)
    positive = values > _smallest(values)
    positive[: max(len(values) - (moments.count - 1), 0)] = False  # n vectors span n - 1 directions at most; values ascend
    return vectors[:, positive] * np.sqrt(values[positive])


def _smallest(values: np.ndarray) -> float:
    """Returns an upper bound of a decomposition's rounding errors."""
    return float(len(values) * np.finfo(np.float64).eps * np.max(values, initial=0.0))


def _check(a: Moments, b: Moments) -> None:
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features of {len(a.mean)} and of {len(b.mean)} numbers cannot be compared: use one extractor for both")
    if not all(np.isfinite(part).all() for part in (a.mean, a.covariance, b.mean, b.covariance)):
        raise ValueError("a mean or covariance is not finite: the features have NaN or infinity in them")
