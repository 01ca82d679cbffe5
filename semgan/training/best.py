"""Which evaluation of a run is the best: the score in force decides, and `snapshot_best.safetensors` itself says what it holds.

Nothing else remembers it: the file survives interruptions, returns to an earlier state and failed writes as it is.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from semgan.errors import UserError
from semgan.progress import say
from semgan.run_files import BEST_SNAPSHOT
from semgan.snapshot import Snapshot, read_snapshot
from semgan.training.training_job import TrainingJob

TRANSLATION_SCORES = ("answer_score", "transfer_score", "label_free_score")
"""Scores of models that translate, the one to prefer first; higher is better."""
SAMPLE_SCORE = "fd_judge"
"""The score of models that draw from noise, a distance: lower is better."""
_JUDGE = ("channels", "steps", "batch_size", "matcher_steps")
"""The keys of `config.judge` that make it another judge or matcher, whose scores cannot be compared; one that a snapshot lacks is as
now."""


class Score(NamedTuple):
    """A score in force."""

    name: str
    value: float


class Best(NamedTuple):
    """An evaluation: its step, thousands of images, and score in force."""

    step: int
    kimg: float
    score: Score


def score_in_force(scores: Mapping[str, float | None], *, is_of_samples: bool) -> Score | None:
    """Returns the score that decides which of a run's evaluations is best; None where none of those that may decide is known.

    Args:
      scores: of one evaluation, by name, as logged.
      is_of_samples: whether the model draws from noise.
    """
    for name in (SAMPLE_SCORE,) if is_of_samples else TRANSLATION_SCORES:
        value = scores.get(name)
        if value is not None and math.isfinite(value):
            return Score(name, value)
    return None


def is_better(score: Score, other: Score) -> bool:
    """Returns whether a score in force beats that of an earlier evaluation; between different scores the one to prefer does.

    Of translations at 0 the later count: there a score stays until both of its parts are positive, and the first are the least trained.
    """
    if score.name == other.name == SAMPLE_SCORE:
        return score.value < other.value
    if score.name == other.name:
        return score.value > other.value or score.value == other.value == 0
    names = (*TRANSLATION_SCORES, SAMPLE_SCORE)
    return names.index(score.name) < names.index(other.name)


def evaluation_of(job: TrainingJob, meta: Mapping[str, Any], scores: Mapping[str, float | None]) -> Best | None:
    """Returns an evaluation of the run by its score in force; None without one.

    Args:
      meta: of the evaluated model.
      scores: by name, as logged.
    """
    score = score_in_force(scores, is_of_samples="sample" in job.kinds)
    return None if score is None else Best(meta["step"], meta["kimg"], score)


def read_best(job: TrainingJob) -> Best | None:
    """Reads which evaluation `snapshot_best.safetensors` holds; None without one that this run's scores can be compared with."""
    path = job.workdir / BEST_SNAPSHOT
    if not path.exists():
        return None
    try:
        snapshot = read_snapshot(path)
    except UserError as error:
        say(f"semgan: warning: {error}; the next evaluation with a score replaces it")
        return None
    return evaluation_of(job, snapshot.meta, snapshot.meta.get("scores", {})) if _is_comparable(job, snapshot) else None


def _is_comparable(job: TrainingJob, snapshot: Snapshot) -> bool:
    """Returns whether the snapshot was scored by the same judge on the same data."""
    judge = snapshot.config.get("judge", {})
    same_judge = all(judge.get(key, job.config.judge[key]) == job.config.judge[key] for key in _JUDGE)
    return same_judge and snapshot.meta.get("dataset", {}).get("fingerprint") == job.train.fingerprint


def sentence(best: Best) -> str:
    """`step 8 at 0.128 kimg, by transfer score 0.83`."""
    name = best.score.name.replace("label_free", "label-free").replace("_", " ")
    return f"step {best.step:,} at {best.kimg:.4g} kimg, by {name} {best.score.value:.3g}"
