"""Trains each method of configs/semantics.py at several seeds, and prints what their translations keep of the contents.

    python benchmarks/semantics.py --runs runs/semantics
    python benchmarks/semantics.py --runs runs/semantics --only semgan,stargan_v2 --seeds 0
    python benchmarks/semantics.py --runs runs/semantics --as-found --figures docs

Each run is ten minutes by the clock on all cores that the process may use (`taskset -c 0` for one) and lies in RUNS/METHOD-SEED; runs that
have finished are not repeated. Each is measured once, on the same held-out pairs by the same judge: both ways, where the method can, and
from shaded drawings to ink alone, which all can. `--figures docs` writes what the documentation shows of them.
"""

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import figures
from benchmarks.runs import choose, is_finished, train_run
from configs.semantics import METHODS
from semgan.xla import prefer_fast_convolutions

GRID_METHODS = ("semgan", "stargan_v2", "cut", "cyclegan", "mask_cut", "label_free")
"""In the figures."""
PAIRS = 500
WAYS = {"both_ways": "both ways", "one_way": "from shaded drawings to ink"}


def folders_of(options: argparse.Namespace) -> dict[str, dict[int, Path]]:
    """The finished runs by method and seed; trains those that are left unless they are to be taken as found."""
    folders: dict[str, dict[int, Path]] = {}
    for method in choose(options.only, tuple(METHODS)):
        for seed in options.seeds:
            folder = options.runs / f"{method}-{seed}"
            if not options.as_found:
                train_run(f"configs/semantics.py:{method}", folder, f"--config.seed={seed}")
            if is_finished(folder):
                folders.setdefault(method, {})[seed] = folder
    return folders


def measure_runs(folders: dict[str, dict[int, Path]], pairs: int) -> dict[str, dict[int, dict[str, Any]]]:
    """Calls `semantics_runs.measure_run` for each run; programs compiled for one serve the next."""
    import jax

    from benchmarks.semantics_runs import measure_run
    from semgan.paths import cache_dir

    jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
    return {method: {seed: measure_run(folder, pairs) for seed, folder in seeds.items()} for method, seeds in folders.items()}


def print_tables(results: dict[str, dict[int, dict[str, Any]]]) -> None:
    """Prints the tables for which there are runs."""
    from benchmarks import semantics_tables as tables

    texts = {f"What is kept, {name}": tables.preservation_table(results, way) for way, name in WAYS.items()}
    texts |= {f"At StarGAN v2's adoption, {name}": tables.beside_table(results, way) for way, name in WAYS.items()}
    texts["Minutes to a transfer score, medians"] = tables.times_table(results)
    texts["Glasses into ink, transfer score"] = tables.unseen_table(results)
    for title, text in texts.items():
        if text:
            print(f"\n{title}:\n\n{text}", end="")


def write_figures(folders: dict[str, dict[int, Path]], results: dict[str, dict[int, dict[str, Any]]], out: Path) -> None:
    """Retention against adoption, one way, and a small picture of each shown method's run of seed 0."""
    curves = {
        method: _mean_curve([run["one_way"]["curve"] for run in results[method].values()]) for method in GRID_METHODS if method in results
    }
    out.mkdir(parents=True, exist_ok=True)
    title = "retention and adoption from strength 0 to 1, into ink"
    figures.write_curves(out / "semantics.svg", {title: curves}, along="adoption {:.0f}", end=1.0)
    for method in GRID_METHODS:
        if 0 in folders.get(method, {}):
            figures.small_picture(folders[method][0], out / f"semantics_{method}.png")


def _mean_curve(curves: list[list[dict[str, float]]]) -> figures.Curve:
    """(adoption, retention), the mean over the seeds at each strength."""
    points = zip(*curves, strict=True)
    return [(statistics.mean(run["adoption"] for run in each), statistics.mean(run["retention"] for run in each)) for each in points]


def _seeds(text: str) -> list[int]:
    return [int(seed) for seed in text.split(",")]


def main() -> None:
    """Trains what is left to train, measures what is left to measure, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="where the runs are kept")
    parser.add_argument("--only", default="", metavar="NAMES", help="of methods, separated by commas (default: all)")
    parser.add_argument("--seeds", default=[0, 1, 2], type=_seeds, metavar="NUMBERS", help="separated by commas (default: 0,1,2)")
    parser.add_argument("--pairs", default=PAIRS, type=int, metavar="N", help=f"held-out pairs (default: {PAIRS})")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="write pictures and curves there")
    parser.add_argument("--as-found", action="store_true", help="train nothing: tables of the runs that have finished")
    options = parser.parse_args()
    prefer_fast_convolutions()
    folders = folders_of(options)
    results = measure_runs(folders, options.pairs)
    print_tables(results)
    if options.figures:
        write_figures(folders, results, options.figures)


if __name__ == "__main__":
    main()
