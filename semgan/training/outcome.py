"""What a run hands out: pictures and transfer scores on the way, the snapshot, and the result at the end."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan.config import to_json
from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.figures.collapse import Watch, watch
from semgan.inference import domain_guess, recipe
from semgan.inference.snapshot import MODEL_STATE, write_snapshot
from semgan.training import metrics, resume, sampling
from semgan.training.report import Report, say
from semgan.training.resume import Result
from semgan.training.signals import Interrupted, Stop
from semgan.types import HEADS, Algorithm, Params, TrainState

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
      sample: see `sampling.make_sampler`.
      kinds: names of what it samples (see `semgan.types.Algorithm`).
      features: see `sampling.make_features`.
      started, deadline: `time.monotonic()` of the process's start, and when training has to stop by the clock.
      stop: whether a signal asked for the end.
    """

    config: ConfigDict
    workdir: Path
    train: Dataset
    test: Dataset
    whole: Dataset
    algorithm: Algorithm
    sample: sampling.Sampler
    kinds: frozenset[str]
    features: Callable[[Params, np.ndarray], jax.Array] | None
    started: float
    deadline: float | None
    stop: Stop


def due(run: Run, step: int, position: int) -> bool:
    """Whether there is anything to show after this step."""
    return any(_due(run, step, position))


def _due(run: Run, step: int, position: int) -> tuple[bool, bool]:
    """A picture, and scores."""
    passed = partial(metrics.due, position, run.config.batch_size)
    scores = passed(run.config.evaluate_kimg) and position < 1000 * run.config.total_kimg  # else at the end
    return step == FIRST_PICTURE_STEP or passed(run.config.picture_kimg), scores


def show(run: Run, state: TrainState, report: Report, step: int, position: int) -> Watch | None:
    """The picture and the scores that are due after this step; what the scores so far say of a collapse, where they were taken."""
    draws, scores = _due(run, step, position)
    jax.block_until_ready(state.step)
    with report.paused():
        averages = sampling.averages(state)
        if draws:
            _picture(run, averages, report, step)
        if scores:
            try:
                with run.stop.interrupts():
                    _score(run, averages, report, step, position)
            except Interrupted:
                return None
    return watch(report.lines) if scores else None


def _picture(run: Run, averages: sampling.Averages, report: Report, step: int) -> Path:
    stages = run.algorithm.stages
    return report.picture(partial(run.sample, averages), step, stages.describe(averages.kimg) if stages else "")


def _score(run: Run, averages: sampling.Averages, report: Report, step: int, position: int) -> dict[str, Any] | None:
    """The report of the judge; None for data that it cannot judge."""
    from semgan.evaluation.judge.judge import load_or_train

    settings = run.config.judge
    say("taking the scores")
    try:
        judge = load_or_train(run.whole, run.test, channels=settings.channels, steps=settings.steps, batch_size=settings.batch_size)
        scores = _sample_scores(run, averages, judge) if "sample" in run.kinds else _transfer_scores(run, averages, judge)
    except UserError as error:
        say(f"no scores: {error}")
        return None
    report.scores(_kept(scores), step, position)
    return scores


def _kept(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """By name, those that the log and the snapshot keep."""
    figures = {figure["name"]: figure["value"] for figure in scores["figures"] if figure["name"] in _FIGURES}
    return {name: scores[name] for name in _SCORES if name in scores} | figures


def _sample_scores(run: Run, averages: sampling.Averages, judge: Any) -> dict[str, Any]:
    from semgan.evaluation.figures import inception_figures
    from semgan.evaluation.figures.samples import evaluate_samples

    images = run.sample(averages, {"position": np.arange(run.config.judge.samples, dtype=np.int32)})["sample"]
    seeds = {"latents": run.config.seed}
    scores = evaluate_samples(images, judge, run.whole, run.test, seeds=seeds, truncation=1.0)
    if run.config.judge.inception:
        made = inception_figures.sample_figures(_inception(run.config.judge.inception), images, run.test, seeds=seeds, scores=("fd",))
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


def _transfer_scores(run: Run, averages: sampling.Averages, judge: Any) -> dict[str, Any]:
    from semgan.evaluation.figures import inception_figures
    from semgan.evaluation.figures.semantics import full_report
    from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations

    guide = "reference" if "reference" in run.kinds else "translated"

    def translate(batch: dict[str, np.ndarray]) -> np.ndarray:
        return run.sample(averages, batch)[guide]

    def translate_latent(batch: dict[str, np.ndarray], stream: int) -> np.ndarray:
        return run.sample(averages, batch, stream)["latent"]

    judged = judge_pairs(judge, run.test, pairs=run.config.judge.pairs, targets=run.algorithm.targets)
    translated = judge_translations(translate, judged, sampling.BATCH_SIZE)
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
    params = jax.device_get(state.ema_params)
    meta: dict[str, Any] = {}
    if run.features:
        params[domain_guess.NAME] = {"kernel": domain_guess.fit_for(partial(run.features, params), run.train)}
        if found := _style_recipe(run, params):
            params[recipe.NAME], meta[recipe.ATTRIBUTES] = found.stored(), list(found.attributes)
    if HEADS in params:
        meta["mask_classes"] = list(run.train.names["mask"])
    if kept := run.algorithm.kept:
        params[MODEL_STATE] = jax.device_get({name: state.model_state[name] for name in kept})
    meta |= {
        "domains": list(run.train.domains),
        "step": int(state.step),
        "kimg": int(state.position) / 1000,
        "dataset": {"name": run.train.name, "image_size": run.config.image_size, "fingerprint": run.train.fingerprint},
        "scores": _kept(scores) if scores else {},
    }
    try:
        write_snapshot(path, params, to_json(run.config), meta)
    except UserError as error:
        if last:
            raise
        say(f"semgan: warning: {error}; TRAINING GOES ON")
    return path


def _style_recipe(run: Run, params: Params) -> recipe.Recipe | None:
    """What the style's attributes mean to the style encoder; None where the data have none."""
    encode = partial(_encode, run.algorithm.networks["style_encoder"], params["style_encoder"])
    return recipe.fit_for(encode, run.train, recipe.kept_of_content(to_json(run.config)))


@partial(jax.jit, static_argnums=0)
def _encode(encoder: Any, params: Params, images: jax.Array, domain: jax.Array) -> jax.Array:
    return encoder.apply({"params": params}, images, domain)


def finish(run: Run, state: TrainState, report: Report, reason: str) -> Result:
    """The last picture, the transfer score, the snapshot with it, and the result, which says that the run is over."""
    step, position = int(state.step), int(state.position)
    averages = sampling.averages(state)
    picture = report.pictures().get(step) or _picture(run, averages, report, step)
    scores = _score(run, averages, report, step, position)
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
