"""The files of a run's folder that hold a model, and the one of them that a user's path means.

A run's folder has `snapshot.safetensors`, the averaged weights of the last checkpoint or, once the run has ended, of its end;
`snapshot_best.safetensors`, those of the evaluation with the best score; and `checkpoints/STEP/`, the full state after that many steps,
which holds the averaged weights too.
"""

from pathlib import Path

from semgan.errors import UserError
from semgan.manifest import MANIFEST

CONFIG = "config.json"
SNAPSHOT = "snapshot.safetensors"
BEST_SNAPSHOT = "snapshot_best.safetensors"
CHECKPOINTS = "checkpoints"
_SHOWN = 5
"""Checkpoints that a sentence names, beside the last."""
BEST, LAST = "best", "last"
"""The steps that have names instead of numbers."""


def steps_of(folder: Path) -> list[int]:
    """Returns the committed steps in a folder of checkpoints, ascending; none where there is no such folder."""
    return sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal() and path.is_dir())


def model_path(path: str | Path, step: int | str | None = None) -> Path:
    """Returns the snapshot file, or the checkpoint's folder, that a user means.

    Args:
      path: of a snapshot, of a checkpoint (`RUN/checkpoints/STEP`), or of a run's folder, which stands for its last snapshot.
      step: for a run's folder, the step of one of its checkpoints, `BEST` or `LAST`.

    Raises:
      UserError: the folder is not a run's, or has no such step. Whether a file is there, and a snapshot, is left to its reader.
    """
    path = Path(path)
    if step is not None:
        if path.parent.name == CHECKPOINTS and path.exists():
            raise UserError(f"{path} is one checkpoint already: give it without a step, or {path.parent.parent} with one")
        return _of_step(path, step)
    if path.parent.name == CHECKPOINTS and path.name.isdecimal():
        return path if path.exists() else _of_step(path.parent.parent, path.name)
    if not path.is_dir() or (path / MANIFEST).is_file():
        return path
    if path.name == CHECKPOINTS and (steps := steps_of(path)):
        raise UserError(f"{path} holds checkpoints: give one of them, such as {path / str(steps[-1])}")
    return _snapshot_of(path, SNAPSHOT)


def _of_step(run: Path, step: int | str) -> Path:
    if not run.is_dir():
        trouble = "is a file" if run.exists() else "does not exist"
        raise UserError(f"{run} {trouble}: give a run's folder, such as runs/quickstart, where a step is asked for")
    if step in (BEST, LAST):
        return _snapshot_of(run, BEST_SNAPSHOT if step == BEST else SNAPSHOT)
    if not str(step).isdecimal():
        raise UserError(f"the step {step!r} is neither a number nor {BEST!r} or {LAST!r}")
    if int(step) not in (steps := steps_of(run / CHECKPOINTS)):
        raise UserError(f"{run} has no checkpoint of step {int(step)}: {_describe(steps)}")
    return run / CHECKPOINTS / str(int(step))


def _snapshot_of(run: Path, name: str) -> Path:
    path, steps = run / name, steps_of(run / CHECKPOINTS)
    if path.is_file():
        return path
    if not steps and not any((run / each).exists() for each in (CONFIG, SNAPSHOT, BEST_SNAPSHOT)):
        raise UserError(f"{run} is a folder, but not a run's: give a run's folder, one of its checkpoints, or a snapshot file")
    why = "no evaluation has had a score yet, or an older version trained it" if name == BEST_SNAPSHOT else "none was written yet"
    raise UserError(f"{run} has no {name} ({why}): {_describe(steps)}")


def _describe(steps: list[int]) -> str:
    if not steps:
        return "it has no checkpoints"
    if len(steps) == 1:
        return f"its one checkpoint is of step {steps[0]}"
    before = [str(step) for step in steps[:-1]]
    shown = before if len(before) <= _SHOWN else [*before[:_SHOWN], "..."]
    return f"its {len(steps)} checkpoints are of steps {', '.join(shown)} and {steps[-1]}"
