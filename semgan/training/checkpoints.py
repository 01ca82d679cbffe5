"""Full training states on disk: written beside the training, committed by one rename, and never trusted without their hashes.

    checkpoints/STEP/state/          the arrays (Orbax)
    checkpoints/STEP/manifest.json   step, position, the caller's `extra`, every array's shape, every file's size and SHA-256,
                                     and a SHA-256 of itself

`STEP.writing`, `STEP.removing` and `STEP.replaced` are left by a process that died at work; the next one clears them up.
"""

import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp

from semgan import manifest
from semgan.checkpoint import STATE
from semgan.errors import UserError
from semgan.files import sync
from semgan.run_files import steps_of
from semgan.sealed import UNSEALED
from semgan.types import TrainState

_DIFFERENCES_SHOWN = 5


class RestoredCheckpoint(NamedTuple):
    """A state as host arrays, ready for any number of devices, and what was saved with it."""

    state: TrainState
    extra: dict[str, Any]
    step: int


class Checkpoints:
    """The checkpoints of one run. Whoever makes one owns the folder; of several processes only the first writes."""

    def __init__(self, folder: str | os.PathLike, keep: int = 2):
        """Makes the folder and clears up after a process that died; the `keep` newest checkpoints stay.

        UserError for a `keep` below 1 and a folder that cannot be written.
        """
        if keep < 1:
            raise UserError(f"config.keep_checkpoints: {keep} would leave nothing to go on from; use 1 or more.")
        self.folder, self.keep = Path(folder).absolute(), keep
        process = jax.process_index()
        # Every process is its own island to Orbax: the state is replicated, so the first writes it alone and nobody waits.
        island = ocp.options.MultiprocessingOptions(
            primary_host=process, active_processes={process}, barrier_sync_key_prefix=f"process_{process}"
        )
        handler = ocp.StandardCheckpointHandler(multiprocessing_options=island)
        self._orbax = ocp.AsyncCheckpointer(handler, multiprocessing_options=island)
        self._writes = process == 0
        self._thread: threading.Thread | None = None
        self._has_saved = True
        self._damaged_steps: set[int] = set()
        self._held_step: int | None = None
        if self._writes:
            self._make_folder()

    def steps(self) -> list[int]:
        """The committed steps, ascending."""
        return steps_of(self.folder)

    def latest_step(self) -> int | None:
        """The newest committed step, whole or not."""
        return max(self.steps(), default=None)

    def hold(self, step: int | None) -> None:
        """Keeps the newest checkpoint that is not after `step` from now on, however many follow; None changes nothing."""
        self._held_step = self._held_step if step is None else step

    def roll_back(self) -> int | None:
        """Removes what was saved after the checkpoint that is held; its step, None (and nothing removed) where none is."""
        self.wait()
        pin = self._pinned_step()
        if pin is not None and self._writes:
            self._remove([step for step in self.steps() if step > pin])
        return pin

    def _pinned_step(self) -> int | None:
        return max((step for step in self.steps() if self._held_step is not None and step <= self._held_step), default=None)

    def save(self, state: TrainState, extra: dict[str, Any]) -> None:
        """Starts to save; the state may be donated or overwritten as soon as this returns.

        Waits for the save before, if it still runs. `extra` is JSON-able and comes back from `restore`. A save that fails (a full
        disk) warns on stderr, leaves no trace and keeps the earlier checkpoints; `wait` tells.
        """
        self.wait()
        if not self._writes:
            return
        arrays = _by_key(jax.device_get(state))
        record = {
            "format": manifest.FORMAT,
            "sha256": UNSEALED,
            "step": int(state.step),
            "position": int(state.position),
            "extra": json.loads(json.dumps(extra)),
            "arrays": {key: _describe(array) for key, array in arrays.items()},
        }
        writing = self.folder / f"{record['step']}.writing"
        try:
            writing.mkdir()
            # Orbax copies the host arrays before it returns, and refuses empty ones, which have nothing to save.
            nonempty = {key: array for key, array in arrays.items() if array.size}
            self._orbax.save(writing / STATE, args=ocp.args.StandardSave(nonempty))
        except Exception as error:  # whatever it was, training goes on
            self._give_up(writing, error)
            return
        self._thread = threading.Thread(target=self._commit, args=(writing, record), name="checkpoint_commit")
        self._thread.start()

    def wait(self) -> bool:
        """Waits for the save under way; False if the last one failed."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._writes:
            for late in self.folder.glob("*.writing"):  # what a failed save still wrote after its folder was gone
                shutil.rmtree(late, ignore_errors=True)
        return self._has_saved

    def restore(self, target_state: TrainState) -> RestoredCheckpoint | None:
        """The newest whole checkpoint in the structure of `target_state`, or None where there is no checkpoint at all.

        A damaged one is named on stderr and the one before it is taken. UserError if none is whole, or if the newest whole one
        holds other arrays than `target_state` (arrays or `jax.ShapeDtypeStruct`s).
        """
        self.wait()
        steps = self.steps()
        for step in reversed(steps):
            folder = self.folder / str(step)
            try:
                record = manifest.verify(folder, step)
            except manifest.DamagedError as damage:
                self._damaged_steps.add(step)
                _warn(f"checkpoint {folder} is damaged ({damage}); falling back to the one before it.")
                continue
            return RestoredCheckpoint(self._load(folder, record, target_state), record["extra"], step)
        if steps:
            raise UserError(
                f"{self.folder}: none of its checkpoints ({', '.join(map(str, steps))}) is whole; bring one back from a copy, or "
                "remove them to start again."
            )
        return None

    def _load(self, folder: Path, record: dict, target_state: TrainState) -> TrainState:
        target = _by_key(target_state)
        _check_fits(folder, record["arrays"], {key: _describe(leaf) for key, leaf in target.items()})
        empty = {key: np.empty(leaf.shape, leaf.dtype) for key, leaf in target.items()}
        nonempty = {key: array for key, array in empty.items() if array.size}
        arrays = empty | self._orbax.restore(folder / STATE, args=ocp.args.StandardRestore(nonempty))
        return jax.tree.unflatten(jax.tree.structure(target_state), [arrays[key] for key in target])

    def _commit(self, writing: Path, record: dict) -> None:
        """Commits in the background: waits for Orbax, then hashes, and gives the folder its final name."""
        try:
            self._orbax.wait_until_finished()
            manifest.write(writing, record)
            self._rename(writing, record["step"])
        except Exception as error:  # whatever it was, training goes on
            self._give_up(writing, error)
            return
        self._has_saved = True
        self._remove_old()

    def _rename(self, writing: Path, step: int) -> None:
        final, replaced = self.folder / str(step), self.folder / f"{step}.replaced"
        if final.exists():  # damaged, or of a run that was rolled back
            final.rename(replaced)
        writing.rename(final)
        sync(self.folder)
        self._damaged_steps.discard(step)
        shutil.rmtree(replaced, ignore_errors=True)

    def _remove_old(self) -> None:
        whole = [step for step in self.steps() if step not in self._damaged_steps]
        pin = self._pinned_step()
        self._remove([step for step in [*whole[: -self.keep], *self._damaged_steps] if step != pin])
        self._damaged_steps.clear()

    def _remove(self, steps: list[int]) -> None:
        for step in steps:
            removing = self.folder / f"{step}.removing"
            try:
                (self.folder / str(step)).rename(removing)  # so that a half-removed one never counts as a checkpoint
                shutil.rmtree(removing)
            except OSError as error:
                _warn(f"could not remove the old checkpoint {removing.with_suffix('')}: {error}.")

    def _give_up(self, writing: Path, error: Exception) -> None:
        self._has_saved = False
        shutil.rmtree(writing, ignore_errors=True)
        fallback = f"the one of step {self.latest_step()} is kept" if self.steps() else "there is NO checkpoint yet"
        reason = str(error).partition(" [")[0]  # without the kilobytes that the storage library adds
        _warn(f"SAVING THE CHECKPOINT {writing.with_suffix('')} FAILED ({reason}); training goes on, {fallback}.")

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in self.folder.glob("*.replaced"):
                if not path.with_suffix("").exists():  # died between the two renames
                    path.rename(path.with_suffix(""))
            for suffix in ("writing", "removing", "replaced"):
                for path in self.folder.glob(f"*.{suffix}"):
                    shutil.rmtree(path)
        except OSError as error:
            raise UserError(f"{self.folder}: checkpoints cannot be kept here ({error}); choose a folder that can be written.") from error


def _by_key(state: Any) -> dict[str, Any]:
    """The leaves by their dotted path, such as `params.generator.Conv_0.kernel`, in the tree's order."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def _describe(array: Any) -> str:
    return f"{np.dtype(array.dtype).name} {tuple(array.shape)}"


def _check_fits(folder: Path, saved: dict[str, str], expected: dict[str, str]) -> None:
    keys = [key for key in expected | saved if saved.get(key) != expected.get(key)]
    if not keys:
        return
    differences = [
        f"{key}: the checkpoint has {saved.get(key, 'none')}, the config wants {expected.get(key, 'none')}"
        for key in keys[:_DIFFERENCES_SHOWN]
    ]
    more = f"; and {len(keys) - len(differences)} more" if len(keys) > len(differences) else ""
    raise UserError(
        f"{folder} does not fit the config: {'; '.join(differences)}{more}. Go on with the config that it was trained with, or choose "
        "another workdir."
    )


def _warn(message: str) -> None:
    print(f"semgan: warning: {message}", file=sys.stderr, flush=True)
