"""What `samples.evaluate_samples` finds, as figures: each with an interval and a passport."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from semgan.data.dataset import Dataset
from semgan.evaluation.feature_figures import Origin
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.passport import Figure
from semgan.evaluation.variety import distance_influences, over, share_figures

_SAMPLES, _SAMPLES_ALONE = "generated pictures", "generated pictures, the real ones taken as fixed"


class Measured(NamedTuple):
    """What the figures are made of.

    Attributes:
      whole: of each sample, whether it is a whole face; None where unknown.
      domain: that each sample is judged to be of.
      distances: of each sample to its nearest training picture.
      features, real_features: of the samples and of the held-out pictures.
      compared: those features of the samples whose distances from one another were taken.
      rule_count: how many held-out pictures the rule of whole faces comes from.
    """

    whole: Bool[np.ndarray, " sample"] | None
    domain: Int[np.ndarray, " sample"]
    distances: Float[np.ndarray, " sample"]
    features: Float[np.ndarray, "sample feature"]
    real_features: Float[np.ndarray, "real feature"]
    compared: Float[np.ndarray, "compared feature"]
    rule_count: int


def sample_figures(report: Mapping[str, Any], measured: Measured, train: Dataset, origin: Origin) -> list[Figure]:
    """Figures of the report's numbers, each over the samples alone: what they stand beside is taken as fixed.

    Args:
      report: with `medium_coverage`, `neighbour_distance`, `diversity` and `diversity_share`.
      origin: of figures beside the held-out split.
    """
    count = len(measured.domain)
    beside_train = origin._replace(real=train.fingerprint, split=train.split).passport(len(train.rows), count)
    distances = np.asarray(measured.distances, np.float64)
    made = [
        Figure(
            "medium_coverage", report["medium_coverage"], coverage_interval(measured.domain, train.domain), beside_train, over(_SAMPLES)
        ),
        Figure("neighbour_distance", report["neighbour_distance"], bootstrap.mean_interval(distances), beside_train, over(_SAMPLES_ALONE)),
        _diversity(report["diversity"], measured.compared, origin),
        *share_figures(report["diversity_share"], measured.features, measured.real_features, origin),
    ]
    if measured.whole is None:
        return made
    whole = measured.whole.astype(np.float64)
    passport = origin.passport(measured.rule_count, count)
    return [Figure("whole_faces", float(whole.mean()), bootstrap.mean_interval(whole), passport, over(_SAMPLES_ALONE)), *made]


def coverage_interval(judged: Int[np.ndarray, " sample"], train: Int[np.ndarray, " train"]) -> tuple[float, float]:
    """Of the coverage, which is the sum over the domains of the smaller of two shares: of the samples and of the training pictures.

    A sample moves it by where it falls: up in a domain that has less than its share, not at all in one that has more.
    """
    domains = int(max(judged.max(), train.max())) + 1
    shares, wanted = (np.bincount(values, minlength=domains) / len(values) for values in (judged, train))
    value = float(np.minimum(shares, wanted).sum())
    helps = (shares < wanted)[judged].astype(np.float64)
    low, high = bootstrap.percentile_interval(value, [helps - helps.mean()])
    return low, min(high, 1.0)


def _diversity(value: float, compared: Float[np.ndarray, "compared feature"], origin: Origin) -> Figure:
    passport = origin._replace(real="", split="").passport(0, len(compared))
    interval = bootstrap.percentile_interval(value, [distance_influences(compared)])
    return Figure("diversity", value, interval, passport, over(_SAMPLES))
