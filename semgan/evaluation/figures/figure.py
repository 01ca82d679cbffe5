"""A number with its name, its interval and its passport: the one form in which scores leave an evaluation."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import semgan
from semgan.errors import UserError
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.scores import bootstrap


class Figure(NamedTuple):
    """A score.

    Attributes:
      name: such as "fid" or "fd_judge".
      value: the score.
      interval: (low, high), 95 % by bootstrap; None where none was taken.
      passport: how it was made.
      interval_of: what the interval is over: which pictures were resampled.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    passport: Passport
    interval_of: str = ""

    def with_parameters(self, **parameters: Any) -> "Figure":
        """Returns the figure with these parameters in its passport too."""
        return self._replace(passport=self.passport.with_parameters(**parameters))


def is_part(name: str) -> bool:
    """Returns whether a figure of this name is part of another: of a single domain, attribute or copy, as the slash says ("fid/ink")."""
    return "/" in name


def is_finite(figure: Figure) -> bool:
    """Returns whether the value and both ends of the interval are numbers that a file can hold."""
    return all(map(math.isfinite, (figure.value, *(figure.interval or ()))))


def by_name(figures: Iterable[Figure]) -> dict[str, Figure]:
    """Returns the figures by their names."""
    return {figure.name: figure for figure in figures}


def resamples_of(what: str) -> str:
    """Returns the text for `Figure.interval_of`: what the interval is over."""
    return f"{bootstrap.RESAMPLES} resamples of {what}"


def to_json(figure: Figure) -> dict[str, Any]:
    """Returns the figure as plain data that JSON can hold."""
    passport = {name: dict(value) if isinstance(value, Mapping) else value for name, value in figure.passport._asdict().items()}
    return {
        "name": figure.name,
        "value": figure.value,
        "interval": None if figure.interval is None else list(figure.interval),
        "interval_of": figure.interval_of,
        "passport": passport,
    }


def from_json(data: Mapping[str, Any]) -> Figure:
    """Reads what `to_json` made.

    Raises:
      UserError: a part is missing, unknown or of another kind; it says which.
    """
    _check_keys(data, Figure._fields, "a figure")
    _check_keys(data["passport"], Passport._fields, "a figure's passport")
    interval, value = data["interval"], data["value"]
    if not _is_number(value):
        raise UserError(f"the figure {data['name']!r} has the value {value!r}, which is not a number: make it again with semgan score")
    if interval is not None and not (isinstance(interval, list | tuple) and len(interval) == 2 and all(map(_is_number, interval))):
        raise UserError(f"the figure {data['name']!r} has the interval {interval!r}, not two numbers: make it again with semgan score")
    return Figure(
        str(data["name"]),
        float(value),
        None if interval is None else (float(interval[0]), float(interval[1])),
        Passport(**data["passport"]),
        str(data["interval_of"]),
    )


def _check_keys(data: Any, keys: tuple[str, ...], what: str) -> None:
    if not isinstance(data, Mapping):
        raise UserError(f"{what} is {type(data).__name__}, not a set of named values: make it again with semgan score")
    if wrong := sorted(set(keys) ^ {str(key) for key in data}):
        raise UserError(f"{what} has {wrong[0]!r} missing or too much: make it again with this version of semgan ({semgan.__version__})")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
