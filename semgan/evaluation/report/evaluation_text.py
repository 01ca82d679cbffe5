"""An evaluation in a few lines for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.answer_figures import PARTS, SCORE
from semgan.evaluation.figures.evaluation import Evaluation
from semgan.evaluation.figures.figure import Figure, by_name
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.report.evaluation_json import LABEL_FREE_SCORES, TRANSFER_SCORES, by_domains, is_of_samples, of_role, shown_scores
from semgan.evaluation.report.figure_table import figure_lines, interval
from semgan.evaluation.scores.audit import is_copying

_BESIDE_COPIES = {
    "agreement": "agreement with the content",
    "domain_accuracy": "judged as the target domain",
    "landmark_error": "landmark error (inter-ocular)",
}
_BESIDE_REAL = {
    "whole_faces": "whole faces",
    "medium_coverage": "coverage of the domains",
    "diversity": "diversity",
    "neighbour_distance": "distance to a training picture",
}
_LEAST_PASSED = 3
"""The most checks that are named."""


def evaluation_text(evaluation: Evaluation, judge: Judge, test: Dataset) -> str:
    """Returns the lines."""
    lines = _samples_lines(evaluation, test) if is_of_samples(evaluation) else _transfer_lines(evaluation, judge, test)
    return "\n".join(lines + [f"  note: {note}" for note in evaluation.notes])


def audit_text(figures: Mapping[str, Figure]) -> str:
    """Returns the verdict of the memorisation audit in one line."""
    p_value, copies_p_value = (figures[f"{name}/p_value"].value for name in ("copying_statistic", "copies"))
    verdict = "it copies training pictures" if is_copying(p_value, copies_p_value) else "no sign of copied training pictures"
    return (
        f"{verdict}: C_T {figures['copying_statistic'].value:.1f} (p {p_value:.2g}), "
        f"{figures['copies'].value:.3f} nearer than 99 % of the real (p {copies_p_value:.2g})"
    )


def _transfer_lines(evaluation: Evaluation, judge: Judge, test: Dataset) -> list[str]:
    figures = by_name(evaluation.figures)
    pairs, styles = figures["domain_accuracy"].passport, ("style_diversity", "style_diversity/real")
    lines = [
        *_score_lines(figures, shown_scores(evaluation)),
        f"  on {pairs.fake_count} pairs (seed {pairs.seeds['pairs']}) of the {test.split} split of {test.name}, "
        f"domains {', '.join(test.domains)}",
    ]
    for measure, label in _BESIDE_COPIES.items():
        if measure in figures or (measure == "agreement" and not any(name in figures for name in LABEL_FREE_SCORES)):
            copied = (f"{role} copied {_number(figures, of_role(measure, role))}" for role in ("content", "reference"))
            lines.append(f"  {label:<30}translated {_whole(figures, measure)}, {', '.join(copied)}")
    own, real = (_whole(figures, styles[0]), _number(figures, styles[1]))
    lines.append(f"  {'diversity of ten styles':<30}{own}, of ten real pictures {real}")
    named = {*TRANSFER_SCORES, *LABEL_FREE_SCORES, SCORE, *PARTS, *_BESIDE_COPIES, *styles}
    lines += [f"  {line}" for line in figure_lines(figure for figure in evaluation.figures if figure.name not in named)]
    lines += [f"  {line}" for line in _domain_lines(figures, SCORE, test.domains)]
    lines += [f"  {_strength_text(*point)}" for point in evaluation.by_strength.items()]
    if "copies" in figures:
        lines.append(f"  {audit_text(figures)}")
    accuracy = judge.accuracy
    return [*lines, f"  judge {judge.name} on {accuracy['images']} held-out real pictures: {_judge_text(accuracy)}"]


def _score_lines(figures: Mapping[str, Figure], shown: Sequence[str]) -> list[str]:
    """Returns a line for each of the scores that stand first in a report, with its parts."""
    scores = {SCORE: PARTS, "transfer_score": TRANSFER_SCORES[1:], "label_free_score": LABEL_FREE_SCORES[1:]}
    return [
        f"{_TITLES[name]} {_whole(figures, name)}: " + ", ".join(f"{_TITLES.get(part, part)} {_whole(figures, part)}" for part in parts)
        for name, parts in scores.items()
        if name in shown
    ]


def _samples_lines(evaluation: Evaluation, test: Dataset) -> list[str]:
    figures = by_name(evaluation.figures)
    samples, real = (figures[name].passport.fake_count for name in ("neighbour_distance", "neighbour_distance/real"))
    lines = [f"{samples:,} samples beside {real:,} pictures of the {test.split} split of {test.name}"]
    lines += [
        f"  {label:<32}{_whole(figures, name)}, real {_number(figures, f'{name}/real')}"
        for name, label in _BESIDE_REAL.items()
        if name in figures or name == "whole_faces"
    ]
    lines.append(f"  {'nearer than 99 % of the real':<32}{_whole(figures, 'copies')}, real 0.010")
    named = {*_BESIDE_REAL, "copies"}
    lines += [f"  {line}" for line in figure_lines(figure for figure in evaluation.figures if figure.name not in named)]
    lines.append(f"  {audit_text(figures)}")
    if evaluation.checks:
        fewest = sorted((figures[f"checks/{name}"].value, name) for name in evaluation.checks)[:_LEAST_PASSED]
        lines.append("  passed by the fewest: " + ", ".join(f"{name} {share:.3f}" for share, name in fewest))
    judged_as = (f"{domain} {figures[f'domains/{domain}'].value:.2f}" for domain in test.domains)
    return [*lines, f"  judged as: {', '.join(judged_as)}"]


def _domain_lines(figures: Mapping[str, Figure], name: str, domains: Sequence[str]) -> list[str]:
    """A table of a figure from each domain to each other; nothing where there are not several of either."""
    values = by_domains(figures, name, domains)
    targets = [target for target in domains if any(target in row for row in values.values())]
    if len(values) < 2:
        return []
    width = max(map(len, domains)) + 2
    lines = ["".join(f"{each:>{width}}" for each in (f"{name}, into", *targets))]
    indent = len(lines[0]) - width * len(targets)
    for source, row in values.items():
        cells = (f"{row[each].value:.2f}" if each in row else "" for each in targets)
        lines.append(f"{'from ' + source:>{indent}}" + "".join(f"{cell:>{width}}" for cell in cells))
    return lines


def _strength_text(strength: float, figures: Sequence[Figure]) -> str:
    named = by_name(figures)
    scores = [f"{_TITLES.get(name, name)} {_number(named, name)}" for name in TRANSFER_SCORES if name in named]
    adopted = f"{_BESIDE_COPIES['domain_accuracy']} {_number(named, 'domain_accuracy')}"
    return f"at strength {strength:<{len('strength of the style')}g}" + ", ".join(scores or [adopted])


_TITLES = {
    SCORE: "answer score",
    "answer_structure": "structure",
    "answer_color": "colour",
    "answer_texture": "texture",
    "transfer_score": "transfer score",
    "label_free_score": "label-free score",
    "label_free_retention": "retention",
    "style_adoption": "style adoption",
    "reference_match": "reference match",
}


def _judge_text(accuracy: Mapping[str, Any]) -> str:
    parts = [f"domain {accuracy['domain']:.3f}"]
    if "mask_iou" in accuracy:
        parts.append(f"mask IoU {accuracy['mask_iou']:.3f}")
    if "landmark_error" in accuracy:
        parts.append(f"landmark error {accuracy['landmark_error']:.3f}")
    if values := [value for value in accuracy.get("attributes", {}).values() if value is not None]:
        parts.append(f"attributes {sum(values) / len(values):.3f}")
    return ", ".join(parts)


def _number(figures: Mapping[str, Figure], name: str) -> str:
    return f"{figures[name].value:.3f}" if name in figures else "unknown"


def _whole(figures: Mapping[str, Figure], name: str) -> str:
    """A figure with its interval, where it has one."""
    between = interval(figures[name]) if name in figures else ""
    return _number(figures, name) + (f" (95 %: {between})" if between else "")
