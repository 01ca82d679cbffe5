"""Reads a run's folder: its config, its measurements and its last picture. Nothing in it is changed."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeGuard

from PIL import Image, UnidentifiedImageError

from semgan.config import flatten
from semgan.errors import UserError
from semgan.evaluation.figures.figure import Figure, from_json
from semgan.run_files import CONFIG
from semgan.training.metrics import FILE, LogLine, read_lines
from semgan.training.resume import RESULT


class Run(NamedTuple):
    """The contents of a run's folder.

    Attributes:
      name: the folder's, with as much of the path before it as is needed to distinguish it from the other runs.
      config: flat, key to value.
      scores: the judge's report at the end; empty before there is one.
      lines: the lines of metrics.jsonl, oldest first.
      figures: the figures behind those scores, by name, with their passports; empty for runs older than figures.
      picture: the last one, a PNG file's bytes, with its step; None without any.
    """

    name: str
    config: dict[str, Any]
    scores: dict[str, Any]
    lines: list[LogLine]
    picture: tuple[int, bytes] | None
    figures: dict[str, Figure]


def read_runs(folders: Iterable[str | Path]) -> list[Run]:
    """The runs in these folders, in this order, each under a name of its own.

    Raises:
      UserError: none is given, the same one twice, or one is not a run's folder or is damaged.
    """
    paths = [Path(folder).resolve() for folder in folders]
    if not paths:
        raise UserError("no run is given: name one or more folders that launch.py wrote, such as runs/quickstart")
    if twice := [path for index, path in enumerate(paths) if path in paths[:index]]:
        raise UserError(f"{twice[0]} is given twice: name each run once")
    return [read_run(path)._replace(name=name) for path, name in zip(paths, _names(paths), strict=True)]


def read_run(folder: Path) -> Run:
    """The run in one folder; UserError, in a sentence, where there is none or its files are damaged."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: give a run's folder, such as runs/quickstart")
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder} is not a run's folder, it has no {CONFIG}: give one that launch.py wrote, such as runs/quickstart")
    result = _read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    scores = result.get("scores") or {}
    if not isinstance(scores, dict):
        raise UserError(f"{folder / RESULT} is damaged (its scores are not an object): remove it, or leave this run out")
    config, lines = flatten(_read_json(folder / CONFIG)), _read_lines(folder / FILE)
    return Run(
        folder.name, config, scores, lines, _last_picture(folder / "pictures"), _figures(folder / RESULT, scores.get("figures") or [])
    )


def kimg(run: Run) -> float | None:
    """Returns the thousands of images seen so far."""
    return run.lines[-1]["kimg"] if run.lines else None


def minutes(run: Run) -> float | None:
    """Returns the minutes taken so far."""
    return next((line["time/minutes"] for line in reversed(run.lines) if line.get("time/minutes") is not None), None)


def images_per_second(run: Run) -> float | None:
    """Returns the median over the lines of the log."""
    rates = [line["time/images_per_second"] for line in run.lines if line.get("time/images_per_second") is not None]
    return median(rates) if rates else None


def score(run: Run, key: str) -> float | None:
    """A score or figure by its key: at the end, or where the run has not ended the last one that was taken."""
    if key in run.figures:
        return run.figures[key].value
    logged = (line.get(f"eval/{key}") for line in reversed(run.lines))
    value = run.scores.get(key) if run.scores else next((value for value in logged if value is not None), None)
    return float(value) if _is_number(value) else None


def _names(paths: list[Path]) -> list[str]:
    """Returns the ends of the paths, of the least length at which they all differ."""
    longest = max(len(path.parts) for path in paths)
    ends = ([str(Path(*path.parts[-length:])) for path in paths] for length in range(1, longest + 1))
    return next(names for names in ends if len(set(names)) == len(names))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}): leave this run out") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} is damaged (it does not hold an object): leave this run out")
    return data


def _read_lines(path: Path) -> list[LogLine]:
    try:
        lines = read_lines(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): leave this run out") from error
    if not all(isinstance(line, dict) and _is_number(line.get("kimg")) and all(map(_fits, line.items())) for line in lines):
        raise UserError(f"{path} is damaged (a line is not an object of numbers with a kimg): leave this run out")
    return lines


def _figures(path: Path, figures: Any) -> dict[str, Figure]:
    if not isinstance(figures, list):
        raise UserError(f"{path} is damaged (its figures are not a list): remove it, or leave this run out")
    try:
        return {figure.name: figure for figure in map(from_json, figures)}
    except (UserError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): remove it, or leave this run out") from error


def _fits(item: tuple[str, Any]) -> bool:
    """Returns whether a value is what its name promises: figures are numbers, or None where there was nothing to measure."""
    name, value = item
    return value is None or _is_number(value) or not name.startswith(("eval/", "time/"))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)


def _last_picture(folder: Path) -> tuple[int, bytes] | None:
    """Returns the last file that is a whole picture."""
    for path in sorted((path for path in folder.glob("*.png") if path.stem.isdecimal()), key=lambda path: int(path.stem), reverse=True):
        try:
            with Image.open(path, formats=["PNG"]) as image:
                image.load()
            return int(path.stem), path.read_bytes()
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
    return None
