"""Cosines between embeddings of pictures, pair by pair and with the other pictures of a domain."""

import numpy as np
from jaxtyping import Float, Int

from semgan.evaluation.scores.features import FeatureVectors

_EPSILON = 1e-12


def cosines(a: FeatureVectors, b: FeatureVectors) -> Float[np.ndarray, " pair"]:
    """Returns the cosine of each row of `a` with the same row of `b`, in [-1, 1], in float64; 0 where a row is zero."""
    return np.sum(_unit(a) * _unit(b), -1)


def other_cosines(
    outputs: FeatureVectors,
    references: FeatureVectors,
    own: Int[np.ndarray, " output"],
    output_domain: Int[np.ndarray, " output"],
    reference_domain: Int[np.ndarray, " reference"],
) -> Float[np.ndarray, " output"]:
    """Returns each output's mean cosine with all references of its domain but its own; NaN where there is no other.

    Args:
      own: the row of each output's own reference.
      output_domain: the domain that each output was translated into.
    """
    others = output_domain[:, None] == reference_domain
    others[np.arange(len(own)), own] = False
    count = others.sum(1)
    sums = np.sum(np.where(others, _unit(outputs) @ _unit(references).T, 0), 1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _unit(features: FeatureVectors) -> FeatureVectors:
    wide = features.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), _EPSILON)
