"""How a figure was made: all that two figures have to agree in before one may be called better."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import semgan
from semgan.errors import UserError
from semgan.evaluation.figures.code_digest import code_digest, generation


class Passport(NamedTuple):
    """How a figure was made.

    Attributes:
      extractor: name of the weights.
      network: which network they are of.
      sha256: of the weights.
      protocol: how pictures are prepared, in a word.
      resize: the filter and size, in words.
      real: digest of the real pictures, "" where none are compared with.
      real_count, fake_count: how many pictures.
      split: of the real data.
      seeds: of all that is drawn, by what it is for.
      truncation: of the generated pictures' styles; None where not known or not used.
      version: semgan's.
      code: digest of the sources that compute figures, see `code_digest`.
      parameters: of the score, such as its subsets or neighbours.
    """

    extractor: str
    network: str
    sha256: str
    protocol: str
    resize: str
    real: str
    real_count: int
    fake_count: int
    split: str
    seeds: Mapping[str, int]
    truncation: float | None
    version: str
    code: str
    parameters: Mapping[str, Any]

    def told(self, **parameters: Any) -> "Passport":
        """With these parameters on top of its own."""
        return self._replace(parameters={**self.parameters, **parameters})


class Figure(NamedTuple):
    """A figure.

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


def is_part(name: str) -> bool:
    """Whether a figure of this name is part of another: of a single domain, attribute or copy, as the slash says ("fid/ink")."""
    return "/" in name


def new_passport(
    identity: Mapping[str, str],
    *,
    real: str,
    real_count: int,
    fake_count: int,
    split: str = "all",
    seeds: Mapping[str, int] | None = None,
    truncation: float | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Passport:
    """With this code's version and digest; `identity` is an extractor's, of which any part may be missing."""
    return Passport(
        extractor=identity.get("extractor", ""),
        network=identity.get("network", ""),
        sha256=identity.get("sha256", ""),
        protocol=identity.get("protocol", ""),
        resize=identity.get("resize", ""),
        real=real,
        real_count=real_count,
        fake_count=fake_count,
        split=split,
        seeds=dict(seeds or {}),
        truncation=truncation,
        version=semgan.__version__,
        code=code_digest(),
        parameters=dict(parameters or {}),
    )


def comparable(a: Passport, b: Passport) -> list[str]:
    """The fields in which two passports differ, such as "protocol" or "parameters.neighbours"; none: their figures compare.

    Two digests of code that computes the same figures are no difference, see `code_digest.GENERATIONS`.
    """
    flat_a, flat_b = (_flat(each) | {"code": generation(each.code)} for each in (a, b))
    return [name for name in flat_a | flat_b if flat_a.get(name, _ABSENT) != flat_b.get(name, _ABSENT)]


def to_json(figure: Figure) -> dict[str, Any]:
    """As plain data that JSON can hold."""
    passport = {name: dict(value) if isinstance(value, Mapping) else value for name, value in figure.passport._asdict().items()}
    return {
        "name": figure.name,
        "value": figure.value,
        "interval": None if figure.interval is None else list(figure.interval),
        "interval_of": figure.interval_of,
        "passport": passport,
    }


def from_json(data: Mapping[str, Any]) -> Figure:
    """What `to_json` made.

    Raises:
      UserError: a part is missing, unknown or of another kind; it says which.
    """
    _check_keys(data, Figure._fields, "a figure")
    _check_keys(data["passport"], Passport._fields, "a figure's passport")
    interval, value = data["interval"], data["value"]
    if not _is_number(value):
        raise UserError(f"the figure {data['name']!r} has the value {value!r}, which is no number: make it again with semgan score")
    if interval is not None and not (isinstance(interval, list | tuple) and len(interval) == 2 and all(map(_is_number, interval))):
        raise UserError(f"the figure {data['name']!r} has the interval {interval!r}, not two numbers: make it again with semgan score")
    return Figure(
        str(data["name"]),
        float(value),
        None if interval is None else (float(interval[0]), float(interval[1])),
        Passport(**data["passport"]),
        str(data["interval_of"]),
    )


_ABSENT = object()


def _flat(passport: Passport) -> dict[str, Any]:
    """Values by field, those of mappings each by its own name."""
    flat: dict[str, Any] = {}
    for name, value in passport._asdict().items():
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat


def _check_keys(data: Any, wanted: tuple[str, ...], what: str) -> None:
    if not isinstance(data, Mapping):
        raise UserError(f"{what} is {type(data).__name__}, not a set of named values: make it again with semgan score")
    if wrong := sorted(set(wanted) ^ {str(key) for key in data}):
        raise UserError(f"{what} has {wrong[0]!r} missing or too much: make it again with this version of semgan ({semgan.__version__})")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
