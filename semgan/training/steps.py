"""The steps of a run, one after another: until it is done, stopped or has diverged, with all that is due between them."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial

import jax
import numpy as np

from semgan.checkpoint import MODEL
from semgan.data.loader import batches
from semgan.progress import say
from semgan.training import guards, hosts, metrics, results, schedules, snapshots
from semgan.training.checkpoints import Checkpoints
from semgan.training.progress_report import ProgressReport
from semgan.training.training_job import TrainingJob, describe_model
from semgan.types import Algorithm, Metrics, TrainState

_IN_FLIGHT = 2
"""Steps that may wait on the device: enough to keep it busy, few enough that a signal is answered soon."""
Update = Callable[[TrainState, dict[str, np.ndarray]], tuple[TrainState, Metrics]]


class Programs:
    """The compiled step of the current stage; a stage is compiled when it is reached, and the previous one is released.

    Attributes:
      rollbacks: returns to an earlier state before these programs; see `Experiment.step`.
    """

    def __init__(self, algorithm: Algorithm, compile_step: Callable[[Algorithm], Update], rollbacks: int):
        self._algorithm, self._compile, self.rollbacks = algorithm, compile_step, rollbacks
        self._stage: Algorithm | None = None
        self._update: Update | None = None

    def at(self, position: int) -> Update:
        """The step from here on."""
        stage = self._algorithm.at(position / 1000)
        if stage is not self._stage or self._update is None:
            stages = self._algorithm.stages
            say("compiling the training step" + (f" ({stages.describe(position / 1000)})" if stages else ""))
            self._stage, self._update = stage, self._compile(stage)
        return self._update


def iterate(
    job: TrainingJob, programs: Programs, state: TrainState, checkpoints: Checkpoints, report: ProgressReport
) -> tuple[TrainState, str]:
    """Takes steps until there is a reason to stop: "signal", "done", "clock" or `guards.DIVERGED`.

    Returns:
      the state, which is being saved unless training has diverged, and the reason, the same on all processes.
    """
    config, size = job.config, job.config.batch_size
    step, position = int(state.step), int(state.position)
    if reason := _why_stop(job, step, position):
        return state, reason
    stream = batches(
        job.train,
        batch_size=size,
        seed=config.seed,
        position=position,
        pairing=config.data.pairing,
        annotations=job.algorithm.annotations,
        host=jax.process_index(),
        hosts=jax.process_count(),
    )
    totals, waiting, skips = None, deque(), guards.Skips(config.rollback_after)
    with closing(stream) as source:  # pyright: ignore[reportArgumentType]
        while not reason:
            state, step_metrics = programs.at(position)(state, next(source))
            step, position = step + 1, position + size
            totals = metrics.add(totals, step_metrics)
            waiting.append(step_metrics["skipped"])
            if not report.clock_runs:
                jax.block_until_ready(totals)
                report.start_clock(position)
                say(f"first step after {time.monotonic() - job.start_time:.0f} s")
            if len(waiting) > _IN_FLIGHT and skips.add(bool(waiting.popleft())):  # waits for that step
                return state, guards.DIVERGED
            if results.is_output_due(job, step, position):
                hosts.first_does(partial(_show, job, state, report, checkpoints, step, position))
            reason = _why_stop(job, step, position)
            saves = reason or schedules.due(position, size, config.checkpoint_kimg)
            if saves or schedules.due(position, size, config.log_kimg):
                report.interval(totals, step, position, job.deadline)
                totals = None
            if saves and (reason or not skips.streak) and hosts.is_first():
                with report.pause_clock():
                    spent = {"minutes": report.minutes(), "rollbacks": programs.rollbacks}
                    checkpoints.save(state, {"fingerprint": job.train.fingerprint, **spent, MODEL: describe_model(job)})
                    snapshots.write(job, state)
    return state, reason


def _show(job: TrainingJob, state: TrainState, report: ProgressReport, checkpoints: Checkpoints, step: int, position: int) -> None:
    """Makes what is due after this step, and acts on its scores."""
    collapse_watch = results.show(job, state, report, step, position)
    if collapse_watch is not None and job.config.stop_on_collapse:
        guards.act_on(collapse_watch, checkpoints, job.workdir)


def _why_stop(job: TrainingJob, step: int, position: int) -> str:
    """One of "signal", "done" and "clock", on all processes at the same step; nothing while training goes on."""
    over = job.deadline is not None and time.monotonic() >= job.deadline
    wish = hosts.agree("signal" if job.stop.requested else "clock" if over else "", step)
    finished = position >= 1000 * job.config.total_kimg
    return wish if wish == "signal" else "done" if finished else wish
