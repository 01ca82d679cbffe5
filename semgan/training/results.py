"""The output of a run: pictures and scores during training, the snapshot and the result at the end."""

from functools import partial
from pathlib import Path
from typing import Any

import jax

from semgan.evaluation.figures.collapse import Watch, watch
from semgan.progress import say
from semgan.run_files import BEST_SNAPSHOT, SNAPSHOT
from semgan.snapshot import Snapshot
from semgan.trained_model import TrainedModel
from semgan.training import page, resume, schedules, scoring, snapshots
from semgan.training.best import Best, evaluation_of, is_better, read_best, sentence
from semgan.training.progress_report import ProgressReport
from semgan.training.resume import Result
from semgan.training.signals import Interruption
from semgan.training.training_job import TrainingJob, model_of, sample
from semgan.types import TrainState

FIRST_PICTURE_STEP = 20
"""An early picture, however rare the others: within minutes it shows that all works."""


def is_output_due(job: TrainingJob, step: int, position: int) -> bool:
    """Returns whether there is anything to show after this step."""
    return any(_due(job, step, position))


def _due(job: TrainingJob, step: int, position: int) -> tuple[bool, bool]:
    """Returns whether a picture is due, and whether scores are."""
    due = partial(schedules.due, position, job.config.batch_size)
    scores = due(job.config.evaluate_kimg) and position < 1000 * job.config.total_kimg  # else at the end
    return step == FIRST_PICTURE_STEP or due(job.config.picture_kimg), scores


def show(job: TrainingJob, state: TrainState, report: ProgressReport, step: int, position: int) -> Watch | None:
    """Draws the picture and takes the scores that are due after this step.

    Returns:
      What all scores so far say about a collapse; None where none were taken.
    """
    draws, scores = _due(job, step, position)
    jax.block_until_ready(state.step)
    with report.pause_clock():
        model = model_of(job, state)
        if draws:
            _picture(job, model, report, step)
        if scores:
            try:
                with job.stop.interrupts():
                    taken = _score(job, model, report, step, position)
            except Interruption:
                return None
            if taken:  # no signal takes the best model from the line in the log
                _keep_best(job, model, taken, report)
    return watch(report.lines) if scores else None


def _picture(job: TrainingJob, model: TrainedModel, report: ProgressReport, step: int) -> Path:
    stages = job.algorithm.stages
    return report.picture(partial(sample, job, model), step, stages.describe(model.meta["kimg"]) if stages else "")


def _score(job: TrainingJob, model: TrainedModel, report: ProgressReport, step: int, position: int) -> scoring.Scores | None:
    """Takes the scores and writes them to the log; None where there are none."""
    scores = scoring.score(job, model)
    if scores:
        report.scores(scores.log_values, step, position)
    return scores


def finish(job: TrainingJob, state: TrainState, report: ProgressReport, reason: str) -> Result:
    """The last picture, the transfer score, the snapshot with it, and the result, which says that the run is over."""
    step, position = int(state.step), int(state.position)
    model = model_of(job, state)
    picture = report.pictures().get(step) or _picture(job, model, report, step)
    scores = _score(job, model, report, step, position)
    fitted = snapshots.fit(job, model, scores.log_values if scores else {})
    snapshot = snapshots.write_last(job, fitted)
    best = _keep_best(job, model, scores, report, fitted) if scores else read_best(job)
    report_data, usage = scores.report if scores else None, _usage(job, snapshot)
    paths = str(picture), str(snapshot), str(report.page())
    result = Result(step, position / 1000, reason, report_data, usage, *paths, None if best is None else _best_json(job, best))
    resume.write_result(job.workdir, result, job.config)
    return result


def _keep_best(
    job: TrainingJob, model: TrainedModel, scores: scoring.Scores, report: ProgressReport, fitted: Snapshot | None = None
) -> Best | None:
    """Writes the model's snapshot as the best one where its score in force beats the one before; returns the best one.

    Args:
      fitted: what to write; None: it is made where needed.
    """
    best, now = read_best(job), evaluation_of(job, model.meta, scores.log_values)
    improves = now is not None and (best is None or is_better(now.score, best.score))
    if improves and snapshots.write_best(job, fitted or snapshots.fit(job, model, scores.log_values)):
        best = now
    note_best(job, report, best)
    report.page()
    return best


def note_best(job: TrainingJob, report: ProgressReport, best: Best | None) -> None:
    """Has the page say which evaluation is best, and how to use its model."""
    if best is not None:
        report.best = page.BestNote(sentence(best), _usage(job, job.workdir / BEST_SNAPSHOT))


def _best_json(job: TrainingJob, best: Best) -> dict[str, Any]:
    """Returns the best evaluation for the result.

    Keys: `step`, `kimg`, `score` (its name) and `value`, `sentence`; `snapshot` (path) and `usage` (the command that uses it).
    """
    path = job.workdir / BEST_SNAPSHOT
    named = {"step": best.step, "kimg": best.kimg, "score": best.score.name, "value": best.score.value}
    return {**named, "sentence": sentence(best), "snapshot": str(path), "usage": _usage(job, path)}


def _usage(job: TrainingJob, snapshot: Path) -> str:
    """The command that a person tries next."""
    mask = " --mask MASK.png" if "mask" in job.algorithm.inputs else ""
    if "sample" in job.kinds:
        return f"semgan sample --model {snapshot} --count 64{mask} --out grid.png"
    reference = " --reference ANOTHER.jpg" if "reference" in job.kinds else ""
    return f"semgan translate --model {snapshot} --content YOUR.jpg{mask}{reference} --out out.png"


def stop_result(workdir: Path, step: int, position: int) -> Result:
    say(f"stopped after step {step:,} ({position / 1000:.4g} kimg); the same command goes on from there")
    picture, snapshot, page_path = (str(workdir / name) for name in ("pictures", SNAPSHOT, "index.html"))
    return Result(step, position / 1000, "signal", None, "", picture, snapshot, page_path)
