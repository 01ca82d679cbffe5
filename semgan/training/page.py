"""A run at a glance: `index.html`, one static page with nothing loaded from elsewhere but the pictures beside it."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from semgan.files import write_whole
from semgan.progress import format_duration
from semgan.training import curves
from semgan.training.metrics import Line

_SCORES = {
    "transfer_score": (
        "transfer score",
        "harmonic mean of the other two: a copy of either picture scores 0, a perfect translation about 1",
    ),
    "retention": ("retention", "how much of what the content shows is kept"),
    "adoption": ("adoption", "how often the reference's domain is taken on"),
}
_STYLE = """
:root{color-scheme:light dark;--ink:#23231f;--soft:#6c6b64;--line:#dcdad2;--ground:#f7f6f2;--card:#fff;--accent:#2f6f5e}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6df;--soft:#9b998f;--line:#3a3934;--ground:#1b1b18;--card:#242420;--accent:#7cc4ae}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:78rem;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{margin:0;font-size:1.6rem;letter-spacing:-.01em}
h2{margin:2.5rem 0 .75rem;font-size:1.1rem}
h3{margin:1.25rem 0 .5rem;font-size:.85rem;font-weight:600;color:var(--soft)}
p{margin:.25rem 0;color:var(--soft)}
.bar{height:6px;margin:1rem 0 0;border-radius:3px;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%;background:var(--accent)}
.scores{display:flex;flex-wrap:wrap;gap:1rem;margin-top:1.5rem}
.scores div{flex:1 1 14rem;padding:1rem 1.25rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.scores b{display:block;font-size:2rem;line-height:1.2;font-variant-numeric:tabular-nums}
.scores small{color:var(--soft)}
.picture{overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:#eeeeec}
.picture img{display:block;max-width:100%;margin:0 auto}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
.chart{margin:0;padding:.6rem .75rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.chart figcaption{display:flex;justify-content:space-between;font-size:.85rem}
.chart b{font-variant-numeric:tabular-nums}
svg{display:block;width:100%;margin-top:.35rem}
svg polyline{fill:none;stroke:var(--accent);stroke-width:1.6;stroke-linejoin:round}
svg circle{fill:var(--accent)}
svg .frame{stroke:var(--line);fill:none}
svg text{font-size:9px;fill:var(--soft);paint-order:stroke;stroke:var(--card);stroke-width:3px}
.history{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}
.history a{color:inherit;text-decoration:none;font-size:.85rem}
.history img{display:block;width:100%;border:1px solid var(--line);border-radius:6px;background:#eeeeec}
table{border-collapse:collapse;font-size:.85rem}
td{padding:.15rem 1.5rem .15rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{color:var(--soft)}
summary{cursor:pointer;font-weight:600;font-size:1.1rem;margin-top:2.5rem}
code{padding:.1rem .3rem;border-radius:4px;background:var(--card);border:1px solid var(--line)}
"""


class Run(NamedTuple):
    """What the page shows.

    Attributes:
      name: the run's.
      config: flat, key to value.
      about: one line on algorithm and data.
      lines: of metrics.jsonl.
      pictures: step -> path relative to the page, oldest first.
    """

    name: str
    config: Mapping[str, Any]
    about: str
    lines: Sequence[Line]
    pictures: Mapping[int, str]


def write(path: Path, run: Run) -> None:
    """Writes the page, complete or not at all."""
    write_whole(path, render(run).encode())


def render(run: Run) -> str:
    """The page's HTML."""
    parts = [_header(run), _scores(run.lines), _latest(run.pictures), _curves(run.lines), _history(run.pictures), _config(run.config)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(run.name)} · semgan</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _header(run: Run) -> str:
    total = float(run.config["total_kimg"])
    last = run.lines[-1] if run.lines else {"step": 0, "kimg": 0.0}
    share = min(last["kimg"] / total, 1.0)
    status = f"step {last['step']:,} · {last['kimg']:.4g} of {total:g} kimg ({100 * share:.0f}%)"
    if (minutes := last.get("time/minutes")) is not None:
        status += f" · {format_duration(60 * minutes)} since the start"
    return (
        f"<header><h1>{escape(run.name)}</h1><p>{escape(run.about)}</p><p>{status}</p>"
        f'<div class="bar"><i style="width:{100 * share:.1f}%"></i></div></header>'
    )


def _scores(lines: Sequence[Line]) -> str:
    """The latest scores; nothing before there are any."""
    line = next((line for line in reversed(lines) if any(line.get(f"eval/{key}") is not None for key in _SCORES)), None)
    if line is None:
        return ""
    figures = ""
    for key, (name, meaning) in _SCORES.items():
        value = line.get(f"eval/{key}")
        figures += f"<div>{name}<b>{'unknown' if value is None else format(value, '.2f')}</b><small>{meaning}</small></div>"
    return f'<section class="scores">{figures}</section><p>on held-out pairs at {line["kimg"]:.4g} kimg</p>'


def _latest(pictures: Mapping[int, str]) -> str:
    if not pictures:
        return ""
    step = max(pictures)
    path = escape(pictures[step], quote=True)
    return (
        f"<section><h2>Held-out pictures at step {step:,}</h2>"
        "<p>Contents down the left, references across the top: each cell keeps its row's content and takes its column's style.</p>"
        f'<div class="picture"><a href="{path}"><img src="{path}" alt="translations at step {step:,}"></a></div></section>'
    )


def _curves(lines: Sequence[Line]) -> str:
    groups = curves.metric_names(lines)
    if not groups:
        return ""
    right = max(line["kimg"] for line in lines)
    sections = ""
    for group, names in sorted(groups.items(), key=lambda item: item[0] != "eval"):
        charts = "".join(curves.chart(name.partition("/")[2].replace("_", " "), curves.points(lines, name), right) for name in names)
        sections += f'<h3>{escape(group)}</h3><div class="charts">{charts}</div>'
    return f"<section><h2>Curves</h2>{sections}</section>"


def _history(pictures: Mapping[int, str]) -> str:
    if len(pictures) < 2:
        return ""
    items = "".join(
        f'<a href="{escape(path, quote=True)}"><img src="{escape(path, quote=True)}" loading="lazy" alt="">step {step:,}</a>'
        for step, path in sorted(pictures.items(), reverse=True)
    )
    return f'<section><h2>All pictures</h2><div class="history">{items}</div></section>'


def _config(config: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(key)}</td><td>{escape(_shown(value))}</td></tr>" for key, value in config.items())
    return f"<details><summary>Config</summary><table>{rows}</table></details>"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
