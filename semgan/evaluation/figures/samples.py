"""How good pictures drawn from noise are, without outside weights: are they whole, of every domain, new, and of many kinds?

Every number stands beside the same number of held-out real pictures, taken by the same judge, so that its errors show in both.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.figures.judge_figures import COMPARED, feature_figures, judge_origin, scaled, spread, value_of
from semgan.evaluation.figures.passport import to_json
from semgan.evaluation.figures.sample_figures import Group, sample_figures
from semgan.evaluation.figures.training_pictures import features_of, nearest_pictures
from semgan.evaluation.figures.variety import diversity_share
from semgan.evaluation.judge import faces
from semgan.evaluation.judge.judge import Judge, Verdict, decide
from semgan.evaluation.report.describe import describe_dataset, describe_judge
from semgan.evaluation.report.figure_table import figure_lines
from semgan.evaluation.scores.audit import audit, audit_text
from semgan.evaluation.scores.neighbours import mean_distance, nearest

_HELD_OUT = 2000
Checks = dict[str, np.ndarray]
"""Which pictures pass, by the check's name."""


def evaluate_samples(
    images: np.ndarray,
    judge: Judge,
    train: Dataset,
    test: Dataset,
    *,
    seeds: Mapping[str, int] | None = None,
    truncation: float | None = None,
) -> dict[str, Any]:
    """Judges samples, uint8 (n, size, size, 3), beside the held-out split `test`, as plain JSON-able data.

    Args:
      seeds, truncation: of the samples, for the figures' passports.

    Returns:
      `whole_faces`: share of the samples in which every check of `faces.face_checks` holds. The checks' ranges come from every other
        picture of the held-out split; the share among the rest of it is `whole_faces_real`. None without masks and landmarks.
      `checks`: by name, such as "mouth", what a whole face is made of: its `range`s (of the class's area, place and spread, see
        `faces.class_measures`, or of the distance of the eyes in picture widths; "layout" has none, see `faces.Layout`) and how many
        pass, among `samples` and `real`.
      `medium_coverage`: 1 less the total variation distance between the domains that the samples are judged to be of and the domains of
        the train split, 1 at best; `medium_coverage_real`: of held-out pictures, judged alike. `domains`: shares by domain, of `train`
        (true), `samples` and `real` (judged).
      `neighbour_distance`: mean distance of a sample to the nearest training picture in the judge's features (unit length, so at
        most 2); `neighbour_distance_real`: of held-out pictures. `copies`: share of the samples that are nearer to a training
        picture than 99 % of the held-out ones are; 0.01 when they are as new as those, less when farther. `audit`: whether that
        amounts to copying, with p-values (see `audit.audit`).
      `diversity`: mean distance of two samples in the features; `diversity_real`: of two held-out pictures; `diversity_share`: of all
        samples, as a share of that of all held-out pictures (see `variety`).
      `recall`: the share of the held-out pictures that lie among the samples (see `manifold.membership`); None for fewer than six.
      `figures`: all these numbers, and the features' distances, precision, density and coverage, each with its interval and passport
        (see `passport.to_json`).
      `samples`, `real`, `train` (how many pictures), `judge`, `dataset`, `notes`.
    """
    if images.dtype != np.uint8 or images.shape[1:] != test.images.shape[1:]:
        raise ValueError(f"samples are {images.dtype} {images.shape}, not uint8 (n, {test.images.shape[1:]})")
    if len(images) < 2:
        raise UserError(f"{len(images)} samples are no measurement: set judge.samples (or --pairs) to at least 2")
    real_images = test.images[spread(test.rows, _HELD_OUT)]
    samples, real = decide(judge, images), decide(judge, real_images)
    trained = features_of(judge, train)
    (distances, places), (real_distances, _) = nearest(samples.features, trained), nearest(real.features, trained)
    audited = audit(samples.features, real.features, trained, distances, real_distances)
    passed, passed_real, wholeness = _wholeness(samples, real, test.names.get("mask", ()))
    report = {
        **wholeness,
        **_coverage(samples.domain, real.domain, train),
        "neighbour_distance": float(distances.mean()),
        "neighbour_distance_real": float(real_distances.mean()),
        "copies": audited.report["copies"],
        "audit": audited.report,
        "nearest": nearest_pictures(distances, places, train),
        "diversity_share": diversity_share(samples.features, real.features),
        "diversity": mean_distance(spread(samples.features, COMPARED)),
        "diversity_real": mean_distance(spread(real.features, COMPARED)),
        "samples": len(images),
        "real": len(real_images),
        "train": len(trained),
        "judge": describe_judge(judge),
        "dataset": describe_dataset(test),
        "notes": _notes(real, train),
    }
    origin = judge_origin(judge, test, seeds or {}, truncation)
    groups = Group(passed, samples.domain, distances, samples.features), Group(passed_real, real.domain, real_distances, real.features)
    beside, notes = feature_figures(scaled(samples.features), scaled(real.features), origin)
    figures = [*sample_figures(report, *groups, audited, train, origin), *beside]
    notes = report["notes"] + notes
    return report | {"recall": value_of(figures, "recall"), "figures": [to_json(figure) for figure in figures], "notes": notes}


def coverage(shares: np.ndarray, wanted: np.ndarray) -> float:
    """1 less the total variation distance of two distributions: the part of `wanted` that `shares` covers."""
    return float(1 - np.abs(shares - wanted).sum() / 2)


def _coverage(judged: np.ndarray, judged_real: np.ndarray, train: Dataset) -> dict[str, Any]:
    counted = {"train": train.domain, "samples": judged, "real": judged_real}
    shares = {name: np.bincount(values, minlength=len(train.domains)) / len(values) for name, values in counted.items()}
    by_domain = {domain: {name: float(values[i]) for name, values in shares.items()} for i, domain in enumerate(train.domains)}
    return {
        "medium_coverage": coverage(shares["samples"], shares["train"]),
        "medium_coverage_real": coverage(shares["real"], shares["train"]),
        "domains": by_domain,
    }


def _wholeness(samples: Verdict, real: Verdict, names: tuple[str, ...]) -> tuple[Checks, Checks, dict[str, Any]]:
    """Which samples and which held-out pictures pass each check, and what the report says of it."""
    measured, rest = (jax.tree.map(lambda values, first=first: values[first::2], real) for first in range(2))
    rule = faces.face_rule(measured, len(names))
    if rule is None:
        return {}, {}, {"whole_faces": None, "whole_faces_real": None, "checks": {}}
    passed, passed_real = faces.face_checks(rule, samples, names), faces.face_checks(rule, rest, names)
    ranges: dict[str, dict[str, Any]] = {
        names[number]: dict(zip(faces.MEASURES, bounds.tolist(), strict=True)) for number, bounds in rule.classes.items()
    }
    if rule.inter_ocular is not None:
        ranges[faces.EYES] = {"distance": rule.inter_ocular.tolist()}
    checks = {
        name: {"range": ranges.get(name, {}), "samples": float(passed[name].mean()), "real": float(passed_real[name].mean())}
        for name in passed
    }
    whole, whole_real = (float(np.mean(faces.whole(each))) for each in (passed, passed_real))
    return passed, passed_real, {"whole_faces": whole, "whole_faces_real": whole_real, "checks": checks}


def _notes(real: Verdict, train: Dataset) -> list[str]:
    notes = []
    if real.mask is None and real.landmarks is None:
        notes.append("whole faces are unknown: the data has neither masks nor landmarks")
    elif real.mask is None:
        notes.append("whole faces are told by landmarks alone: the data has no masks")
    elif real.landmarks is None:
        notes.append("whole faces are told by masks alone: the data has no landmarks")
    if len(train.domains) == 1:
        notes.append("coverage says nothing: the data has one domain")
    return notes


def sample_text(report: dict[str, Any]) -> str:
    """What `evaluate_samples` found, in a few lines for a terminal."""
    data = report["dataset"]
    lines = [f"{report['samples']:,} samples beside {report['real']:,} pictures of the {data['split']} split of {data['name']}"]
    rows = [
        ("whole faces", report["whole_faces"], report["whole_faces_real"]),
        ("coverage of the domains", report["medium_coverage"], report["medium_coverage_real"]),
        ("diversity", report["diversity"], report["diversity_real"]),
        ("distance to a training picture", report["neighbour_distance"], report["neighbour_distance_real"]),
        ("nearer than 99 % of the real", report["copies"], 0.01),
    ]
    lines += [f"  {label:<32}{_number(value)}, real {_number(real)}" for label, value, real in rows]
    lines += [f"  {line}" for line in figure_lines(report["figures"])]
    lines.append(f"  {audit_text(report['audit'])}")
    if report["checks"]:
        failed = sorted((check["samples"], name) for name, check in report["checks"].items())
        lines.append("  passed by the fewest: " + ", ".join(f"{name} {share:.3f}" for share, name in failed[:3]))
    lines.append("  judged as: " + ", ".join(f"{name} {by['samples']:.2f}" for name, by in report["domains"].items()))
    return "\n".join(lines + [f"  note: {note}" for note in report["notes"]])


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
