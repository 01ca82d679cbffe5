"""The transfer score: how far translations keep what the content shows and adopt the reference's domain.

    retention = (agreement with the content's annotations - that of the reference copied)
                / (that of the content itself - that of the reference copied)
    adoption  = (accuracy of the judged domain - that of the content copied)
                / (that of the reference itself - that of the content copied)
    score     = harmonic mean of both, 0 when either is not positive

All are judged by the same network on the same pairs, so copying either picture scores 0 and a perfect translation about 1,
whatever the judge's own errors are. Agreement is the mean over the mask's classes of the intersection over union; where the
data has no masks, the mean of the balanced agreement over the content's attributes and the share of landmarks kept.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from semgan.evaluation.scores.agreement import balanced_agreement, landmark_distances, landmarks_kept, mean_iou

Comparison = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""True and judged annotations of the pairs' contents, by name: "mask", "landmarks" and "attributes", as far as both are there."""


def transfer_score(retention: float | None, adoption: float | None) -> float | None:
    """Returns the harmonic mean; 0 when either is not positive, None when either is unknown."""
    if retention is None or adoption is None:
        return None
    if retention <= 0 or adoption <= 0:
        return 0.0
    return 2 * retention * adoption / (retention + adoption)


def share(name: str, value: float | None, low: float | None, high: float | None) -> tuple[float | None, str]:
    """Measures how far a translation has come from the copy that fails (0) to the real picture that succeeds (1); not clipped.

    Args:
      name: of the share, for the sentence.
      value, low, high: what the translation, the copy that fails and the real picture that succeeds score.

    Returns:
      The share, and an empty text; or None and a sentence that says why it is unknown.
    """
    if low is None or high is None or value is None:
        return None, f"{name} is unknown: the data has neither masks nor landmarks nor attributes to compare"
    if high <= low:
        return None, f"{name} is unknown: the judge does not tell the contents from the references better than chance"
    return (value - low) / (high - low), ""


def agreement(comparison: Comparison, names: Mapping[str, Sequence[str]], kept_names: Sequence[str]) -> float | None:
    """Measures the agreement with the contents' annotations, in [0, 1]; None where there is nothing to compare.

    Args:
      names: the names of the mask's classes and of the attributes, in their order.
      kept_names: the attributes that a translation should keep.
    """
    if "mask" in comparison:
        return mean_iou(*comparison["mask"], len(names["mask"]))
    attributes = attributes_kept(comparison, names, kept_names)
    parts = [] if attributes is None else [attributes]
    if "landmarks" in comparison:
        parts.append(landmarks_kept(*comparison["landmarks"]))
    return float(np.mean(parts)) if parts else None


def agreement_by(comparison: Comparison) -> str:
    """Names the annotations that the agreement is taken over."""
    return "masks" if "mask" in comparison else " and ".join(name for name in ("attributes", "landmarks") if name in comparison)


def attributes_kept(comparison: Comparison, names: Mapping[str, Sequence[str]], kept_names: Sequence[str]) -> float | None:
    """Measures the mean balanced agreement with the contents' attributes that should be kept; None where none of them varies."""
    if "attributes" not in comparison or not kept_names:
        return None
    columns = [names["attributes"].index(name) for name in kept_names]
    balanced = balanced_agreement(*(values[:, columns] for values in comparison["attributes"]))
    return None if np.isnan(balanced).all() else float(np.nanmean(balanced))


def landmark_error(comparison: Comparison) -> float | None:
    """Measures the mean distance to the contents' landmarks in inter-ocular distances; None without landmarks."""
    return float(np.mean(landmark_distances(*comparison["landmarks"]))) if "landmarks" in comparison else None
