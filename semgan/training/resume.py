"""Reads what a run's folder says about the run before: its config, and its result once it has finished."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from semgan.config import flatten, to_json
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.progress import say
from semgan.run_files import CONFIG
from semgan.settings import SETTINGS, keys_that, setting_of

RESULT = "result.json"
_MOST_SHOWN = 4
_BEFORE = {key: SETTINGS[key].before for key in keys_that(lambda setting: setting.since)}
"""The behaviour of older runs, by the keys that they do not have."""


class Result(NamedTuple):
    """The end of a run.

    Attributes:
      step, kimg: where.
      stopped: "done" (all of `total_kimg`), "clock" (`max_minutes`) or "signal" (to be taken up again).
      scores: the judge's report; None where there is none.
      usage: the command that uses the model.
      picture, snapshot, page: paths.
      best: the evaluation with the best score, see `semgan.training.results`; None where there was none with a score.
    """

    step: int
    kimg: float
    stopped: str
    scores: dict[str, Any] | None
    usage: str
    picture: str
    snapshot: str
    page: str
    best: dict[str, Any] | None = None


def check_config(workdir: Path, config: ConfigDict) -> None:
    """Raises a UserError, key by key, where the folder's run cannot go on with this config; with `allow_changes` only reports them."""
    saved = _read(workdir / CONFIG)
    if saved is None:
        return
    before, now = {**_BEFORE, **flatten(saved)}, flatten(to_json(config))
    left_to_data = [key for key in keys_that(lambda setting: setting.from_data) if not now.get(key)]
    for key in left_to_data:  # the folder's run has written down what they have
        before.pop(key, None)
        now.pop(key, None)
    changed = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key) and not _may_change(key)]
    if changed:
        differences = ", ".join(f"{key} (was {_value_text(before, key)}, now {_value_text(now, key)})" for key in changed[:_MOST_SHOWN])
        more = f" and {len(changed) - _MOST_SHOWN} more" if len(changed) > _MOST_SHOWN else ""
        _refuse(config, f"{workdir} holds a run with another config: {differences}{more}", "give the old values")


def _may_change(key: str) -> bool:
    setting = setting_of(key)
    return setting is not None and setting.may_change


def check_data(workdir: Path, config: ConfigDict, saved: str, fingerprint: str) -> None:
    """Raises a UserError where the checkpoint was trained on other data than there is now, unless `allow_changes`."""
    if saved != fingerprint:
        changed = f"the data have changed since {workdir} was trained (fingerprint {saved[:12]}, now {fingerprint[:12]})"
        _refuse(config, changed, "bring the old files back")


def _refuse(config: ConfigDict, changed: str, remedy: str) -> None:
    if config.allow_changes:
        say(f"warning: {changed}; going on, as --config.allow_changes asks")
        return
    raise UserError(f"{changed}: {remedy} to go on, choose another --workdir, or go on all the same with --config.allow_changes=True")


def write_config(workdir: Path, config: ConfigDict) -> None:
    _write(workdir / CONFIG, to_json(config))


def write_result(workdir: Path, result: Result, config: ConfigDict) -> None:
    _write(workdir / RESULT, _finite(result._asdict()) | {"lengths": _lengths(config)})


def previous_result(workdir: Path, config: ConfigDict) -> Result | None:
    """The result of the folder's run, if it has finished and this config asks for no more of it."""
    saved = _read(workdir / RESULT)
    if saved is None or saved.pop("lengths") != _lengths(config):
        return None
    return Result(**saved)


def _lengths(config: ConfigDict) -> dict[str, float]:
    return {key: config[key] for key in ("total_kimg", "max_minutes")}


def _finite(data: Any) -> Any:
    """Replaces NaN, which JSON does not have."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _value_text(flat: dict[str, Any], key: str) -> str:
    return repr(flat[key]) if key in flat else "absent"


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): remove it, or choose another --workdir") from error


def _write(path: Path, data: dict[str, Any]) -> None:
    """Writes the file, complete or not at all."""
    try:
        write_whole(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): free the disk or choose another --workdir") from error
