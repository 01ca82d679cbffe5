"""Figures with their intervals and passports as texts: for a terminal, and as rows of a page's tables."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from semgan.evaluation.figures.figure import Figure, is_part
from semgan.evaluation.figures.passport import fields_of

HEAD = ("figure", "value", "95 % interval", "over", "measured otherwise than most")
_WORDS = {
    "extractor": "the extractor",
    "network": "the network",
    "sha256": "the SHA-256 of its weights",
    "protocol": "the protocol",
    "resize": "the resizing",
    "real": "the digest of the real pictures",
    "real_count": "the number of real pictures",
    "fake_count": "the number of generated pictures",
    "split": "the split",
    "truncation": "the truncation",
    "version": "semgan's version",
    "code": "the digest of the code",
    "parameters.of": "what it is of",
}
_KINDS = {"seeds": "the seed of the", "parameters": "the parameter"}
_ABSENT = object()
_DIGITS = 12


def headline(figures: Iterable[Figure]) -> list[Figure]:
    """Returns those that are not part of another, see `figure.is_part`."""
    return [figure for figure in figures if not is_part(figure.name)]


def figure_lines(figures: Iterable[Figure]) -> list[str]:
    """Returns one line per `headline` figure: its name, its value and its interval."""
    figures = headline(figures)
    width = max((len(figure.name) for figure in figures), default=0)
    return [f"{figure.name:<{width}}  {number(figure.value):>10}{_between(figure)}" for figure in figures]


def figure_rows(figures: Sequence[Figure], beside: Sequence[Figure] | None = None) -> list[list[str]]:
    """Returns one row per figure, under `HEAD`; the last column has what sets its passport apart from most of those `beside` it.

    Args:
      beside: the figures to compare passports with; None: these figures themselves.
    """
    common = _common([fields_of(figure.passport) for figure in (figures if beside is None else beside)])
    return [
        [figure.name, number(figure.value), interval(figure), figure.interval_of, _otherwise(fields_of(figure.passport), common)]
        for figure in figures
    ]


def common_rows(figures: Sequence[Figure]) -> list[tuple[str, str]]:
    """Returns the fields of the passports as most figures have them; those that say nothing are left out."""
    common = _common([fields_of(figure.passport) for figure in figures])
    return [(capital(in_words(field)), text(value)) for field, value in common.items() if text(value)]


def in_words(field: str) -> str:
    """Returns a passport's field as a person calls it: `"seeds.pairs" -> "the seed of the pairs"`."""
    kind, _, name = field.partition(".")
    return _WORDS.get(field) or (f"{_KINDS[kind]} {name}" if name and kind in _KINDS else field)


def number(value: float) -> str:
    """Returns four digits, whatever its size."""
    return f"{value:.4g}"


def interval(figure: Figure) -> str:
    """Returns `"0.61 to 0.67"`; an empty text where none was taken."""
    return "" if figure.interval is None else " to ".join(map(number, figure.interval))


def capital(words: str) -> str:
    """Returns the words without the article and with a large letter: the beginning of a row."""
    words = words.removeprefix("the ")
    return words[:1].upper() + words[1:]


def text(value: Any) -> str:
    """Returns a field's value; an empty text where it says nothing."""
    return "" if value is None else str(value)


def _between(figure: Figure) -> str:
    return f"  (95 %: {interval(figure)})" if figure.interval else ""


def _otherwise(passport: dict[str, Any], common: dict[str, Any]) -> str:
    otherwise = [field for field in common | passport if field not in common or passport.get(field, _ABSENT) != common[field]]
    return "; ".join(f"{in_words(field).removeprefix('the ')}: {_short(passport.get(field))}" for field in otherwise)


def _short(value: Any) -> str:
    """Returns a digest by its first digits, which is enough to see that it is another."""
    words = text(value) or "none"
    return words[:_DIGITS] if re.fullmatch(r"[0-9a-f]{64}", words) else words


def _common(flat: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns for the fields that more than half have the value that most of these have, the first one's if in doubt."""
    common = {}
    for field in dict.fromkeys(field for each in flat for field in each):
        values = [each[field] for each in flat if field in each]
        if 2 * len(values) > len(flat):
            common[field] = max(values, key=values.count)
    return common
