"""The training loop: the one place that brings data, algorithm, step, checkpoints, pictures and evaluation together."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from semgan.config import to_json, validate
from semgan.data.dataset import Dataset, open_dataset
from semgan.data.loader import check_annotated, check_inputs
from semgan.errors import UserError
from semgan.progress import say
from semgan.trained_model import TrainedModel, kinds
from semgan.training import example_pictures, guards, hosts, results, resume, snapshots
from semgan.training.best import read_best
from semgan.training.checkpoints import Checkpoints, RestoredCheckpoint
from semgan.training.experiment import Experiment
from semgan.training.lock import hold_lock
from semgan.training.parallel import axis_name, check_batch, parallelize
from semgan.training.progress_report import ProgressReport
from semgan.training.resume import Result
from semgan.training.signals import Interruption, Stop
from semgan.training.state import parameter_counts
from semgan.training.steps import Programs, Update, iterate
from semgan.training.training_job import TrainingJob
from semgan.types import Algorithm, TrainState


def train(config: ConfigDict, workdir: Path | str, *, start_time: float | None = None) -> Result:
    """Trains to the end, from the last checkpoint in `workdir` where there is one.

    Args:
      config: an experiment, as `semgan.config.load` gives it; not changed.
      workdir: the run's folder, made where absent.
      start_time: `time.monotonic()` when the process began, which `max_minutes` counts from; now by default.

    Raises:
      UserError: bad config or data, a folder that cannot be written to, is in use or holds another run, and training that
        has nothing but steps with losses that are not finite.
    """
    start_time = time.monotonic() if start_time is None else start_time
    workdir = Path(workdir)
    validate(config)
    Experiment.of(config)  # what the algorithm refuses is reported before data are prepared
    check_batch(config.batch_size, jax.device_count(), config.accumulate)
    hosts.connect()
    hosts.same("another config", json.dumps(to_json(config), sort_keys=True), "start all with the same command")
    with ExitStack() as resources:
        if (result := hosts.first_does(partial(_claim, resources, workdir, config))) is not None:
            say(f"{workdir} has finished at {result.kimg:.4g} kimg: nothing to do; a larger --config.total_kimg trains on")
            return result
        with Stop() as stop:
            return _run(config, workdir, start_time, stop)


def _claim(resources: ExitStack, workdir: Path, config: ConfigDict) -> Result | None:
    """Takes the folder for this run until `held` closes; the result of the run in it, where it has finished."""
    _make_folder(workdir)
    resources.enter_context(hold_lock(workdir))
    resume.check_config(workdir, config)
    return resume.previous_result(workdir, config)


def _make_folder(workdir: Path) -> None:
    """Checks before anything that takes long that the folder is there and can be written to."""
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        probe = workdir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"--workdir {workdir} cannot be written to ({error.strerror}): choose another folder") from error


def _run(config: ConfigDict, workdir: Path, start_time: float, stop: Stop) -> Result:
    """Opens everything, trains from the first or the restored state, and finishes."""
    try:
        train_set, test_set, whole_train = hosts.all_do("opened its data", stop.interruptible(partial(_open_data, config)))
    except Interruption:
        return results.stop_result(workdir, 0, 0)
    hosts.same("other training data", train_set.fingerprint, "give all hosts the same files")
    experiment = Experiment.of(config, train_set)
    config, algorithm = experiment.config, experiment.algorithm
    for dataset in (train_set, test_set):
        check_inputs(dataset, algorithm.inputs, config.algorithm)
    check_annotated(train_set, algorithm.annotations)
    initial = experiment.initial()
    shapes = jax.eval_shape(initial)
    say("parameters: " + ", ".join(f"{name} {count:,}" for name, count in parameter_counts(shapes.params).items()))
    checkpoints = Checkpoints(workdir / "checkpoints", keep=config.keep_checkpoints)
    restored = hosts.first_does(partial(_restore, checkpoints, shapes, workdir, config, train_set.fingerprint))
    if hosts.is_first():
        resume.write_config(workdir, config)
    job = TrainingJob(
        config=config,
        workdir=workdir,
        train=train_set,
        test=test_set,
        whole_train=whole_train,
        algorithm=algorithm,
        kinds=kinds(TrainedModel(to_json(config), {}, algorithm, shapes.ema_params, shapes.model_state)),
        start_time=start_time,
        deadline=start_time + 60 * config.max_minutes if config.max_minutes else None,
        stop=stop,
    )
    start = _Start(initial(), 0.0, 0) if restored is None else _start_of(restored)
    try:
        return _train(job, experiment, start, checkpoints, lambda last: _gone_back(checkpoints, shapes, last) or initial())
    except guards.CollapseError:
        if hosts.is_first() and (good := checkpoints.restore(shapes)) is not None:
            snapshots.write(job, good.state)
        raise
    finally:
        checkpoints.wait()


class _Start(NamedTuple):
    """The point where training continues: the state, the minutes that the run has taken, and how often it went back."""

    state: TrainState
    minutes: float
    rollbacks: int


def _train(
    job: TrainingJob, experiment: Experiment, start: _Start, checkpoints: Checkpoints, go_back: Callable[[int], TrainState]
) -> Result:
    """Steps to the end, or to a signal; goes back where they diverge."""
    state, minutes, rollbacks = start
    config, began = job.config, int(start.state.step)
    while True:
        with closing(_open_report(job, state, minutes)) as report:
            guards.hold_good(report.lines, checkpoints)
            programs = Programs(job.algorithm, partial(_compile, experiment, rollbacks), rollbacks)
            state, reason = iterate(job, programs, state, checkpoints, report)
            if reason == "signal":
                break
            if reason != guards.DIVERGED:
                try:
                    return hosts.first_does(job.stop.interruptible(partial(results.finish, job, state, report, reason)))
                except Interruption:
                    break
            minutes, rollbacks = report.minutes(), rollbacks + 1
        state = go_back(began)
        began = int(state.step)
        guards.check_rollbacks(job.workdir, config, rollbacks, began)
    hosts.first_does(checkpoints.wait)  # else the others' end could take the first with it
    return results.stop_result(job.workdir, int(state.step), int(state.position))


def _compile(experiment: Experiment, rollbacks: int, stage: Algorithm) -> Update:
    """The step of a stage, for all devices."""
    return parallelize(experiment._replace(algorithm=stage).step(axis_name=axis_name(), rollbacks=rollbacks))


def _restore(
    checkpoints: Checkpoints, shapes: TrainState, workdir: Path, config: ConfigDict, fingerprint: str
) -> RestoredCheckpoint | None:
    """The newest whole checkpoint, which was trained on these data."""
    restored = checkpoints.restore(shapes)
    if restored is not None:
        resume.check_data(workdir, config, restored.extra["fingerprint"], fingerprint)
    return restored


def _start_of(restored: RestoredCheckpoint) -> _Start:
    """Checkpoints from before returns to an earlier state were counted have had none."""
    return _Start(restored.state, restored.extra["minutes"], restored.extra.get("rollbacks", 0))


def _gone_back(checkpoints: Checkpoints, shapes: TrainState, last: int) -> TrainState | None:
    """The state of the newest checkpoint or, where training went on from just that (`last`), of the one before; None without any."""

    def restore() -> RestoredCheckpoint | None:
        restored = checkpoints.restore(shapes)
        if restored is not None and restored.step == last and len(checkpoints.steps()) > 1:
            checkpoints.hold(last - 1)
            checkpoints.roll_back()
            restored = checkpoints.restore(shapes)
        return restored

    restored = hosts.first_does(restore)
    return None if restored is None else restored.state


def _open_data(config: ConfigDict) -> tuple[Dataset, Dataset, Dataset]:
    """Opens the training data, the test split, and the whole train split, prepared at first use."""
    data = config.data
    say(f"opening the data: {data.name} at {config.image_size} px")
    open_split = partial(
        open_dataset,
        data.name,
        image_size=config.image_size,
        source=data.source,
        domains=data.domains,
        least_domains=1 if data.pairing == "none" else 2,
        paired=data.pairing == "paired",
    )
    whole_train, test_set = open_split(split="train", count=data.train_count), open_split(split="test", count=data.test_count)
    left_out = data.get("left_out", ())
    train_set = open_split(split="train", count=data.train_count, left_out=left_out) if left_out else whole_train
    if test_set.domains != train_set.domains:
        raise UserError(
            f"config.data.source: there are {', '.join(train_set.domains)} to train on but {', '.join(test_set.domains)} held out: "
            "both need the same domains"
        )
    names = f"{len(train_set.domains)} domain{'s' * (len(train_set.domains) > 1)}: {', '.join(train_set.domains)}"
    say(f"{len(train_set.rows):,} pictures to train on and {len(test_set.rows):,} held out, of {names}")
    return train_set, test_set, whole_train


def _open_report(job: TrainingJob, state: TrainState, minutes: float) -> ProgressReport:
    step, position = int(state.step), int(state.position)
    if step:
        say(f"going on from the checkpoint of step {step:,} ({position / 1000:.4g} kimg)")
    test, config = job.test, job.config
    algorithm = job.algorithm
    examples = example_pictures.choose_examples(test, config.picture_rows, config.picture_columns, algorithm.targets, algorithm.inputs)
    spent = {"step": step, "position": position, "start_time": job.start_time, "minutes": minutes}
    report = ProgressReport(job.workdir, config, examples, job.kinds, **spent, writes=hosts.is_first())
    if hosts.is_first():
        results.note_best(job, report, read_best(job))
    return report
