"""Scores of a run's model by the judge, on the way and at the end."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from semgan.data.loader import take_inputs
from semgan.errors import UserError
from semgan.progress import say
from semgan.trained_model import PIECE, TrainedModel
from semgan.training.job import Job, sample

_SCORES = (
    *("transfer_score", "retention", "adoption", "whole_faces", "medium_coverage", "neighbour_distance"),
    *("diversity_share", "recall"),
)
_FIGURES = ("fd_judge", "precision", "fid")
"""The parts of an evaluation's report, and its figures, that the log and the snapshot keep."""


def score(job: Job, model: TrainedModel) -> dict[str, Any] | None:
    """Returns the judge's report; None for data that it cannot judge."""
    from semgan.evaluation.judge.judge import load_or_train

    settings = job.config.judge
    say("taking the scores")
    try:
        judge = load_or_train(job.whole, job.test, channels=settings.channels, steps=settings.steps, batch_size=settings.batch_size)
        return _sample_scores(job, model, judge) if "sample" in job.kinds else _transfer_scores(job, model, judge)
    except UserError as error:
        say(f"no scores: {error}")
        return None


def summary(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """Returns the scores that the log and the snapshot keep, by name."""
    figures = {figure["name"]: figure["value"] for figure in scores["figures"] if figure["name"] in _FIGURES}
    return {name: scores[name] for name in _SCORES if name in scores} | figures


def _sample_scores(job: Job, model: TrainedModel, judge: Any) -> dict[str, Any]:
    from semgan.evaluation.figures import inception_figures
    from semgan.evaluation.figures.samples import evaluate_samples

    position = np.arange(job.config.judge.samples, dtype=np.int32)
    inputs = take_inputs(job.test, job.algorithm.inputs, position % len(job.test.rows))
    images = sample(job, model, {"position": position, **inputs})["sample"]
    seeds = {"latents": job.config.seed}
    scores = evaluate_samples(images, judge, job.whole, job.test, seeds=seeds, truncation=1.0)
    if job.config.judge.inception:
        made = inception_figures.sample_figures(_inception(job.config.judge.inception), images, job.test, seeds=seeds, scores=("fd",))
        _add(scores, *made)
    return scores


@cache
def _inception(path: str) -> Any:
    """Read once in a process."""
    from semgan.evaluation.extractors import tools

    return tools.load_extractor(path, tools.PROTOCOL)


def _add(scores: dict[str, Any], figures: Sequence[Any], notes: Sequence[str]) -> None:
    from semgan.evaluation.figures.passport import to_json

    scores["figures"] = [*scores["figures"], *map(to_json, figures)]
    scores["notes"] = [*scores["notes"], *notes]


def _transfer_scores(job: Job, model: TrainedModel, judge: Any) -> dict[str, Any]:
    from semgan.evaluation.figures import inception_figures
    from semgan.evaluation.figures.semantics import full_report
    from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations

    guide = "reference" if "reference" in job.kinds else "translated"

    def translate(batch: dict[str, np.ndarray]) -> np.ndarray:
        return sample(job, model, batch)[guide]

    def translate_latent(batch: dict[str, np.ndarray], stream: int) -> np.ndarray:
        return sample(job, model, batch, stream)["latent"]

    judged = judge_pairs(judge, job.test, pairs=job.config.judge.pairs, targets=job.algorithm.targets, inputs=job.algorithm.inputs)
    translated = judge_translations(translate, judged, PIECE)
    scores = full_report(judged, translated, translate_latent if "latent" in job.kinds else None)
    if job.config.judge.inception:
        told = {"seeds": {"pairs": judged.seed}, "parameters": {"styles": "reference" if guide == "reference" else "none"}}
        extractor = _inception(job.config.judge.inception)
        made = inception_figures.translation_figures(extractor, translated.images, judged.target, job.test, scores=("fd",), **told)
        _add(scores, *made)
    return scores
