"""Guesses which domain a picture belongs to, so that a user does not have to say: ridge regression on the style encoder's features.

A snapshot carries its kernel as the pseudo-network `domain_guess`: {"kernel": (features + 1, domains)}.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from semgan.data.augment import to_float
from semgan.data.dataset import Dataset
from semgan.data.pieces import in_pieces

_RIDGE = 1e-2  # on features of unit variance
_BATCH = 64  # pictures


def fit(features: np.ndarray, domain: np.ndarray, count: int) -> np.ndarray:
    """Fits the classifier by least squares on one-hot domains, each domain of equal weight however many pictures it has.

    Args:
      features: (n, f).
      domain: integers in [0, count), (n,).
      count: number of domains.

    Returns:
      The kernel, float32 (f + 1, count); its last row is the bias.
    """
    features = features.astype(np.float64)
    weight = (1 / np.maximum(np.bincount(domain, minlength=count), 1))[domain]
    weight /= weight.sum()
    mean = weight @ features
    deviation = np.sqrt(weight @ (features - mean) ** 2)
    scale = np.where(deviation > 1e-12, 1 / np.maximum(deviation, 1e-12), 0)  # a constant feature says nothing
    x = (features - mean) * scale
    target = np.eye(count)[domain]
    target_mean = weight @ target
    covariance = (x * weight[:, None]).T @ x
    slopes = np.linalg.solve(covariance + _RIDGE * np.eye(x.shape[1]), (x * weight[:, None]).T @ (target - target_mean))
    slopes *= scale[:, None]
    return np.vstack([slopes, target_mean - mean @ slopes]).astype(np.float32)


def predict(kernel: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Returns the likeliest domain for each row of `features` (n, f): int (n,)."""
    return np.argmax(np.asarray(features) @ kernel[:-1] + kernel[-1], axis=-1)


def fit_for(apply_features: Callable[[np.ndarray], ArrayLike], dataset: Dataset, count: int = 1024, seed: int = 0) -> np.ndarray:
    """Fits the kernel on pictures of a dataset.

    Args:
      apply_features: maps float32 images in [-1, 1] (64, size, size, 3) to features (64, f); always called with one batch size.
      count: pictures used, drawn by `seed`; all if there are fewer.
    """
    places = np.random.default_rng(seed).permutation(len(dataset.rows))[:count]
    features = [
        np.asarray(apply_features(to_float(dataset.images[piece["row"]])))[:count_in_piece]
        for piece, count_in_piece in in_pieces({"row": dataset.rows[places]}, _BATCH)
    ]
    return fit(np.concatenate(features), dataset.domain[places], len(dataset.domains))
