"""Bootstrap intervals of the transfer score and its parts, over the pairs.

Each is a function of sums over the pairs (of confusions, of agreements, of pictures of the right domain), and unlike a distance of
distributions it does not grow with pairs that are drawn twice. So pairs are resampled outright: integer weights on the pairs, and the
sums taken anew by one matrix product. The same draw serves the translations and both copies, since they are of the same pairs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from semgan.evaluation.scores import agreement, bootstrap
from semgan.evaluation.scores.transfer import Comparison

PairWeights = Float[np.ndarray, "resample pair"]
ResampledValues = Float[np.ndarray, " resample"]


def pair_weights(pairs: int, *, resamples: int = bootstrap.RESAMPLES, seed: int = bootstrap.SEED) -> PairWeights:
    """Returns how often each pair is drawn: rows of whole numbers that add up to `pairs`."""
    draws = np.random.default_rng(seed).integers(pairs, size=(resamples, pairs))
    return np.stack([np.bincount(row, minlength=pairs) for row in draws]).astype(np.float64)


def resampled_agreement(
    weights: PairWeights, comparison: Comparison, names: Mapping[str, Sequence[str]], kept_names: Sequence[str]
) -> ResampledValues | None:
    """The agreement with the contents' annotations, as `transfer.agreement` takes it, under each row of weights.

    NaN where a row leaves nothing to compare; None where there is nothing in the first place.
    """
    if "mask" in comparison:
        truth, prediction = comparison["mask"]
        return resampled_iou(weights, confusions(truth, prediction, len(names["mask"])))
    attributes = resampled_attributes(weights, comparison, names, kept_names)
    parts = [] if attributes is None else [attributes]
    if "landmarks" in comparison:
        near = agreement.landmark_distances(*comparison["landmarks"]) <= agreement.LANDMARK_TOLERANCE
        parts.append(weights @ near.mean(1) / weights.sum(1))
    return np.mean(parts, axis=0) if parts else None


def resampled_attributes(
    weights: PairWeights, comparison: Comparison, names: Mapping[str, Sequence[str]], kept_names: Sequence[str]
) -> ResampledValues | None:
    """The balanced agreement with the contents' attributes that should be kept, their mean; None where none of them varies."""
    if "attributes" not in comparison or not kept_names:
        return None
    columns = [names["attributes"].index(name) for name in kept_names]
    truth, prediction = (values[:, columns].astype(bool) for values in comparison["attributes"])
    return resampled_balance(weights, truth, prediction) if np.any(truth.any(0) & ~truth.all(0)) else None


def resampled_landmark_error(weights: PairWeights, comparison: Comparison) -> ResampledValues | None:
    """The mean distance to the contents' landmarks in inter-ocular distances; None without landmarks."""
    if "landmarks" not in comparison:
        return None
    return weights @ agreement.landmark_distances(*comparison["landmarks"]).mean(1) / weights.sum(1)


def confusions(truth: np.ndarray, prediction: np.ndarray, classes: int) -> Int[np.ndarray, "pair true_by_judged"]:
    """Each picture's confusion matrix, as a row."""
    return np.stack([agreement.confusion_matrix(*each, classes).ravel() for each in zip(truth, prediction, strict=True)])


def resampled_iou(weights: PairWeights, counts: Int[np.ndarray, "pair true_by_judged"]) -> ResampledValues:
    """`agreement.mean_iou` of the pictures together."""
    classes = round(counts.shape[1] ** 0.5)
    sums = (weights @ counts.astype(np.float64)).reshape(-1, classes, classes)
    intersection, true = np.einsum("rcc->rc", sums), sums.sum(2)
    union = true + sums.sum(1) - intersection
    iou = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    present = true > 0
    return np.sum(iou * present, 1) / np.sum(present, 1)


def resampled_balance(
    weights: PairWeights, truth: Bool[np.ndarray, "pair kept"], prediction: Bool[np.ndarray, "pair kept"]
) -> ResampledValues:
    """The mean of `agreement.balanced_agreement` over the attributes that vary; NaN where none does."""
    balanced = resampled_balances(weights, truth, prediction)
    varied = np.isfinite(balanced)
    count = np.sum(varied, 1)
    return np.where(count > 0, np.sum(np.where(varied, balanced, 0), 1) / np.maximum(count, 1), np.nan)


def resampled_balances(
    weights: PairWeights, truth: Bool[np.ndarray, "pair attribute"], prediction: Bool[np.ndarray, "pair attribute"]
) -> Float[np.ndarray, "resample attribute"]:
    """`agreement.balanced_agreement` of each attribute; NaN where it does not vary."""
    positives, negatives = weights @ truth, weights @ ~truth
    right = (weights @ (truth & prediction)) / np.maximum(positives, 1) + (weights @ (~truth & ~prediction)) / np.maximum(negatives, 1)
    return np.where((positives > 0) & (negatives > 0), right / 2, np.nan)


def resampled_share(value: ResampledValues, low: ResampledValues, high: ResampledValues) -> ResampledValues:
    """Returns how far translations got from the copy that fails (0) to the real picture that succeeds (1); NaN where those two agree."""
    apart = high - low
    return np.divide(value - low, apart, out=np.full_like(apart, np.nan), where=apart > 0)


def resampled_score(retention: ResampledValues, adoption: ResampledValues) -> ResampledValues:
    """The harmonic mean; 0 where either is not positive, NaN where either is unknown."""
    positive = (retention > 0) & (adoption > 0)
    mean = np.divide(2 * retention * adoption, retention + adoption, out=np.zeros_like(retention), where=positive)
    return np.where(np.isnan(retention) | np.isnan(adoption), np.nan, mean)


def interval_of_resamples(values: ResampledValues, level: float = bootstrap.LEVEL) -> tuple[float, float] | None:
    """The percentiles between which `level` of those that are known lie; None where too few are."""
    finite = values[np.isfinite(values)]
    if len(finite) < level * len(values):
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
