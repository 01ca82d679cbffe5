"""A table of several runs: rows of texts, and their layout for a terminal."""

from collections.abc import Sequence

from semgan.compare.differences import comparability
from semgan.compare.run_folder import Run, images_per_second, kimg, minutes, score
from semgan.compare.unlike_figures import MARK, figure_names, unlike
from semgan.pages.scores import SCORES

_NONE = "-"
_OTHERS = {"diversity": "distance of two samples"}
"""Figures whose own name is that of a score."""


def known_scores(runs: Sequence[Run]) -> list[str]:
    """Keys of the scores that any of the runs has, and after them names of other figures."""
    keys = [key for key in SCORES if any(score(run, key) is not None for run in runs)]
    return keys + [name for name in figure_names(runs) if name not in keys]


def score_name(key: str) -> str:
    """Returns what a score or figure is called."""
    return SCORES[key].name if key in SCORES else _OTHERS.get(key, key)


def table_rows(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """The heads of the columns, and one row per run; a dash for what a run does not know, `MARK` after what cannot be compared."""
    keys, marked = known_scores(runs), unlike(runs)
    names = [score_name(key) + (MARK if key in marked else "") for key in keys]
    return ["run", "algorithm", "kimg", "minutes", "images/s", *names], [_row(run, keys) for run in runs]


def _row(run: Run, keys: Sequence[str]) -> list[str]:
    numbers = [_number(kimg(run), ",.5g"), _number(minutes(run), ",.1f"), _number(images_per_second(run), ",.3g")]
    return [run.name, str(run.config.get("algorithm", _NONE)), *numbers, *(_score_text(run, key) for key in keys)]


def _score_text(run: Run, key: str) -> str:
    """Formats a value: figures other than scores may be of any magnitude."""
    return _number(score(run, key), ".3f" if key in SCORES else ".4g")


def _number(value: float | None, form: str) -> str:
    return _NONE if value is None else format(value, form)


def compare_text(runs: Sequence[Run]) -> str:
    """The table and whether its scores are comparable, for a terminal."""
    head, rows = table_rows(runs)
    cells = [[_printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(_align(cell, width, index) for index, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in cells
    ]
    return "\n".join(lines + [_printable(sentence) for sentence in comparability(runs)])


def _align(cell: str, width: int, column: int) -> str:
    """Names at the left, numbers at the right."""
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def _printable(text: str) -> str:
    """A folder's name may hold characters that steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
