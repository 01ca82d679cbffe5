"""Several runs side by side as one static page, with their last pictures inside."""

from collections.abc import Sequence
from html import escape

from semgan.compare.differences import comparability
from semgan.compare.run_folder import Run
from semgan.compare.table import known_scores, table_rows
from semgan.pages import curves
from semgan.pages.document import header, image, page_html, paragraph, section, statement, table
from semgan.pages.scores import SCORES

_AXES = {"kimg": ("kimg", "Over the images seen"), "time/minutes": ("min", "Over the time taken")}
"""Unit of the axis and title of the section, by the key of a log line."""


def render(runs: Sequence[Run]) -> str:
    """The page's HTML."""
    title = ", ".join(run.name for run in runs)
    head, rows = table_rows(runs)
    first, *rest = comparability(runs) or [""]
    return page_html(
        f"{title} compared",
        [
            header("Runs compared", title),
            statement(first) if first else "",
            *map(paragraph, rest),
            section("Figures", table(rows, head)),
            *(_curves(runs, x) for x in _AXES),
            _pictures(runs),
            section("What the scores mean", table((SCORES[key].name, SCORES[key].meaning) for key in known_scores(runs) if key in SCORES)),
        ],
    )


def _curves(runs: Sequence[Run], x: str) -> str:
    unit, title = _AXES[x]
    charts = "".join(
        _chart(score.name, [curves.points(run.lines, f"eval/{key}", x) for run in runs], unit) for key, score in SCORES.items()
    )
    if not charts:
        return ""
    return section(title, curves.legend([run.name for run in runs]), f'<div class="charts">{charts}</div>')


def _chart(title: str, series: Sequence[Sequence[curves.Point]], unit: str) -> str:
    """Draws one chart up to where the longest of its runs got: runs without this score may be much longer."""
    right = max((x for values in series for x, _ in values), default=0.0)
    return curves.overlay(title, series, curves.axis(right, unit))


def _pictures(runs: Sequence[Run]) -> str:
    pictures = "".join(_picture(run.name, *run.picture) for run in runs if run.picture is not None)
    return section("Last pictures", f'<div class="history">{pictures}</div>') if pictures else ""


def _picture(name: str, step: int, png: bytes) -> str:
    return f"<figure>{image(png, f'last picture of {name}')}<figcaption>{escape(name)}, step {step:,}</figcaption></figure>"
