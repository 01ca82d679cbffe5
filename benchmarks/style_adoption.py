"""Compares measures of style that know nothing of the answers with the truth, which drawn faces know.

    python benchmarks/style_adoption.py --models runs/*/checkpoints/* --into ink --bank runs/style_adoption/ink

translates the same held-out pairs with every model, at several strengths of the style where it takes one, and adds known changes of style
of the contents, of the answers and of the translations that are nearest to these (`benchmarks.restyle`). A table gives rank correlations
(Spearman), over the models, the changes and all:

- of `style_adoption`, its colour and its texture with the colour and texture of the answer score, and of the judge's `adoption` with the
  same; how many models have a value of 0.95 or more shows which measure is full;
- of `reference_match` with how much nearer a picture is to its own answer than to that in another reference's style (`own margin`), and for
  how many pictures it is nearer at all (`own share`).

Adoption is of a domain, the answer score of one picture: so answers in another reference's style count in the last two columns alone. With
`--plot` a scatter is drawn. BANK keeps translations and their truth, see `benchmarks.bank`; it may be that of `benchmarks/label_free.py`.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import bank
from benchmarks.bank import Drawings, Snapshot
from benchmarks.damage import mix
from benchmarks.figures import write_scatters
from benchmarks.restyle import OTHER, restyled, spoiled, transfer_colors
from semgan.evaluation.figures.adoption_figures import MATCH, SCORE, adoption_figures
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.transfer_figures import transfer_origin

GROUPS = ("models", "changes", "models and changes", "changes and other references", "all")
"""Changes into another reference's style are in the last two alone."""
JUDGED = "adoption"
"""The truth of a snapshot that is a measure here: its order is that of `domain_accuracy`."""
PLOTTED = (
    (SCORE, "style", "style adoption", "colour and texture of the answer"),
    (MATCH, "own_margin", "reference match", "nearer to its own answer"),
)
"""Of each chart the measure and the truth, and what the vertical and the horizontal axis are."""
_FULL = 0.95
"""The value from which a measure counts as full."""


class Row(NamedTuple):
    """A row of the table: a measure and the truth that it is compared with, and how both are called there."""

    measure: str
    truth: str
    measure_name: str
    truth_name: str


ROWS = (
    Row(SCORE, "style", "style adoption", "colour and texture"),
    Row(f"{SCORE}/color", "color", "its colour", "colour"),
    Row(f"{SCORE}/texture", "texture", "its texture", "texture"),
    Row(JUDGED, "style", "the judge's adoption", "colour and texture"),
    Row(MATCH, "own_margin", "reference match", "own margin"),
    Row(MATCH, "own_share", "reference match", "own share"),
)


def main() -> None:
    """Builds what is missing of the bank, and prints the table."""
    parser = bank.options_parser(__doc__, "an SVG of style adoption and reference match beside the truth")
    options = parser.parse_args()
    _, _, drawn = bank.open_data(options)
    snapshots = build(options, drawn)
    values = {name: measure(each, drawn) for name, each in snapshots.items()}
    print_table(values, snapshots)
    if options.plot:
        charts = {along: _points(values, snapshots, score, truth) for score, truth, _, along in PLOTTED}
        write_scatters(options.plot, charts, [up for _, _, up, _ in PLOTTED])


def build(options: argparse.Namespace, drawn: Drawings) -> dict[str, Snapshot]:
    """The models' snapshots, and known changes of the contents, the answers and the translations that are nearest to these."""
    bank.add_models(options.bank, options.models, options.strengths, drawn.pairs)
    best = max(bank.read(options.bank, drawn, ["models"]).values(), key=lambda each: each.truth["style"]).images
    for name, changed in restyled(drawn):
        bank.add(options.bank, f"{bank.CHANGE}{name}", changed)
    mixed = ("content 0.5", mix(best, drawn.contents, 0.5)), ("answer 0.5", mix(best, drawn.answers, 0.5))
    for name, changed in (*spoiled(best), *mixed, ("recolored", transfer_colors(best, drawn.references))):
        bank.add(options.bank, f"{bank.CHANGE}translation {name}", changed)
    return bank.read(options.bank, drawn, ["models", "changes"])


def measure(snapshot: Snapshot, drawn: Drawings) -> dict[str, float]:
    """The measures of a snapshot by the names that `ROWS` has."""
    figures = by_name(adoption_figures(drawn.pairs, snapshot.images, transfer_origin(drawn.pairs)).figures)
    named = {name: figures[name].value for name in (SCORE, f"{SCORE}/color", f"{SCORE}/texture", MATCH)}
    return named | {JUDGED: snapshot.truth[JUDGED]}


def print_table(values: Mapping[str, Mapping[str, float]], snapshots: Mapping[str, Snapshot]) -> None:
    """Prints Markdown: a row per measure and truth, a column per group of snapshots, and how high the measure is."""
    names = {group: [name for name in snapshots if group in _groups(name)] for group in GROUPS}
    heads = [f"{len(each)} {group}" for group, each in names.items()]
    rows = [["measure", "truth", "answer", "median model", "full models", *heads]]
    for row in ROWS:
        measured = [values[name][row.measure] for name in names["models"]]
        full = sum(value >= _FULL for value in measured)
        cells = [
            bank.correlation([values[name][row.measure] for name in each], [snapshots[name].truth[row.truth] for name in each])
            for each in names.values()
        ]
        height = f"{values[f'{bank.CHANGE}answer'][row.measure]:.2f}", f"{np.median(measured):.2f}", str(full)
        rows.append([row.measure_name, row.truth_name, *height, *cells])
    bank.print_markdown(rows)


def _groups(name: str) -> tuple[str, ...]:
    """The groups that a snapshot counts in."""
    if name.startswith(f"{bank.CHANGE}{OTHER}"):
        return GROUPS[3:]
    return ("models", GROUPS[2], GROUPS[4]) if bank.group_of(name) == "models" else GROUPS[1:]


def _points(
    values: Mapping[str, Mapping[str, float]], snapshots: Mapping[str, Snapshot], score: str, truth: str
) -> dict[str, list[tuple[float, float]]]:
    """(truth, measure) by group."""
    points: dict[str, list[tuple[float, float]]] = {"models": [], "changes": [], "other references": []}
    for name, own in values.items():
        group = "other references" if name.startswith(f"{bank.CHANGE}{OTHER}") else bank.group_of(name)
        points[group].append((snapshots[name].truth[truth], own[score]))
    return points


if __name__ == "__main__":
    main()
