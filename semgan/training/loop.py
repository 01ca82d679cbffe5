"""The training loop: the one place that joins data, algorithm, step, checkpoints, pictures and evaluation."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan import algorithms
from semgan.config import validate
from semgan.data.augment import augment
from semgan.data.dataset import Dataset, open_dataset
from semgan.data.loader import batches, check_annotated, make_batch
from semgan.errors import UserError
from semgan.training import guards, metrics, outcome, pictures, resume, sampling
from semgan.training.checkpoints import Checkpoints
from semgan.training.lock import locked
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.training.parallel import axis_name, check_batch, parallelize
from semgan.training.report import Report, say
from semgan.training.resume import Result
from semgan.training.signals import Interrupted, Stop
from semgan.training.state import init_state, parameter_counts
from semgan.training.step import make_step
from semgan.types import Algorithm, Metrics, TrainState

_IN_FLIGHT = 2
"""Steps that may wait on the device: enough to keep it busy, few enough that a signal is answered soon."""
_QUICK_COMPILATION = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""What runs once is not worth optimizing: a quarter of the time that a CPU takes to compile the quickstart's first state."""
Update = Callable[[TrainState, dict[str, np.ndarray]], tuple[TrainState, Metrics]]


def train(config: ConfigDict, workdir: Path | str, *, started: float | None = None) -> Result:
    """Trains to the end, from the last checkpoint in `workdir` where there is one.

    Args:
      config: an experiment, as `semgan.config.load` gives it; not changed.
      workdir: the run's folder, made where absent.
      started: `time.monotonic()` when the process began, which `max_minutes` counts from; now by default.

    Raises:
      UserError: bad config or data, a folder that cannot be written to, is in use or holds another run, and training that
        has nothing but steps with losses that are not finite.
    """
    started = time.monotonic() if started is None else started
    workdir = Path(workdir)
    validate(config)
    _check_algorithm(config)
    check_batch(config.batch_size, jax.device_count(), config.accumulate)
    _make_folder(workdir)
    with locked(workdir):
        resume.check_config(workdir, config)
        if (result := resume.finished(workdir, config)) is not None:
            say(f"{workdir} has finished at {result.kimg:.4g} kimg: nothing to do; a larger --config.total_kimg trains on")
            return result
        with Stop() as stop:
            return _run(config, workdir, started, stop)


def _check_algorithm(config: ConfigDict) -> None:
    """What the algorithm refuses is told before data are prepared; domains that are not named yet may be any two."""
    config = config.copy_and_resolve_references()
    config.data.domains = config.data.domains or ("A", "B")
    algorithms.make(config)


def _make_folder(workdir: Path) -> None:
    """Before anything that takes long: the folder is there and can be written to."""
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        probe = workdir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"--workdir {workdir} cannot be written to ({error.strerror}): choose another folder") from error


def _run(config: ConfigDict, workdir: Path, started: float, stop: Stop) -> Result:
    """Opens everything, trains from the first or the restored state, and finishes."""
    try:
        with stop.interrupts():
            train_set, test_set, whole = _open_data(config)
    except Interrupted:
        return outcome.stopped(workdir, 0, 0)
    config = _filled(config, train_set)
    algorithm = algorithms.make(config)
    transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)
    prepare = partial(augment, seed=config.seed, paired=config.data.pairing == "paired", **config.augment)
    check_annotated(train_set, algorithm.annotations)
    first = make_batch(train_set, np.arange(config.batch_size), config.seed, config.data.pairing, algorithm.annotations)

    empty = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), jax.eval_shape(prepare, first))  # only shapes count
    # "rbg" draws each array by one operation: threefry, unrolled a hundred times, takes 20 s to compile on a CPU
    initial = jax.jit(lambda: init_state(algorithm, transforms, jax.random.key(config.seed, impl="rbg"), empty))
    shapes = jax.eval_shape(initial)
    say("parameters: " + ", ".join(f"{name} {count:,}" for name, count in parameter_counts(shapes.params).items()))
    checkpoints = Checkpoints(workdir / "checkpoints", keep=config.keep_checkpoints)
    restored = checkpoints.restore(shapes)
    if restored is not None:
        resume.check_data(workdir, restored.extra["fingerprint"], train_set.fingerprint)
    state = initial() if restored is None else restored.state
    resume.write_config(workdir, config)
    make_update = partial(
        make_step,
        transforms=transforms,
        seed=config.seed,
        ema_decay=ema_decay(config.ema_half_life_kimg, config.ema_ramp, config.ema_burn_in_kimg),
        prepare=prepare,
        accumulate=config.accumulate,
        axis_name=axis_name(),
    )
    run = outcome.Run(
        config=config,
        workdir=workdir,
        train=train_set,
        test=test_set,
        whole=whole,
        algorithm=algorithm,
        sample=sampling.make_sampler(algorithm, config.seed),
        kinds=sampling.kinds(algorithm, shapes.ema_params, shapes.model_state, first),
        features=sampling.make_features(algorithm),
        started=started,
        deadline=started + 60 * config.max_minutes if config.max_minutes else None,
        stop=stop,
    )
    minutes = restored.extra["minutes"] if restored else 0.0
    with closing(_open_report(run, state, minutes)) as report:
        guards.hold_good(report.lines, checkpoints)
        try:
            programs = _Programs(algorithm, lambda stage: parallelize(make_update(stage)))
            state, reason = _iterate(run, programs, state, checkpoints, report)
            if reason != "signal":
                with stop.interrupts():
                    return outcome.finish(run, state, report, reason)
        except Interrupted:
            pass
        except guards.Collapsed:
            if (good := checkpoints.restore(shapes)) is not None:
                outcome.write_snapshot_of(run, good.state, None)
            raise
        finally:
            checkpoints.wait()
    return outcome.stopped(workdir, int(state.step), int(state.position))


def _filled(config: ConfigDict, data: Dataset) -> ConfigDict:
    """A copy in which what the data decide is filled in: the domains, and how much semantic heads have to tell."""
    config = config.copy_and_resolve_references()
    config.data.domains = data.domains
    if "semantic_heads" in config.networks:
        sizes = {"mask_classes": len(data.names.get("mask", ())), "categories": len(data.names.get("category", ()))}
        sizes |= {name: data.annotations[name].shape[1] for name in ("landmarks", "boxes") if name in data.annotations}
        config.networks.semantic_heads.update(sizes)
    return config


def _open_data(config: ConfigDict) -> tuple[Dataset, Dataset, Dataset]:
    """What is trained on, the test split, and the whole train split, prepared at first use."""
    data = config.data
    say(f"opening the data: {data.name} at {config.image_size} px")
    opened = partial(
        open_dataset,
        data.name,
        image_size=config.image_size,
        source=data.source,
        domains=data.domains,
        least_domains=1 if data.pairing == "none" else 2,
        paired=data.pairing == "paired",
    )
    whole, test_set = opened(split="train", count=data.train_count), opened(split="test", count=data.test_count)
    left_out = data.get("left_out", ())
    train_set = opened(split="train", count=data.train_count, left_out=left_out) if left_out else whole
    if test_set.domains != train_set.domains:
        raise UserError(
            f"config.data.source: there are {', '.join(train_set.domains)} to train on but {', '.join(test_set.domains)} held out: "
            "both need the same domains"
        )
    names = f"{len(train_set.domains)} domain{'s' * (len(train_set.domains) > 1)}: {', '.join(train_set.domains)}"
    say(f"{len(train_set.rows):,} pictures to train on and {len(test_set.rows):,} held out, of {names}")
    return train_set, test_set, whole


def _open_report(run: outcome.Run, state: TrainState, minutes: float) -> Report:
    step, position = int(state.step), int(state.position)
    if step:
        say(f"going on from the checkpoint of step {step:,} ({position / 1000:.4g} kimg)")
    test, config = run.test, run.config
    examples = pictures.choose_examples(
        test.images, test.rows, test.domain, config.picture_rows, config.picture_columns, run.algorithm.targets
    )
    return Report(run.workdir, config, examples, run.kinds, step=step, position=position, started=run.started, minutes=minutes)


class _Programs:
    """The compiled step of the current stage; a stage is compiled when it is reached, and the one before is let go."""

    def __init__(self, algorithm: Algorithm, compiled: Callable[[Algorithm], Update]):
        self._algorithm, self._compiled = algorithm, compiled
        self._stage: Algorithm | None = None
        self._update: Update | None = None

    def at(self, position: int) -> Update:
        """The step from here on."""
        stage = sampling.stage_at(self._algorithm, position / 1000)
        if stage is not self._stage or self._update is None:
            stages = self._algorithm.stages
            say("compiling the training step" + (f" ({stages.describe(position / 1000)})" if stages else ""))
            self._stage, self._update = stage, self._compiled(stage)
        return self._update


def _iterate(run: outcome.Run, programs: _Programs, state: TrainState, checkpoints: Checkpoints, report: Report) -> tuple[TrainState, str]:
    """Steps until there is a reason to stop, which it returns with the state; that state is being saved."""
    config, size = run.config, run.config.batch_size
    step, position = int(state.step), int(state.position)
    if reason := _why_stop(run, position):
        return state, reason
    made = batches(
        run.train,
        batch_size=size,
        seed=config.seed,
        position=position,
        pairing=config.data.pairing,
        annotations=run.algorithm.annotations,
        host=jax.process_index(),
        hosts=jax.process_count(),
    )
    totals, waiting = None, deque()
    with closing(made) as source:  # pyright: ignore[reportArgumentType]
        while not reason:
            state, step_metrics = programs.at(position)(state, next(source))
            step, position = step + 1, position + size
            totals = metrics.add(totals, step_metrics)
            waiting.append(totals)
            if not report.clock_runs:
                jax.block_until_ready(totals)
                report.start_clock(position)
                say(f"first step after {time.monotonic() - run.started:.0f} s")
            if len(waiting) > _IN_FLIGHT:
                jax.block_until_ready(waiting.popleft())
            seen = outcome.show(run, state, report, step, position)
            if seen is not None and config.stop_on_collapse:
                guards.heed(seen, checkpoints, run.workdir)
            reason = _why_stop(run, position)
            saves = reason or metrics.due(position, size, config.checkpoint_kimg)
            if saves or metrics.due(position, size, config.log_kimg):
                guards.check_steps(run.workdir, report.interval(totals, step, position, run.deadline))
                totals = None
            if saves:
                with report.paused():
                    checkpoints.save(state, {"fingerprint": run.train.fingerprint, "minutes": report.minutes()})
                    outcome.write_snapshot_of(run, state, None)
    return state, reason


def _why_stop(run: outcome.Run, position: int) -> str:
    """One of "signal", "done" and "clock"; nothing while training goes on."""
    if run.stop.requested:
        return "signal"
    if position >= 1000 * run.config.total_kimg:
        return "done"
    return "clock" if run.deadline is not None and time.monotonic() >= run.deadline else ""
