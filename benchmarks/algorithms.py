"""Trains every algorithm on `drawn_faces` in the same budget, one after another, and prints what each reached.

    python benchmarks/algorithms.py --runs runs/compare
    python benchmarks/algorithms.py --runs runs/compare --only cut,cyclegan

Each run is its config's own 20 minutes, by the clock, on all cores that the process may use, and a few more for its scores; runs that
have finished are not repeated, so that the tables can be made a run at a time. Translations are scored once more from the first domain
into the second alone, which all of them can, so that the one-way ones stand beside the others. `--figures docs` writes what
docs/algorithms.md shows of the runs.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import figures
from benchmarks.runs import choose, result, train_run

NOISE = ("dcgan", "progan", "stylegan2", "r3gan")
TRANSLATION = ("stargan_v2", "cyclegan", "cut", "fastcut", "munit", "pix2pix")


def one_way(folder: Path) -> dict[str, Any]:
    """The transfer score from the first domain into the second alone, kept beside the run."""
    path = folder / "one_way.json"
    if not path.exists():
        from semgan.evaluation.evaluate_command import evaluate_snapshot
        from semgan.snapshot import read_snapshot

        snapshot = folder / "snapshot.safetensors"
        evaluate_snapshot(snapshot, path, into=read_snapshot(snapshot).meta["domains"][1])
    return json.loads(path.read_text())


def noise_row(name: str, folder: Path) -> str:
    """A line of the table of what draws from noise."""
    data = result(folder)
    scores = data["scores"]
    cells = [
        name,
        f"{data['parameters'] / 1e6:.2f}M",
        f"{data['kimg']:.0f}",
        f"{data['rate']:.0f}",
        *(f"{scores[key]:.2f}" for key in ("whole_faces", "whole_faces_real", "medium_coverage")),
        *(f"{scores[key]:.3f}" for key in ("neighbour_distance", "neighbour_distance_real", "copies")),
        *(f"{scores[key]:.2f}" for key in ("diversity", "diversity_real")),
    ]
    return f"| {' | '.join(cells)} |"


def translation_row(name: str, folder: Path) -> str:
    """A line of the table of what translates."""
    data, narrow = result(folder), one_way(folder)
    keys = ("transfer_score", "retention", "adoption")
    scores = [f"{narrow[key]:.3f}" for key in keys] + [f"{data['scores'][key]:.3f}" for key in keys]
    cells = [name, f"{data['parameters'] / 1e6:.2f}M", f"{data['kimg']:.1f}", f"{data['rate']:.0f}", *scores]
    return f"| {' | '.join(cells)} |"


def write_figures(folders: dict[str, Path], out: Path) -> None:
    """A small picture of each run, and one chart of curves for each kind."""
    for name, folder in folders.items():
        figures.small_picture(folder, out / f"{name}.png")
    charts = {"whole faces": ("whole_faces", NOISE), "transfer score": ("transfer_score", TRANSLATION)}
    curves = {
        title: {name: figures.curve(folders[name], score) for name in names if name in folders} for title, (score, names) in charts.items()
    }
    figures.write_curves(out / "algorithms.svg", {title: drawn for title, drawn in curves.items() if drawn})


def main() -> None:
    """Trains what is left to train and prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="where the runs are kept")
    parser.add_argument("--only", default="", metavar="NAMES", help="of algorithms, separated by commas (default: all)")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="write pictures and curves there")
    parser.add_argument("--as-found", action="store_true", help="train nothing: tables of the runs as they are")
    options = parser.parse_args()
    names = choose(options.only, (*NOISE, *TRANSLATION))
    folders = {
        name: options.runs / name if options.as_found else train_run(f"configs/drawn_faces_{name}.py", options.runs / name)
        for name in names
    }
    if options.figures:
        write_figures(folders, options.figures)
    noise = [noise_row(name, folder) for name, folder in folders.items() if name in NOISE]
    if noise:
        heads = ["parameters", "kimg", "images/s", "whole faces", "of real", "coverage", "nearest training picture", "of real", "copies"]
        print(f"\n| | {' | '.join(heads)} | diversity | of real |")
        print("|-|-|-|-|-|-|-|-|-|-|-|-|", *noise, sep="\n")
    translation = [translation_row(name, folder) for name, folder in folders.items() if name in TRANSLATION]
    if translation:
        print("\n| | parameters | kimg | images/s | one way: score | retention | adoption | as trained: score | retention | adoption |")
        print("|-|-|-|-|-|-|-|-|-|-|", *translation, sep="\n")


if __name__ == "__main__":
    main()
