"""An evaluation as plain data: what `semgan evaluate` writes, what a run keeps as its result, and what goes into its log.

Every number is looked up among the figures; the tables here only say under which key it stands.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.answer_figures import BY_DOMAINS, PARTS, SCORE
from semgan.evaluation.figures.evaluation import Evaluation
from semgan.evaluation.figures.examples import Example
from semgan.evaluation.figures.figure import Figure, by_name, to_json
from semgan.evaluation.figures.transfer_figures import COPIED, ROLES
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.report.describe import describe_dataset, describe_judge
from semgan.evaluation.scores.audit import LEVEL, is_copying

TRANSFER_SCORES = ("transfer_score", "retention", "adoption")
SAMPLE_SCORES = ("whole_faces", "medium_coverage", "neighbour_distance")
_LOGGED = ("diversity_share", "recall")
LABEL_FREE_SCORES = ("label_free_score", "label_free_retention", "style_adoption", "reference_match")
_LOGGED_WHERE_TAKEN = (SCORE, *PARTS, *LABEL_FREE_SCORES, "answer_ssim", "grid", "fd_judge", "precision", "fid")
_Values = Mapping[str, float]


def is_of_samples(evaluation: Evaluation) -> bool:
    """Returns whether the evaluated model draws from noise."""
    return evaluation.value("medium_coverage") is not None


def shown_scores(evaluation: Evaluation) -> list[str]:
    """Returns the names of the scores that stand first in a report; those of annotations where there are some, or nothing else is known."""
    if is_of_samples(evaluation):
        return list(SAMPLE_SCORES)
    values = _values(evaluation.figures)
    label_free = LABEL_FREE_SCORES if any(name in values for name in LABEL_FREE_SCORES) else ()
    of_annotations = TRANSFER_SCORES if "agreement" in values or not label_free else ()
    return [*(name for name in (SCORE,) if name in values), *of_annotations, *label_free]


def logged_scores(evaluation: Evaluation) -> dict[str, float | None]:
    """Returns the scores that a run's log and its snapshot keep, by name; None for one that is unknown."""
    values = _values(evaluation.figures)
    return {name: values.get(name) for name in (*shown_scores(evaluation), *_LOGGED)} | {
        figure.name: figure.value for figure in evaluation.figures if figure.name in _LOGGED_WHERE_TAKEN
    }


def evaluation_json(evaluation: Evaluation, judge: Judge, test: Dataset) -> dict[str, Any]:
    """Returns all of an evaluation but the pictures.

    Returns:
      `figures` (see `figure.to_json`), `notes`, `diversity_share`, `recall`, `judge` and `dataset` (see `describe`); None for a number
      that is unknown. In addition, for translations:
      `answer_score` and its parts, and `answers` (shares by figure, source domain and target domain); unknown and empty for data that do
      not know the answers; `label_free_score`, `label_free_retention`, `style_adoption` and `reference_match`;
      `transfer_score`, `retention`, `adoption`; `agreement`, `domain_accuracy`, `landmark_error`, `attributes_kept` and `attributes` (by
      name), each by role (translated, content copied, reference copied); `adopted` (source domain -> target domain -> share);
      `diversity` (`latent`: of ten styles, `real`: of ten real pictures); `pairs`, `seed`.
      In addition, for samples:
      `whole_faces`, `medium_coverage`, `neighbour_distance` and `diversity`, each with one of held-out pictures, such as
      `whole_faces_real`; `copies`; `checks` (by name `range`, and the shares of `samples` and `real` pictures that pass); `domains`
      (shares by domain: of `train`, true, of `samples` and `real`, judged); `samples`, `real`, `train` (how many pictures).
      Where the training pictures were compared too, `audit` and `nearest`, and for translations `best_pairs` and `worst_pairs` (see
      `examples`); where strengths were asked for, `strength_curve`.
    """
    tables = _of_samples(evaluation, judge, test) if is_of_samples(evaluation) else _of_translations(evaluation, judge, test)
    if evaluation.by_strength:
        tables["strength_curve"] = [strength_point(strength, figures) for strength, figures in evaluation.by_strength.items()]
    return tables


def _of_translations(evaluation: Evaluation, judge: Judge, test: Dataset) -> dict[str, Any]:
    values, pairs = _values(evaluation.figures), by_name(evaluation.figures)["domain_accuracy"].passport

    def by_role(measure: str) -> dict[str, float | None]:
        return {role: values.get(of_role(measure, role)) for role in ROLES}

    tables = {
        **{name: values.get(name) for name in (SCORE, *PARTS, *LABEL_FREE_SCORES)},
        "answers": {name: table for name in BY_DOMAINS if (table := by_domains(values, name, test.domains))},
        **{name: values.get(name) for name in TRANSFER_SCORES},
        **{measure: by_role(measure) for measure in ("agreement", "domain_accuracy", "landmark_error")},
        "attributes": {role: _attributes(values, role, judge, test) for role in ROLES},
        "attributes_kept": by_role("attributes_kept"),
        "notes": list(evaluation.notes),
        "diversity_share": values.get("diversity_share"),
        "recall": values.get("recall"),
        "figures": [to_json(figure) for figure in evaluation.figures],
        "adopted": by_domains(values, "adopted", test.domains),
        "diversity": {"latent": values.get("style_diversity"), "real": values.get("style_diversity/real")},
        "judge": describe_judge(judge),
        "pairs": pairs.fake_count,
        "seed": pairs.seeds["pairs"],
        "dataset": describe_dataset(test),
    }
    if "copies" in values:
        tables["best_pairs"], tables["worst_pairs"] = map(_about, evaluation.examples[:2])
        tables |= {"audit": audit_json(evaluation.figures), "nearest": _about(evaluation.examples.nearest)}
    return tables


def _of_samples(evaluation: Evaluation, judge: Judge, test: Dataset) -> dict[str, Any]:
    values, figures = _values(evaluation.figures), by_name(evaluation.figures)
    samples, real = (figures[name].passport for name in ("neighbour_distance", "neighbour_distance/real"))

    def beside_real(name: str) -> dict[str, float | None]:
        return {name: values.get(name), f"{name}_real": values.get(f"{name}/real")}

    return {
        **beside_real("whole_faces"),
        "checks": {
            name: {"range": ranges, "samples": values[f"checks/{name}"], "real": values[f"checks/{name}/real"]}
            for name, ranges in evaluation.checks.items()
        },
        **beside_real("medium_coverage"),
        "domains": {
            domain: {"train": share, "samples": values[f"domains/{domain}"], "real": values[f"domains/{domain}/real"]}
            for domain, share in evaluation.training_shares.items()
        },
        **beside_real("neighbour_distance"),
        "copies": values["copies"],
        "audit": audit_json(evaluation.figures),
        "nearest": _about(evaluation.examples.nearest),
        "diversity_share": values.get("diversity_share"),
        **beside_real("diversity"),
        "samples": samples.fake_count,
        "real": real.fake_count,
        "train": samples.real_count,
        "judge": describe_judge(judge),
        "dataset": describe_dataset(test),
        "notes": list(evaluation.notes),
        "recall": values.get("recall"),
        "figures": [to_json(figure) for figure in evaluation.figures],
    }


def strength_point(strength: float, figures: Sequence[Figure]) -> dict[str, Any]:
    """Returns one point of the curve over the strength of the style; None for what the data or the judge cannot tell.

    Keys: `strength`, `transfer_score`, `retention`, `adoption`; of the translations alone `mask_iou`, `landmark_error` (inter-ocular
    distances), `attributes` (mean balanced agreement over those that should be kept) and `domain_accuracy` (share judged as the
    reference's domain); `figures`, with their intervals and passports, which name the strength.
    """
    values, agreement = _values(figures), by_name(figures).get("agreement")
    of_masks = agreement is not None and agreement.passport.parameters["agreement"] == "masks"
    return {
        "strength": strength,
        **{name: values.get(name) for name in TRANSFER_SCORES},
        "mask_iou": values["agreement"] if of_masks else None,
        "landmark_error": values.get("landmark_error"),
        "attributes": values.get("attributes_kept"),
        "domain_accuracy": values["domain_accuracy"],
        "figures": [to_json(figure) for figure in figures],
    }


def audit_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """Returns the memorisation audit of an evaluation's figures.

    Keys: `copying` (whether a p-value is below `level`), `statistic` (C_T in standard deviations, negative where generated pictures are
    nearer to training pictures than held-out ones are) and its one-sided `p_value`, `cells` (of how many it is the mean), `copies` (share
    of the pictures that are nearer than 99 % of the held-out ones) and its `copies_p_value`, `level`.
    """
    named = by_name(figures)
    statistic, p_value, copies, copies_p_value = (
        named[name] for name in ("copying_statistic", "copying_statistic/p_value", "copies", "copies/p_value")
    )
    return {
        "copying": is_copying(p_value.value, copies_p_value.value),
        "statistic": statistic.value,
        "p_value": p_value.value,
        "cells": statistic.passport.parameters["cells"],
        "copies": copies.value,
        "copies_p_value": copies_p_value.value,
        "level": LEVEL,
    }


def of_role(measure: str, role: str) -> str:
    """Returns the name of the figure of a role, such as "agreement/content"; for translations it is the measure's own."""
    return f"{measure}/{role}" if role in COPIED else measure


def _attributes(values: _Values, role: str, judge: Judge, test: Dataset) -> dict[str, float | None] | None:
    """Returns the attributes' agreement by name; None where the data or the judge has no attributes."""
    if not judge.heads.attributes or "attributes" not in test.annotations:
        return None
    return {name: values.get(of_role(f"attributes/{name}", role)) for name in test.names["attributes"]}


def by_domains(values: Mapping[str, Any], name: str, domains: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Returns what there is under "NAME/SOURCE/TARGET", by source and target."""
    table = {a: {b: values[f"{name}/{a}/{b}"] for b in domains if f"{name}/{a}/{b}" in values} for a in domains}
    return {source: by_target for source, by_target in table.items() if by_target}


def _about(examples: Sequence[Example]) -> list[dict[str, Any]]:
    return [example.about for example in examples]


def _values(figures: Sequence[Figure]) -> dict[str, float]:
    return {figure.name: figure.value for figure in figures}
