"""Figures with their intervals and passports as texts: for a terminal, and as rows of a page's tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
"""A figure as `passport.to_json` makes it."""
HEAD = ("figure", "value", "95 % interval", "over", "measured otherwise than the rest")
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
}
_KINDS = {"seeds": "the seed of the", "parameters": "the parameter"}
_ABSENT = object()


def headline(figures: Iterable[Json]) -> list[Json]:
    """Those that are no part of another: of no single domain, attribute or copy, as a name with a slash says ("fid/ink")."""
    return [figure for figure in figures if "/" not in figure["name"]]


def figure_lines(figures: Iterable[Json]) -> list[str]:
    """A line for each `headline` figure: its name, its value and its interval."""
    figures = headline(figures)
    width = max((len(figure["name"]) for figure in figures), default=0)
    return [f"{figure['name']:<{width}}  {number(figure['value']):>10}{_between(figure)}" for figure in figures]


def figure_rows(figures: Sequence[Json], beside: Sequence[Json] | None = None) -> list[list[str]]:
    """A row for each figure under `HEAD`; the last column has what its passport says otherwise than all figures `beside` it do.

    Args:
      beside: None: these figures themselves.
    """
    same = _agreed([_flat(figure["passport"]) for figure in (figures if beside is None else beside)])
    return [
        [figure["name"], number(figure["value"]), interval(figure), figure["interval_of"], _told(_flat(figure["passport"]), same)]
        for figure in figures
    ]


def shared_rows(figures: Sequence[Json]) -> list[tuple[str, str]]:
    """The fields of the passports that all figures agree in, with their values; those that say nothing are left out."""
    same = _agreed([_flat(figure["passport"]) for figure in figures])
    return [(capital(in_words(field)), text(value)) for field, value in same.items() if text(value)]


def in_words(field: str) -> str:
    """A passport's field as a person calls it: `"seeds.pairs" -> "the seed of the pairs"`."""
    kind, _, name = field.partition(".")
    return f"{_KINDS[kind]} {name}" if name and kind in _KINDS else _WORDS.get(field, field)


def number(value: float) -> str:
    """Four digits, whatever its size."""
    return f"{value:.4g}"


def interval(figure: Json) -> str:
    """`"0.61 to 0.67"`; empty where none was taken."""
    return "" if figure["interval"] is None else " to ".join(map(number, figure["interval"]))


def capital(words: str) -> str:
    """Without the article and with a large letter: the beginning of a row."""
    words = words.removeprefix("the ")
    return words[:1].upper() + words[1:]


def text(value: Any) -> str:
    """A field's value; empty where it says nothing."""
    return "" if value is None else str(value)


def _between(figure: Json) -> str:
    return f"  (95 %: {interval(figure)})" if figure["interval"] else ""


def _told(passport: dict[str, Any], same: dict[str, Any]) -> str:
    otherwise = [field for field in passport | same if field not in same or passport.get(field, _ABSENT) != same[field]]
    return "; ".join(f"{in_words(field).removeprefix('the ')}: {text(passport.get(field)) or 'none'}" for field in otherwise)


def _agreed(flat: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The fields that all have, with one value."""
    if not flat:
        return {}
    return {field: value for field, value in flat[0].items() if all(each.get(field, _ABSENT) == value for each in flat)}


def _flat(passport: Json) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in passport.items():
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat
