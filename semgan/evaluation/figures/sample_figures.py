"""What `samples.evaluate_samples` finds, as figures: each with an interval and a passport.

A figure of held-out pictures judged alike is called "NAME/real"; what a figure is made of, "NAME/PART".
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.judge_figures import COMPARED, OF, Origin, beside_training, spread
from semgan.evaluation.figures.passport import Figure, Passport
from semgan.evaluation.figures.variety import distance_influences, over, share_figures
from semgan.evaluation.judge import faces
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.audit import Audited

_GENERATED, _REAL = "generated pictures", "held-out pictures"
_FIXED = "the real ones taken as fixed"


class Group(NamedTuple):
    """Pictures, samples or held-out ones, as they are judged.

    Attributes:
      passed: of each check of a whole face, which pictures pass; empty where nothing tells. Of held-out pictures, those alone that the
        checks' ranges do not come from.
      domain: that each is judged to be of.
      distances: of each to its nearest training picture.
      features: of each.
    """

    passed: Mapping[str, Bool[np.ndarray, " checked"]]
    domain: Int[np.ndarray, " picture"]
    distances: Float[np.ndarray, " picture"]
    features: Float[np.ndarray, "picture feature"]


def sample_figures(
    report: Mapping[str, Any], samples: Group, real: Group, audited: Audited, train: Dataset, origin: Origin
) -> list[Figure]:
    """Figures of the report's numbers, each over the pictures that it is of: what they stand beside is taken as fixed.

    Args:
      report: of `samples.evaluate_samples`, but for its figures.
      audited: the samples.
      origin: of figures beside the held-out split.
    """
    beside_train = beside_training(origin, train).passport(len(train.rows), len(samples.domain))
    return [
        *_of_group(report, samples, train, origin),
        *share_figures(report["diversity_share"], samples.features, real.features, origin),
        *audited.figures(beside_train),
        *_of_group(report, real, train, origin, real=True),
        *_parts(report, samples, train, origin),
        *_parts(report, real, train, origin, real=True),
    ]


def _of_group(report: Mapping[str, Any], group: Group, train: Dataset, origin: Origin, *, real: bool = False) -> Iterator[Figure]:
    """`whole_faces`, `medium_coverage`, `neighbour_distance` and `diversity`."""
    what = _REAL if real else _GENERATED
    beside_train = _passport(beside_training(origin, train).passport(len(train.rows), len(group.domain)), real)

    def figure(name: str, interval: tuple[float, float], passport: Passport, fixed: str = "") -> Figure:
        value = report[f"{name}_real" if real else name]
        return Figure(f"{name}/real" if real else name, value, interval, passport, over(what + fixed))

    if group.passed:
        whole = faces.whole(group.passed)
        of_rule = _passport(origin.passport(_rule_count(report), len(whole)), real)
        yield figure("whole_faces", bootstrap.mean_interval(whole), of_rule, f", {_FIXED}")
    yield figure("medium_coverage", coverage_interval(group.domain, train.domain), beside_train)
    yield figure("neighbour_distance", bootstrap.mean_interval(group.distances), beside_train, f", {_FIXED}")
    compared = spread(group.features, COMPARED)
    alone = _passport(origin._replace(real="", split="").passport(0, len(compared)), real)
    interval = bootstrap.percentile_interval(report["diversity_real" if real else "diversity"], [distance_influences(compared)])
    yield figure("diversity", interval, alone)


def _parts(report: Mapping[str, Any], group: Group, train: Dataset, origin: Origin, *, real: bool = False) -> Iterator[Figure]:
    """`checks/NAME` and `domains/NAME`: the shares of the pictures that pass a check, and that are judged to be of a domain."""
    shares = {f"checks/{name}": passed for name, passed in group.passed.items()}
    shares |= {f"domains/{name}": group.domain == number for number, name in enumerate(train.domains)}
    for name, share in shares.items():
        passport = _passport(origin.passport(_rule_count(report) if name.startswith("checks/") else 0, len(share)), real)
        interval = bootstrap.mean_interval(share)
        yield Figure(f"{name}/real" if real else name, float(share.mean()), interval, passport, over(_REAL if real else _GENERATED))


def _rule_count(report: Mapping[str, Any]) -> int:
    """The held-out pictures that the checks' ranges come from: every other one, from the first on."""
    return -(-report["real"] // 2)


def _passport(passport: Passport, real: bool) -> Passport:
    """Seeds and truncation are of samples alone."""
    if not real:
        return passport
    return passport._replace(seeds={}, truncation=None).told(**{OF: _REAL})


def coverage_interval(judged: Int[np.ndarray, " picture"], train: Int[np.ndarray, " train"]) -> tuple[float, float]:
    """Of the coverage, which is the sum over the domains of the smaller of two shares: of the pictures and of the training pictures.

    A picture moves it by where it falls: up in a domain that has less than its share, not at all in one that has more.
    """
    domains = int(max(judged.max(), train.max())) + 1
    shares, wanted = (np.bincount(values, minlength=domains) / len(values) for values in (judged, train))
    value = float(np.minimum(shares, wanted).sum())
    helps = (shares < wanted)[judged].astype(np.float64)
    low, high = bootstrap.percentile_interval(value, [helps - helps.mean()])
    return low, min(high, 1.0)
