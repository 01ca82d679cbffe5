"""Draws the figures of docs/ from finished runs: a small picture of each, and the curves of their scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.runs import metrics

WIDTH, HEIGHT, MARGIN, LABELS = 300, 200, 34, 92
LINE = 13
"""Height of a label, in pixels."""
COLOURS = ("#4269d0", "#d9822b", "#2f9e5b", "#c2413b", "#8a5cc7", "#6b6b6b")
Curve = Sequence[tuple[float, float]]
"""(thousands of images seen, score), earliest first; or other pairs, the second from 0 to 1."""


def small_picture(run: Path, path: Path) -> None:
    """The last picture of a run at half its size, in 256 colours."""
    last = max((run / "pictures").glob("*.png"))
    picture = Image.open(last).convert("RGB")
    picture = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def curve(run: Path, score: str) -> Curve:
    """A score while the run went on, and at its end."""
    return [(line["kimg"], line[f"eval/{score}"]) for line in metrics(run) if line.get(f"eval/{score}") is not None]


def write_curves(path: Path, charts: Mapping[str, Mapping[str, Curve]], along: str = "{:.0f} thousand images", end: float = 0.0) -> None:
    """An SVG of charts side by side: by title, the curves by name; one of a single point is a dot. All axes run from 0.

    Args:
      along: what is written at the end of the horizontal axis, with a place for the end's number.
      end: of the horizontal axis; 0: as far as the longest curve goes.
    """
    pitch = WIDTH + MARGIN + LABELS
    body = "".join(_chart(title, curves, MARGIN + index * pitch, along, end) for index, (title, curves) in enumerate(charts.items()))
    _write_svg(path, body, len(charts))


def _write_svg(path: Path, body: str, charts: int) -> None:
    """Writes charts side by side on a white ground."""
    width, height = MARGIN + charts * (WIDTH + MARGIN + LABELS), HEIGHT + 2 * MARGIN
    head = f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#333"'
    background = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{background}{body}</svg>\n')


def _chart(title: str, curves: Mapping[str, Curve], left: float, along: str, end: float) -> str:
    end = end or max((kimg for points in curves.values() for kimg, _ in points), default=1.0)

    def place(kimg: float, score: float) -> tuple[float, float]:
        return left + WIDTH * kimg / end, MARGIN + HEIGHT * (1 - score)

    grid = "".join(
        f'<path d="M{left} {place(0, score)[1]}h{WIDTH}" stroke="#ddd"/>'
        f'<text x="{left - 4}" y="{place(0, score)[1] + 4}" text-anchor="end">{score:g}</text>'
        for score in (0, 0.25, 0.5, 0.75, 1)
    )
    axis = f'<text x="{left + WIDTH}" y="{MARGIN + HEIGHT + 16}" text-anchor="end">{along.format(end)}</text>'
    heading = f'<text x="{left}" y="{MARGIN - 14}" font-weight="bold">{title}</text>'
    labels = dict(zip(curves, _apart([place(*points[-1])[1] for points in curves.values()]), strict=True))
    paths = "".join(
        _line([place(*point) for point in points], colour)
        + f'<text x="{left + WIDTH + 6}" y="{labels[name] + 4:.1f}" fill="{colour}">{name} {points[-1][1]:.2f}</text>'
        for colour, (name, points) in zip(COLOURS, curves.items(), strict=False)
    )
    return grid + axis + heading + paths


def write_scatters(path: Path, charts: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], up: Sequence[str]) -> None:
    """An SVG of charts side by side: by what is along, the (x, y) by name; both axes from -0.5 to 1.25, what is beyond at the border.

    Args:
      up: what the vertical axis of each chart is.
    """
    pitch = WIDTH + MARGIN + LABELS
    named = zip(charts.items(), up, strict=True)
    body = "".join(_scatter(along, groups, MARGIN + index * pitch, name) for index, ((along, groups), name) in enumerate(named))
    _write_svg(path, body, len(charts))


def _scatter(along: str, groups: Mapping[str, Sequence[tuple[float, float]]], left: float, up: str) -> str:
    low, high = -0.5, 1.25

    def place(x: float, y: float) -> tuple[float, float]:
        across, rise = (min(max((each - low) / (high - low), 0), 1) for each in (x, y))
        return left + WIDTH * across, MARGIN + HEIGHT * (1 - rise)

    grid = "".join(
        f'<path d="M{left} {place(0, at)[1]:.1f}h{WIDTH}M{place(at, 0)[0]:.1f} {MARGIN}v{HEIGHT}" stroke="#ddd"/>'
        f'<text x="{left - 4}" y="{place(0, at)[1] + 4:.1f}" text-anchor="end">{at:g}</text>'
        f'<text x="{place(at, 0)[0]:.1f}" y="{MARGIN + HEIGHT + 14}" text-anchor="middle">{at:g}</text>'
        for at in (-0.5, 0, 0.5, 1)
    )
    heading = f'<text x="{left}" y="{MARGIN - 14}" font-weight="bold">{up}</text>'
    heading += f'<text x="{left + WIDTH}" y="{MARGIN + HEIGHT + 28}" text-anchor="end">{along}</text>'
    dots = ""
    for line, (colour, (name, points)) in enumerate(zip(COLOURS, groups.items(), strict=False)):
        places = [place(*point) for point in points]
        dots += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}" fill-opacity="0.7"/>' for x, y in places)
        dots += f'<text x="{left + WIDTH + 6}" y="{MARGIN + LINE * (line + 1)}" fill="{colour}">{name}</text>'
    return grid + heading + dots


def _line(places: Sequence[tuple[float, float]], colour: str) -> str:
    if len(places) == 1:
        return f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3" fill="{colour}"/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _apart(heights: Sequence[float]) -> list[float]:
    """The heights moved down as little as keeps them a line apart, in the order given."""
    offsets, last = {}, float("-inf")
    for index in sorted(range(len(heights)), key=heights.__getitem__):
        last = offsets[index] = max(heights[index], last + LINE)
    return [offsets[index] for index in range(len(heights))]
