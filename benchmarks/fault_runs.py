"""Shared parts of the fault trials: real training processes, the state of their checkpoints, and one undisturbed run to compare with."""

import ast
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from semgan.errors import UserError
from semgan.manifest import MANIFEST
from semgan.training.checkpoints import Checkpoints

ROOT = Path(__file__).resolve().parent.parent
EVERY = 10
"""Steps from checkpoint to checkpoint."""
_BATCH = 8
_STEPS = 1200
_CONFIG = (
    *("--config", "configs/drawn_faces_dcgan.py", "--debug", "--config.max_minutes=0", f"--config.total_kimg={_STEPS * _BATCH / 1000}"),
    *(f"--config.{name}_kimg={EVERY * _BATCH / 1000}" for name in ("checkpoint", "log")),
    *("--config.picture_kimg=100", "--config.picture_rows=1", "--config.picture_columns=1"),
)
_PATIENCE = 300.0
"""Seconds after which a process that says nothing of what is waited for counts as stuck."""
RESUMED = r"going on from the checkpoint of step ([\d,]+)|compiling|taking the scores"
WORKS = r"first step after|taking the scores"
ALL = 1_000_000


class Tally:
    """The outcome of one kind of trial.

    Attributes:
      name: of the trial.
      times: how often it was made.
      losses, mismatches: sentences: what was lost, and what is there but is not what it should be.
      notes: what else is worth knowing.
    """

    def __init__(self, name: str) -> None:
        self.name, self.times, self.notes = name, 0, ""
        self.losses: list[str] = []
        self.mismatches: list[str] = []
        self._failed: set[int] = set()

    @property
    def survivors(self) -> int:
        return self.times - len(self._failed)

    def hold(self, true: bool, loss: str) -> None:
        """Counts a loss unless what should be so is so."""
        if not true:
            self.losses.append(f"trial {self.times}: {loss}")
            self._failed.add(self.times)

    def equal(self, where: str, keys: list[str]) -> None:
        """Counts a mismatch for arrays that differ."""
        if keys:
            self.mismatches.append(f"trial {self.times}: {where} differs in {', '.join(keys[:3])} ({len(keys)} arrays)")
            self._failed.add(self.times)


class Training:
    """A process of `launch.py`; what it says is kept as it comes."""

    def __init__(self, workdir: Path, environment: dict[str, str], keep: int = ALL):
        self.checkpoints = workdir / "checkpoints"
        self.launched = time.time()
        command = [sys.executable, "launch.py", *_CONFIG, f"--config.keep_checkpoints={keep}", "--workdir", str(workdir)]
        quiet, heard = subprocess.DEVNULL, subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=quiet, stderr=heard)
        self._output: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self._output.extend(self.process.stderr)

    @property
    def output(self) -> str:
        return "".join(self._output)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, pattern: str) -> re.Match | None:
        """The first that it says of it; None where it ends before."""
        self.wait_until(lambda: re.search(pattern, self.output) is not None)
        return re.search(pattern, self.output)

    def wait_until(self, true: Callable[[], Any]) -> bool:
        """Returns whether it came true while the process lived."""
        deadline = time.monotonic() + _PATIENCE
        while not true():
            if not self.alive:
                self._listener.join()
                return bool(true())
            if time.monotonic() > deadline:
                raise TimeoutError(f"training is stuck; it said:\n{self.output}")
            time.sleep(0.002)
        return True

    def wait_for_save(self, number: int = 1) -> str | None:
        """The name of the `number`th folder from here on in which a checkpoint is being written, while it is; None where there is none."""
        saves: set[str] = set()

        def begun() -> bool:
            saves.update(writing(self.checkpoints))
            return len(saves) >= number

        return max(saves, key=step_of) if self.wait_until(begun) and begun() else None

    def signal(self, number: int) -> None:
        if self.alive:
            self.process.send_signal(number)

    def end(self) -> int:
        """Waits; the exit status."""
        status = self.process.wait(_PATIENCE)
        self._listener.join()
        return status

    def kill(self) -> int:
        """Ends it without a trace; the exit status, which is another than -SIGKILL if it had ended before."""
        self.signal(signal.SIGKILL)
        return self.end()


class Place(NamedTuple):
    """The surroundings of the trials.

    Attributes:
      folder: for all runs.
      environment: of the processes: one cache of compiled programs and one of data for all.
      reader: of single checkpoints.
      steady: the folder of the undisturbed run.
      expected: step -> what `fingerprints` gives of the undisturbed run's checkpoint.
      start_seconds: from launch to first step.
    """

    folder: Path
    environment: dict[str, str]
    reader: Checkpoints
    steady: Path
    expected: dict[int, dict[str, str]]
    start_seconds: float

    def start(self, workdir: Path, **settings: int) -> Training:
        return Training(workdir, self.environment, **settings)

    def check(self, checkpoints: Path, step: int, tally: Tally) -> None:
        """Holds a checkpoint against the undisturbed run's of the same step, where that has one."""
        actual = fingerprints(self.reader, checkpoints / str(step))
        tally.hold(actual is not None, f"the checkpoint of step {step} is not whole")
        if actual is not None and (expected := self.expected.get(step)) is not None:
            differ = [key for key in expected | actual if actual.get(key) != expected.get(key)]
            tally.equal(f"the checkpoint of step {step}", differ)


def prepare(folder: Path) -> Place:
    """Fills the caches with a short run, then trains one to its end without disturbance."""
    environment = {"JAX_PLATFORMS": "cpu", "JAX_COMPILATION_CACHE_DIR": str(folder / "programs"), **os.environ}
    environment |= {"SEMGAN_CACHE": str(folder / "cache"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    first = Training(folder / "first", environment)
    if first.wait_for_save(2) is None:
        sys.exit(first.output)
    first.kill()
    began = time.monotonic()
    steady = Training(folder / "steady", environment)
    steady.wait_for(WORKS)
    seconds = time.monotonic() - began
    if steady.end():
        sys.exit(steady.output)
    reader = Checkpoints(folder / "links")
    expected = {step: fingerprints(reader, steady.checkpoints / str(step)) or {} for step in committed_steps(steady.checkpoints)}
    return Place(folder, environment, reader, folder / "steady", expected, seconds)


def step_of(name: str) -> int:
    """The step of a checkpoint's folder, whichever of its names that has."""
    return int(name.partition(".")[0])


def writing(checkpoints: Path) -> list[str]:
    """Folders of saves under way."""
    return [name for name in os.listdir(checkpoints) if name.endswith(".writing")] if checkpoints.exists() else []


def committed_steps(checkpoints: Path) -> list[int]:
    """Steps, ascending."""
    return sorted(int(name) for name in os.listdir(checkpoints) if name.isdecimal()) if checkpoints.exists() else []


def target(checkpoint: Path) -> dict[str, jax.ShapeDtypeStruct]:
    """Every array of a checkpoint by its key, as its manifest has it: a state to restore without the networks."""
    arrays = json.loads((checkpoint / MANIFEST).read_text())["arrays"]
    described = {key: text.split(" ", 1) for key, text in arrays.items()}
    return {key: jax.ShapeDtypeStruct(ast.literal_eval(shape), jnp.dtype(dtype)) for key, (dtype, shape) in described.items()}


def digests(state: Any) -> dict[str, str]:
    """SHA-256 of every array's bytes by key: parameters, averages, optimizer states, step and position."""
    return {key: hashlib.sha256(array.tobytes()).hexdigest() for key, array in state.items()}


def fingerprints(reader: Checkpoints, checkpoint: Path) -> dict[str, str] | None:
    """The digests of a checkpoint that is proved whole; None of any other. `reader` reads it by a link and leaves its folder as it is."""
    link = reader.folder / checkpoint.name
    link.symlink_to(checkpoint)
    try:
        restored = reader.restore(target(checkpoint))  # pyright: ignore[reportArgumentType]
        return None if restored is None else digests(restored.state)
    except (UserError, OSError, ValueError, KeyError):
        return None
    finally:
        link.unlink()
