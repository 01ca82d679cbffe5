"""What a run hands out: pictures and transfer scores on the way, the snapshot, and the result at the end."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan import domain_guess, trained_model
from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.collapse import Watch, watch
from semgan.inference import recipe
from semgan.progress import say
from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, write_snapshot
from semgan.trained_model import PIECE, TrainedModel
from semgan.training import resume, schedules
from semgan.training.report import Report
from semgan.training.resume import Result
from semgan.training.signals import Interrupted, Stop
from semgan.types import HEADS, Algorithm, TrainState

FIRST_PICTURE_STEP = 20
"""An early picture, however rare the others: within minutes it shows that all works."""
_SCORES = (
    *("transfer_score", "retention", "adoption", "whole_faces", "medium_coverage", "neighbour_distance"),
    *("diversity_share", "recall"),
)
_FIGURES = ("fd_judge", "precision", "fid")
"""Of an evaluation's report and of its figures, those that the log and the snapshot keep."""


class Run(NamedTuple):
    """What stays the same while a run goes on.

    Attributes:
      config: with the domains filled in.
      workdir, train, test: as named.
      whole: the train split with what `config.data.left_out` leaves out of `train`: the judge's, and so the same for runs that leave out
        different pictures.
      algorithm: as the config makes it.
      kinds: names of what it samples (see `semgan.types.Algorithm`).
      started, deadline: `time.monotonic()` of the process's start, and when training has to stop by the clock.
      stop: whether a signal asked for the end.
    """

    config: ConfigDict
    workdir: Path
    train: Dataset
    test: Dataset
    whole: Dataset
    algorithm: Algorithm
    kinds: frozenset[str]
    started: float
    deadline: float | None
    stop: Stop


def due(run: Run, step: int, position: int) -> bool:
    """Whether there is anything to show after this step."""
    return any(_due(run, step, position))


def _due(run: Run, step: int, position: int) -> tuple[bool, bool]:
    """A picture, and scores."""
    passed = partial(schedules.due, position, run.config.batch_size)
    scores = passed(run.config.evaluate_kimg) and position < 1000 * run.config.total_kimg  # else at the end
    return step == FIRST_PICTURE_STEP or passed(run.config.picture_kimg), scores


def show(run: Run, state: TrainState, report: Report, step: int, position: int) -> Watch | None:
    """The picture and the scores that are due after this step; what the scores so far say of a collapse, where they were taken."""
    draws, scores = _due(run, step, position)
    jax.block_until_ready(state.step)
    with report.paused():
        model = model_of(run, state)
        if draws:
            _picture(run, model, report, step)
        if scores:
            try:
                with run.stop.interrupts():
                    _score(run, model, report, step, position)
            except Interrupted:
                return None
    return watch(report.lines) if scores else None


def model_of(run: Run, state: TrainState) -> TrainedModel:
    """Returns the model of the moment, as snapshots hold it but for what is fitted to it."""
    data = {"name": run.train.name, "image_size": run.config.image_size, "fingerprint": run.train.fingerprint}
    meta: dict[str, Any] = {"domains": list(run.train.domains), "dataset": data}
    if HEADS in state.ema_params:
        meta["mask_classes"] = list(run.train.names["mask"])
    return trained_model.from_state(run.config, meta, run.algorithm, state)


def _sampled(run: Run, model: TrainedModel, batch: dict[str, np.ndarray], stream: int = 0) -> dict[str, np.ndarray]:
    """Samples by the run's seed; another stream gives other latents."""
    return trained_model.sample(model, batch, jax.random.fold_in(jax.random.key(run.config.seed), stream))


def _picture(run: Run, model: TrainedModel, report: Report, step: int) -> Path:
    stages = run.algorithm.stages
    return report.picture(partial(_sampled, run, model), step, stages.describe(model.meta["kimg"]) if stages else "")


def _score(run: Run, model: TrainedModel, report: Report, step: int, position: int) -> dict[str, Any] | None:
    """The report of the judge; None for data that it cannot judge."""
    from semgan.evaluation.judge import load_or_train

    settings = run.config.judge
    say("taking the scores")
    try:
        judge = load_or_train(run.whole, run.test, channels=settings.channels, steps=settings.steps, batch_size=settings.batch_size)
        scores = _sample_scores(run, model, judge) if "sample" in run.kinds else _transfer_scores(run, model, judge)
    except UserError as error:
        say(f"no scores: {error}")
        return None
    report.scores(_kept(scores), step, position)
    return scores


def _kept(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """By name, those that the log and the snapshot keep."""
    figures = {figure["name"]: figure["value"] for figure in scores["figures"] if figure["name"] in _FIGURES}
    return {name: scores[name] for name in _SCORES if name in scores} | figures


def _sample_scores(run: Run, model: TrainedModel, judge: Any) -> dict[str, Any]:
    from semgan.evaluation import inception_figures
    from semgan.evaluation.samples import evaluate_samples

    images = _sampled(run, model, {"position": np.arange(run.config.judge.samples, dtype=np.int32)})["sample"]
    seeds = {"latents": run.config.seed}
    scores = evaluate_samples(images, judge, run.whole, run.test, seeds=seeds, truncation=1.0)
    if run.config.judge.inception:
        made = inception_figures.sample_figures(_inception(run.config.judge.inception), images, run.test, seeds=seeds, scores=("fd",))
        _add(scores, *made)
    return scores


@cache
def _inception(path: str) -> Any:
    """Read once in a process."""
    from semgan.evaluation import tools

    return tools.load_extractor(path, tools.PROTOCOL)


def _add(scores: dict[str, Any], figures: Sequence[Any], notes: Sequence[str]) -> None:
    from semgan.evaluation.scores.passport import to_json

    scores["figures"] = [*scores["figures"], *map(to_json, figures)]
    scores["notes"] = [*scores["notes"], *notes]


def _transfer_scores(run: Run, model: TrainedModel, judge: Any) -> dict[str, Any]:
    from semgan.evaluation import inception_figures
    from semgan.evaluation.judged import judge_pairs, judge_translations
    from semgan.evaluation.semantics import full_report

    guide = "reference" if "reference" in run.kinds else "translated"

    def translate(batch: dict[str, np.ndarray]) -> np.ndarray:
        return _sampled(run, model, batch)[guide]

    def translate_latent(batch: dict[str, np.ndarray], stream: int) -> np.ndarray:
        return _sampled(run, model, batch, stream)["latent"]

    judged = judge_pairs(judge, run.test, pairs=run.config.judge.pairs, targets=run.algorithm.targets)
    translated = judge_translations(translate, judged, PIECE)
    scores = full_report(judged, translated, translate_latent if "latent" in run.kinds else None)
    if run.config.judge.inception:
        told = {"seeds": {"pairs": judged.seed}, "parameters": {"styles": "reference" if guide == "reference" else "none"}}
        extractor = _inception(run.config.judge.inception)
        made = inception_figures.translation_figures(extractor, translated.images, judged.target, run.test, scores=("fd",), **told)
        _add(scores, *made)
    return scores


def write_snapshot_of(run: Run, state: TrainState, scores: dict[str, Any] | None, *, last: bool = False) -> Path:
    """The averaged weights with what `semgan translate` needs to know about them.

    Where it cannot be written, training goes on with a warning and the snapshot before; UserError for the `last` one.
    """
    path = run.workdir / "snapshot.safetensors"
    model = model_of(run, state)
    params, meta = dict(model.params), {**model.meta, "scores": _kept(scores) if scores else {}}
    if trained_model.has_features(model):
        params[DOMAIN_GUESS] = {"kernel": domain_guess.fit_for(partial(trained_model.features, model), run.train)}
        if fitted := _style_recipe(run, model):
            params[STYLE_RECIPE], meta[recipe.ATTRIBUTES] = fitted.stored(), list(fitted.attributes)
    if model.model_state:
        params[MODEL_STATE] = model.model_state
    try:
        write_snapshot(path, params, model.config, meta)
    except UserError as error:
        if last:
            raise
        say(f"semgan: warning: {error}; TRAINING GOES ON")
    return path


def _style_recipe(run: Run, model: TrainedModel) -> recipe.Recipe | None:
    """Fits what the style's attributes mean to the style encoder; None where the data have none."""
    encode = partial(trained_model.apply, model, "style_encoder")
    return recipe.fit_for(encode, run.train, recipe.kept_of_content(model.config))


def finish(run: Run, state: TrainState, report: Report, reason: str) -> Result:
    """The last picture, the transfer score, the snapshot with it, and the result, which says that the run is over."""
    step, position = int(state.step), int(state.position)
    model = model_of(run, state)
    picture = report.pictures().get(step) or _picture(run, model, report, step)
    scores = _score(run, model, report, step, position)
    snapshot = write_snapshot_of(run, state, scores, last=True)
    result = Result(step, position / 1000, reason, scores, _usage(run.kinds, snapshot), str(picture), str(snapshot), str(report.page()))
    resume.write_result(run.workdir, result, run.config)
    return result


def _usage(kinds: frozenset[str], snapshot: Path) -> str:
    """The command that a person tries next."""
    if "sample" in kinds:
        return f"semgan sample --model {snapshot} --count 64 --out grid.png"
    reference = " --reference ANOTHER.jpg" if "reference" in kinds else ""
    return f"semgan translate --model {snapshot} --content YOUR.jpg{reference} --out out.png"


def stopped(workdir: Path, step: int, position: int) -> Result:
    say(f"stopped after step {step:,} ({position / 1000:.4g} kimg); the same command goes on from there")
    paths = (str(workdir / name) for name in ("pictures", "snapshot.safetensors", "index.html"))
    return Result(step, position / 1000, "signal", None, "", *paths)
