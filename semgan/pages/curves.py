"""Curves as inline SVG: small charts of one figure each, of one series or of several over one another."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from semgan.pages.document import SERIES

_WIDTH, _HEIGHT = 260, 96
_MOST_POINTS = 400
_MOST_MARKERS = 12
"""The most points that are all marked; of a longer series only the last is."""
Point = tuple[float, float]


class Axis(NamedTuple):
    """A horizontal axis from 0 to `right`, and what is written at its right end."""

    right: float
    label: str


def axis(right: float, unit: str) -> Axis:
    """`axis(25.0, "kimg")` ends in "25 kimg"."""
    return Axis(right, f"{right:.4g} {unit}")


def points(lines: Sequence[Mapping[str, Any]], name: str, x: str = "kimg") -> list[Point]:
    """Returns the (x, value) of one figure where both were measured."""
    return [(line[x], line[name]) for line in lines if line.get(name) is not None and line.get(x) is not None]


def metric_names(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Names of the metrics measured, grouped by what stands before the slash, in the order of first appearance."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for line in lines for name, value in line.items() if value is not None):
        if "/" in name:
            groups.setdefault(name.partition("/")[0], []).append(name)
    return groups


def chart(title: str, values: Sequence[Point], along: Axis) -> str:
    """A figure with the curve, its range and its last value."""
    last = number(values[-1][1])
    return _figure(title, f" <b>{last}</b>", f"{title}, last {last}", [(0, values)], along)


def overlay(title: str, series: Sequence[Sequence[Point]], along: Axis) -> str:
    """A figure with several curves in one range; a series without a point keeps its place, and so its colour (see `legend`)."""
    nonempty = [(index, values) for index, values in enumerate(series) if values]
    return _figure(title, "", f"{title}, {len(nonempty)} curves", nonempty, along) if nonempty else ""


def legend(names: Sequence[str]) -> str:
    """Draws the legend of colours and names, for the charts that `overlay` makes of series in this order."""
    items = "".join(
        f'<li><svg viewBox="0 0 24 10" aria-hidden="true">{_line(index, "0,5 24,5")}</svg>{escape(name)}</li>'
        for index, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def number(value: float) -> str:
    """Three significant digits, without an exponent where it reads well."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def _figure(title: str, beside: str, label: str, series: Sequence[tuple[int, Sequence[Point]]], along: Axis) -> str:
    heights = [value for _, values in series for _, value in values]
    low, high = min(heights), max(heights)
    curves = "".join(_curve(index, values, (low, high), along) for index, values in series)
    return (
        f'<figure class="chart"><figcaption>{escape(title)}{beside}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
        f'<path class="frame" d="M0 0.5H{_WIDTH}M0 {_HEIGHT - 0.5}H{_WIDTH}"/>{curves}'
        f'<text x="2" y="11">{number(high)}</text><text x="2" y="{_HEIGHT - 4}">{number(low)}</text>'
        f'<text x="{_WIDTH - 2}" y="{_HEIGHT - 4}" text-anchor="end">{escape(along.label)}</text></svg></figure>'
    )


def _curve(index: int, values: Sequence[Point], span: tuple[float, float], along: Axis) -> str:
    low, high = span
    middle, half = (low + high) / 2, (high - low) / 2 or max(abs(high), 1e-12)

    def place(point: Point) -> str:
        x = _WIDTH * point[0] / max(along.right, 1e-12)
        return f"{x:.1f},{_HEIGHT * (0.5 - 0.46 * (point[1] - middle) / half):.1f}"

    places = list(map(place, _thin(values)))
    markers = places if len(places) <= _MOST_MARKERS else places[-1:]
    return _line(index, " ".join(places)) + "".join(_dot(index, *at.split(",")) for at in markers)


def _line(index: int, places: str) -> str:
    dashes = f' stroke-dasharray="{2 + 2 * (index // SERIES)} 3"' if index >= SERIES else ""
    return f'<polyline class="s{index % SERIES}" points="{places}" fill="none"{dashes}/>'


def _dot(index: int, x: str, y: str) -> str:
    return f'<circle class="s{index % SERIES}" cx="{x}" cy="{y}" r="2.5"/>'


def _thin(values: Sequence[Point]) -> Sequence[Point]:
    """Returns at most some hundreds of the points, the last always among them."""
    stride = -(-len(values) // _MOST_POINTS)
    return values[(len(values) - 1) % stride :: stride]
