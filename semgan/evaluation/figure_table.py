"""Figures with their intervals and passports as texts: for a terminal, and as rows of a page's tables."""

from collections.abc import Mapping, Sequence
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


def figure_lines(figures: Sequence[Json]) -> list[str]:
    """A line for each figure: its name, its value and its interval."""
    width = max((len(figure["name"]) for figure in figures), default=0)
    return [f"{figure['name']:<{width}}  {number(figure['value']):>10}{_between(figure)}" for figure in figures]


def figure_rows(figures: Sequence[Json]) -> list[list[str]]:
    """A row for each figure under `HEAD`; the last column has those fields of its passport that not all figures agree in."""
    flat = [_flat(figure["passport"]) for figure in figures]
    same = _agreed(flat)
    return [
        [figure["name"], number(figure["value"]), interval(figure), figure["interval_of"], _told(passport, same)]
        for figure, passport in zip(figures, flat, strict=True)
    ]


def shared_rows(figures: Sequence[Json]) -> list[tuple[str, str]]:
    """The fields of the passports that all figures agree in, with their values; those that say nothing are left out."""
    flat = [_flat(figure["passport"]) for figure in figures]
    same = _agreed(flat)
    return [(capital(in_words(field)), text(value)) for field, value in flat[0].items() if field in same and text(value)] if flat else []


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


def _told(passport: Json, same: frozenset[str]) -> str:
    return "; ".join(
        f"{in_words(field).removeprefix('the ')}: {text(value) or 'none'}" for field, value in passport.items() if field not in same
    )


def _agreed(flat: Sequence[Json]) -> frozenset[str]:
    """The fields that all have, with one value."""
    fields = frozenset().union(*flat)
    return frozenset(field for field in fields if all(each.get(field, _ABSENT) == flat[0].get(field, _ABSENT) for each in flat))


def _flat(passport: Json) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in passport.items():
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat
