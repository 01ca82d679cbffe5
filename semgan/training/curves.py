"""Curves of metrics as inline SVG: small charts, one metric each, on a common horizontal axis."""

from collections.abc import Sequence
from html import escape

from semgan.training.metrics import Line

_WIDTH, _HEIGHT = 260, 96
_MOST_POINTS = 400
Point = tuple[float, float]


def points(lines: Sequence[Line], name: str) -> list[Point]:
    """(kimg, value) of one metric where it was measured."""
    return [(line["kimg"], line[name]) for line in lines if line.get(name) is not None]


def metric_names(lines: Sequence[Line]) -> dict[str, list[str]]:
    """Names of the metrics measured, grouped by what stands before the slash, in the order of first appearance."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for line in lines for name, value in line.items() if value is not None):
        if "/" in name:
            groups.setdefault(name.partition("/")[0], []).append(name)
    return groups


def chart(title: str, values: Sequence[Point], right: float) -> str:
    """A figure with the curve, its range and its last value; the horizontal axis goes from 0 to `right` kimg."""
    low, high = min(value for _, value in values), max(value for _, value in values)
    middle, half = (low + high) / 2, (high - low) / 2 or max(abs(high), 1e-12)

    def place(point: Point) -> str:
        x = _WIDTH * point[0] / max(right, 1e-12)
        return f"{x:.1f},{_HEIGHT * (0.5 - 0.46 * (point[1] - middle) / half):.1f}"

    drawn = _thinned(values)
    last = place(drawn[-1])
    x, _, y = last.partition(",")
    return (
        f'<figure class="chart"><figcaption>{escape(title)} <b>{number(values[-1][1])}</b></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}, last {number(values[-1][1])}">'
        f'<path class="frame" d="M0 0.5H{_WIDTH}M0 {_HEIGHT - 0.5}H{_WIDTH}"/>'
        f'<polyline points="{" ".join(map(place, drawn))}"/><circle cx="{x}" cy="{y}" r="2.5"/>'
        f'<text x="2" y="11">{number(high)}</text><text x="2" y="{_HEIGHT - 4}">{number(low)}</text>'
        f'<text x="{_WIDTH - 2}" y="{_HEIGHT - 4}" text-anchor="end">{right:.4g} kimg</text></svg></figure>'
    )


def number(value: float) -> str:
    """Three significant digits, without an exponent where it reads well."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def _thinned(values: Sequence[Point]) -> list[Point]:
    """At most some hundreds of points, the last always among them."""
    stride = -(-len(values) // _MOST_POINTS)
    return list(values[(len(values) - 1) % stride :: stride])
