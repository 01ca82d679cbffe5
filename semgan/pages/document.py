"""Static pages: one HTML file each, with its style inside and nothing loaded from elsewhere. Every text given is escaped."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

SERIES = 8
"""Series of an overlaid chart that have a colour of their own; more come in the same colours, dashed."""
_STYLE = """
:root{color-scheme:light dark;--ink:#23231f;--soft:#6c6b64;--line:#dcdad2;--ground:#f7f6f2;--card:#fff;--accent:#2f6f5e;
--s0:#2f6f5e;--s1:#b4552d;--s2:#3e62a8;--s3:#9a4c8f;--s4:#8a7318;--s5:#4c8f3a;--s6:#c03a5a;--s7:#5b5b57}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6df;--soft:#9b998f;--line:#3a3934;--ground:#1b1b18;--card:#242420;--accent:#7cc4ae;
--s0:#7cc4ae;--s1:#e59a72;--s2:#8fb0ee;--s3:#d99bd0;--s4:#d6c06a;--s5:#9fd08c;--s6:#f08aa3;--s7:#b9b7ae}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:78rem;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{margin:0;font-size:1.6rem;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .75rem;font-size:1.1rem}
h3{margin:1.25rem 0 .5rem;font-size:.85rem;font-weight:600;color:var(--soft)}
p{margin:.25rem 0;color:var(--soft);max-width:60rem}
p.said{margin:1rem 0 .5rem;color:var(--ink)}
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
svg{display:block;width:100%;margin-top:.35rem;overflow:visible}
svg polyline{fill:none;stroke:var(--c);stroke-width:1.6;stroke-linejoin:round}
svg circle{fill:var(--c)}
svg .frame{stroke:var(--line);fill:none}
svg text{font-size:9px;fill:var(--soft);paint-order:stroke;stroke:var(--card);stroke-width:3px}
.legend{display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;margin:.75rem 0;padding:0;list-style:none;font-size:.85rem}
.legend svg{display:inline-block;width:1.5rem;height:.6rem;margin:0 .4rem 0 0;vertical-align:middle}
.history{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}
.history a,.history figure{margin:0;color:inherit;text-decoration:none;font-size:.85rem}
.history img{display:block;width:100%;border:1px solid var(--line);border-radius:6px;background:#eeeeec}
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem}
.example{margin:0;padding:.75rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.example>div{display:flex;flex-wrap:wrap;gap:.5rem;align-items:start}
.example span{display:block;font-size:.75rem;line-height:1.3;color:var(--soft)}
.example img{display:block;max-width:100%;border-radius:4px}
.example figcaption{margin-top:.5rem;font-size:.85rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.15rem 1.5rem .15rem 0;border-bottom:1px solid var(--line);vertical-align:top;text-align:left}
th{font-weight:600}
td:first-child{color:var(--soft)}
summary{cursor:pointer;font-weight:600;font-size:1.1rem;margin-top:2.5rem}
code{padding:.1rem .3rem;border-radius:4px;background:var(--card);border:1px solid var(--line)}
""" + "".join(f".s{i}{{--c:var(--s{i})}}" for i in range(SERIES))


class Card(NamedTuple):
    """A figure in large type: its name, its value as text, and its meaning in a line."""

    name: str
    value: str
    meaning: str


class PictureRow(NamedTuple):
    """Pictures that belong together: (what it is, a PNG file's bytes, width in pixels to show it at) each, and a line below them."""

    pictures: Sequence[tuple[str, bytes, int]]
    caption: str


def page_html(title: str, parts: Iterable[str]) -> str:
    """The page's HTML around the parts, of which empty ones are left out."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · semgan</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def header(title: str, *lines: str, after: str = "") -> str:
    """The page's title with lines below it; `after` is HTML."""
    return f"<header><h1>{escape(title)}</h1>{''.join(map(paragraph, lines))}{after}</header>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def statement(text: str) -> str:
    """A sentence that matters more than its surroundings."""
    return f'<p class="said">{escape(text)}</p>'


def section(title: str, *contents: str) -> str:
    """A heading and the HTML under it; nothing when that is empty."""
    html = "".join(contents)
    return f"<section><h2>{escape(title)}</h2>{html}</section>" if html else ""


def cards(items: Iterable[Card]) -> str:
    boxes = "".join(f"<div>{escape(name)}<b>{escape(value)}</b><small>{escape(meaning)}</small></div>" for name, value, meaning in items)
    return f'<section class="scores">{boxes}</section>' if boxes else ""


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table of texts; nothing without rows."""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    top = f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>" if head else ""
    return f'<div class="wide"><table>{top}{body}</table></div>' if body else ""


def details(title: str, *contents: str) -> str:
    """A block that is folded until the reader opens it."""
    return f"<details><summary>{escape(title)}</summary>{''.join(contents)}</details>"


def examples(items: Iterable[PictureRow]) -> str:
    """Groups of pictures, inside the page."""
    boxes = ""
    for item in items:
        pictures = "".join(f"<div>{image(png, name, width)}<span>{escape(name)}</span></div>" for name, png, width in item.pictures)
        boxes += f'<figure class="example"><div>{pictures}</div><figcaption>{escape(item.caption)}</figcaption></figure>'
    return f'<div class="examples">{boxes}</div>' if boxes else ""


def image(png: bytes, alt: str, width: int | None = None) -> str:
    """A PNG inside the page."""
    size = "" if width is None else f' width="{width}"'
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}"{size} alt="{escape(alt, quote=True)}">'
