"""A run at a glance: `index.html`, one static page with nothing loaded from elsewhere but the pictures beside it."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from semgan.files import write_whole
from semgan.pages import curves
from semgan.pages.document import details, header, page_html, paragraph, section, table
from semgan.pages.scores import SCORES, score_cards
from semgan.progress import format_duration
from semgan.training.metrics import LogLine

_CAPTIONS = {
    "reference": "Contents down the left, references across the top: each cell keeps its row's content and takes its column's style.",
    "latent": "Contents down the left: each cell keeps its row's content in a style drawn from the latent, the same down a column.",
    "translated": "Each content beside its translation.",
    "sample": "Real pictures at the left, pictures drawn from noise at the right; the rows below go from one latent to another.",
}
"""Captions by what the model samples (see `semgan.types.Algorithm`); the first that applies counts."""


class BestNote(NamedTuple):
    """The best evaluation so far, as a sentence, and the command that uses its model."""

    text: str
    usage: str


class Overview(NamedTuple):
    """The contents of the page.

    Attributes:
      name: the run's.
      config: flat, key to value.
      about: one line on algorithm and data.
      lines: of metrics.jsonl.
      pictures: step -> path relative to the page, oldest first.
      kinds: names of what the algorithm samples, which the pictures show.
      best: the best evaluation; None without one.
    """

    name: str
    config: Mapping[str, Any]
    about: str
    lines: Sequence[LogLine]
    pictures: Mapping[int, str]
    kinds: Collection[str] = ()
    best: BestNote | None = None


def write(path: Path, overview: Overview) -> None:
    """Writes the page, complete or not at all."""
    write_whole(path, render(overview).encode())


def render(overview: Overview) -> str:
    """The page's HTML."""
    return page_html(
        overview.name,
        [
            _header(overview),
            _scores(overview),
            _latest(overview),
            _curves(overview.lines),
            _history(overview.pictures),
            _config(overview.config),
        ],
    )


def _header(overview: Overview) -> str:
    total = float(overview.config["total_kimg"])
    last = overview.lines[-1] if overview.lines else {"step": 0, "kimg": 0.0}
    share = min(last["kimg"] / total, 1.0)
    status = f"step {last['step']:,} · {last['kimg']:.4g} of {total:g} kimg ({100 * share:.0f}%)"
    if (minutes := last.get("time/minutes")) is not None:
        status += f" · {format_duration(60 * minutes)} since the start"
    return header(overview.name, overview.about, status, after=f'<div class="bar"><i style="width:{100 * share:.1f}%"></i></div>')


def _scores(overview: Overview) -> str:
    """The latest scores; nothing before there are any."""
    line = next((line for line in reversed(overview.lines) if any(line.get(f"eval/{key}") is not None for key in SCORES)), None)
    if line is None:
        return ""
    subject = "samples beside held-out pictures" if "eval/whole_faces" in line else "held-out pairs"
    values = {key: line[f"eval/{key}"] for key in SCORES if f"eval/{key}" in line}
    return score_cards(values) + paragraph(f"on {subject} at {line['kimg']:.4g} kimg") + _best(overview.best)


def _best(best: BestNote | None) -> str:
    return "" if best is None else paragraph(f"best: {best.text}") + f"<p><code>{escape(best.usage)}</code></p>"


def _latest(overview: Overview) -> str:
    if not overview.pictures:
        return ""
    step = max(overview.pictures)
    path = escape(overview.pictures[step], quote=True)
    caption = next((caption for kind, caption in _CAPTIONS.items() if kind in overview.kinds), "")
    what = "drawn from noise" if "sample" in overview.kinds else "translations"
    picture = f'<div class="picture"><a href="{path}"><img src="{path}" alt="{what} at step {step:,}"></a></div>'
    title = f"Pictures at step {step:,}" if "sample" in overview.kinds else f"Held-out pictures at step {step:,}"
    return section(title, paragraph(caption) if caption else "", picture)


def _curves(lines: Sequence[LogLine]) -> str:
    groups = curves.metric_names(lines)
    if not groups:
        return ""
    along = curves.axis(max(line["kimg"] for line in lines), "kimg")
    sections = ""
    for group, names in sorted(groups.items(), key=lambda item: item[0] != "eval"):
        charts = "".join(curves.chart(name.partition("/")[2].replace("_", " "), curves.points(lines, name), along) for name in names)
        sections += f'<h3>{escape(group)}</h3><div class="charts">{charts}</div>'
    return section("Curves", sections)


def _history(pictures: Mapping[int, str]) -> str:
    if len(pictures) < 2:
        return ""
    items = "".join(
        f'<a href="{escape(path, quote=True)}"><img src="{escape(path, quote=True)}" loading="lazy" alt="">step {step:,}</a>'
        for step, path in sorted(pictures.items(), reverse=True)
    )
    return section("All pictures", f'<div class="history">{items}</div>')


def _config(config: Mapping[str, Any]) -> str:
    return details("Config", table((key, _text(value)) for key, value in config.items()))


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
