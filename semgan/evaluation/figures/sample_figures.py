"""The quality of pictures drawn from noise, without outside weights: whether they are whole, of every domain, new and different.

The same figure of held-out pictures is called "NAME/real", so that the judge's errors show in both; a figure's parts are called
"NAME/PART".
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.figures.audit_figures import audit_figures
from semgan.evaluation.figures.diversity import share_figures
from semgan.evaluation.figures.evaluation import Evaluation
from semgan.evaluation.figures.examples import Examples, nearest_examples
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.judge_figures import COMPARED, feature_figures, pick_evenly, to_unit_mean_square
from semgan.evaluation.figures.origin import OF, Origin, beside_training, judge_origin
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.judge import faces
from semgan.evaluation.judge.judge import Judge, Verdict, decide
from semgan.evaluation.judge.judge_features import features_of
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.audit import run_audit
from semgan.evaluation.scores.domain_coverage import coverage_interval, domain_coverage, domain_shares
from semgan.evaluation.scores.neighbours import mean_distance, nearest
from semgan.evaluation.scores.variety import distance_influences

_HELD_OUT = 2000
_GENERATED, _REAL = "generated pictures", "held-out pictures"
_FIXED = "the real ones taken as fixed"
Checks = Mapping[str, Bool[np.ndarray, " checked"]]
"""For each check, by its name, which pictures pass."""


class _Group(NamedTuple):
    """Judged pictures, either samples or held-out ones.

    Attributes:
      passes: for each check of a whole face, which pictures pass; empty where the data has nothing to check. Held-out pictures that
        the checks' ranges come from are left out.
      domain: the domain that each picture is judged to be of.
      distances: each picture's distance to its nearest training picture.
      features: one vector per picture.
      rule_count: how many held-out pictures the checks' ranges come from.
      real: whether they are held-out pictures.
    """

    passes: Checks
    domain: Int[np.ndarray, " picture"]
    distances: Float[np.ndarray, " picture"]
    features: Float[np.ndarray, "picture feature"]
    rule_count: int
    real: bool


def evaluate_samples(
    images: UInt8[np.ndarray, "picture size size 3"],
    judge: Judge,
    train: Dataset,
    test: Dataset,
    *,
    seeds: Mapping[str, int] | None = None,
    truncation: float | None = None,
) -> Evaluation:
    """Judges samples beside the held-out split `test`.

    Args:
      seeds, truncation: of the samples, for the figures' passports.

    Returns:
      An evaluation with these figures:
      `whole_faces`: share of the samples in which every check of `faces.face_checks` holds; none without masks and landmarks. The checks'
        ranges come from every other picture of the held-out split; the share among the rest of it is `whole_faces/real`.
        `checks/NAME`, such as "checks/mouth": the share that passes one of them.
      `medium_coverage`: 1 less the total variation distance between the domains that the samples are judged to be of and the domains of
        the train split, 1 at best. `domains/NAME`: share that is judged to be of a domain.
      `neighbour_distance`: mean distance of a sample to the nearest training picture in the judge's features (unit length, so at
        most 2).
      `copies`, `copying_statistic`: see `audit_figures`. The first is 0.01 when samples are as new as held-out pictures.
      `diversity`: mean distance of two samples in the features; `diversity_share`: of all samples, as a share of that of all held-out
        pictures.
      And the features' distances, precision, recall, density and coverage, see `judge_figures`.
    """
    _check_samples(images, test)
    verdict, real_verdict = decide(judge, images), decide(judge, test.images[pick_evenly(test.rows, _HELD_OUT)])
    train_features = features_of(judge, train)
    (distances, places), (real_distances, _) = nearest(verdict.features, train_features), nearest(real_verdict.features, train_features)
    passes, real_passes, checks = _face_checks(verdict, real_verdict, test.names.get("mask", ()))
    rule_count = -(-len(real_verdict.domain) // 2)  # every other one, from the first on
    samples = _Group(passes, verdict.domain, distances, verdict.features, rule_count, real=False)
    real = _Group(real_passes, real_verdict.domain, real_distances, real_verdict.features, rule_count, real=True)
    origin = judge_origin(judge, test, seeds or {}, truncation)
    audit = run_audit(samples.features, real.features, train_features, distances, real_distances)
    beside_train = beside_training(origin, train).passport(len(train_features), len(images))
    feature_scores, notes = feature_figures(to_unit_mean_square(samples.features), to_unit_mean_square(real.features), origin)
    figures = [
        *_group_figures(samples, train, origin),
        *share_figures(samples.features, real.features, origin),
        *audit_figures(audit, beside_train),
        *_group_figures(real, train, origin),
        *_part_figures(samples, train, origin),
        *_part_figures(real, train, origin),
        *feature_scores,
    ]
    examples = Examples(nearest=nearest_examples(distances, places, images, train))
    shares = dict(zip(train.domains, domain_shares(train.domain, len(train.domains)).tolist(), strict=True))
    return Evaluation(figures, [*_notes(real_verdict, train), *notes], examples, checks=checks, training_shares=shares)


def _check_samples(images: np.ndarray, test: Dataset) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != test.images.shape[1:]:
        raise ValueError(f"samples are {images.dtype} {images.shape}, not uint8 (n, {test.images.shape[1:]})")
    if len(images) < 2:
        raise UserError(f"{len(images)} samples cannot be measured: set judge.samples (or --pairs) to at least 2")


def _face_checks(samples: Verdict, real: Verdict, names: tuple[str, ...]) -> tuple[Checks, Checks, dict[str, dict[str, Any]]]:
    """Returns which samples and which held-out pictures pass each check, and the checks' ranges."""
    rule_half, check_half = (jax.tree.map(lambda values, first=first: values[first::2], real) for first in range(2))
    rule = faces.face_rule(rule_half, len(names))
    if rule is None:
        return {}, {}, {}
    passes, real_passes = faces.face_checks(rule, samples, names), faces.face_checks(rule, check_half, names)
    ranges: dict[str, dict[str, Any]] = {
        names[number]: dict(zip(faces.MEASURES, bounds.tolist(), strict=True)) for number, bounds in rule.classes.items()
    }
    if rule.inter_ocular is not None:
        ranges[faces.EYES] = {"distance": rule.inter_ocular.tolist()}
    return passes, real_passes, {name: ranges.get(name, {}) for name in passes}


def _group_figures(group: _Group, train: Dataset, origin: Origin) -> Iterator[Figure]:
    """Computes `whole_faces`, `medium_coverage`, `neighbour_distance` and `diversity`."""
    beside_train = _passport(beside_training(origin, train).passport(len(train.rows), len(group.domain)), group)

    def figure(name: str, value: float, interval: tuple[float, float], passport: Passport, fixed: str = "") -> Figure:
        return Figure(_figure_name(name, group), value, interval, passport, resamples_of(_pictures(group) + fixed))

    if group.passes:
        whole = faces.whole(group.passes)
        of_rule = _passport(origin.passport(group.rule_count, len(whole)), group)
        yield figure("whole_faces", float(np.mean(whole)), bootstrap.mean_interval(whole), of_rule, f", {_FIXED}")
    shares, goal = (domain_shares(domain, len(train.domains)) for domain in (group.domain, train.domain))
    yield figure("medium_coverage", domain_coverage(shares, goal), coverage_interval(group.domain, train.domain), beside_train)
    distance, interval = float(group.distances.mean()), bootstrap.mean_interval(group.distances)
    yield figure("neighbour_distance", distance, interval, beside_train, f", {_FIXED}")
    compared = pick_evenly(group.features, COMPARED)
    alone, diversity = origin._replace(real="", split="").passport(0, len(compared)), mean_distance(compared)
    interval = bootstrap.percentile_interval(diversity, [distance_influences(compared)])
    yield figure("diversity", diversity, interval, _passport(alone, group))


def _part_figures(group: _Group, train: Dataset, origin: Origin) -> Iterator[Figure]:
    """Computes `checks/NAME` and `domains/NAME`: the shares of the pictures that pass a check, and that are judged to be of a domain."""
    shares = {f"checks/{name}": (passes, group.rule_count) for name, passes in group.passes.items()}
    shares |= {f"domains/{name}": (group.domain == number, 0) for number, name in enumerate(train.domains)}
    for name, (share, real_count) in shares.items():
        passport, interval = _passport(origin.passport(real_count, len(share)), group), bootstrap.mean_interval(share)
        yield Figure(_figure_name(name, group), float(share.mean()), interval, passport, resamples_of(_pictures(group)))


def _figure_name(name: str, group: _Group) -> str:
    return f"{name}/real" if group.real else name


def _pictures(group: _Group) -> str:
    return _REAL if group.real else _GENERATED


def _passport(passport: Passport, group: _Group) -> Passport:
    """Returns the passport for a group; held-out pictures have no seeds and no truncation."""
    return passport._replace(seeds={}, truncation=None).with_parameters(**{OF: _REAL}) if group.real else passport


def _notes(real: Verdict, train: Dataset) -> list[str]:
    notes = []
    if real.mask is None and real.landmarks is None:
        notes.append("whole faces are unknown: the data has neither masks nor landmarks")
    elif real.mask is None:
        notes.append("whole faces are judged by landmarks alone: the data has no masks")
    elif real.landmarks is None:
        notes.append("whole faces are judged by masks alone: the data has no landmarks")
    if len(train.domains) == 1:
        notes.append("coverage says nothing: the data has one domain")
    return notes
