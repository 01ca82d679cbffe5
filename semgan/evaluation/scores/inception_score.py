"""The Inception score (Salimans et al. 2016, arXiv 1606.03498, section 4): exp of the mean KL of p(y|x) from p(y)."""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

ClassLogits = Float[np.ndarray, "count classes"]
SPLITS = 10
SEED = 2020
"""torch-fidelity's default."""


class InceptionScore(NamedTuple):
    """Mean and standard deviation over the splits."""

    mean: float
    std: float


def score_logits(logits: ClassLogits, *, splits: int = SPLITS, seed: int | None = SEED) -> InceptionScore:
    """Computes the score from class scores (without bias, as in the original), in float64.

    Args:
      splits: parts of equal size (to within one) that are scored apart.
      seed: shuffles the pictures first, as torch-fidelity does: equal seeds give equal figures. None: in their order, as the
        original does.
    """
    scores = [np.exp(divergence.mean()) for divergence in _split_divergences(logits, splits, seed)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def influences(logits: ClassLogits, *, splits: int = SPLITS, seed: int | None = SEED) -> Float[np.ndarray, " count"]:
    """Returns how much each picture moves the mean score: float64 with mean 0, in the shuffled order.

    A split's logarithm is the mean of the pictures' divergences from p(y), and to first order p(y) may be taken as fixed.
    """
    parts = []
    for divergence in _split_divergences(logits, splits, seed):
        weight = len(logits) / (splits * len(divergence))  # of a split's picture in the mean over all pictures
        parts.append(weight * np.exp(divergence.mean()) * (divergence - divergence.mean()))
    return np.concatenate(parts)


def _split_divergences(logits: ClassLogits, splits: int, seed: int | None) -> list[np.ndarray]:
    """Computes for each split the KL divergence of each picture's classes from the split's mean."""
    count = len(logits)
    if count < splits:
        raise ValueError(f"{count} pictures cannot be scored in {splits} splits: at least one picture each is needed")
    if seed is not None:
        logits = logits[np.random.RandomState(seed).permutation(count)]
    log_p = _log_softmax(logits.astype(np.float64))
    bounds = [split * count // splits for split in range(splits + 1)]
    return [_divergences(log_p[start:stop]) for start, stop in itertools.pairwise(bounds)]


def _divergences(log_p: ClassLogits) -> np.ndarray:
    p = np.exp(log_p)
    mean = p.mean(0)
    log_mean = np.log(mean, out=np.zeros_like(mean), where=mean > 0)  # where the mean vanishes so does every p
    return np.sum(p * (log_p - log_mean), 1)


def _log_softmax(logits: ClassLogits) -> ClassLogits:
    logits = logits - logits.max(1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))
