"""Trains each method of configs/photographs.py on the same two folders of photographs for the same time, and prints all figures.

    python benchmarks/photographs.py --data FOLDER --runs runs/photographs
    python benchmarks/photographs.py --data FOLDER --runs runs/photographs --minutes 10 --only semgan,cut

Each run has `--minutes` minutes of one core, at 64 px, and lies in RUNS/METHOD; what is finished is not repeated. All are measured on the
same held-out pairs, without annotations, into the second domain, which all of them can. FOLDER is in one of the layouts of
`semgan.data.folder`; pictures of a test split are what is measured on, 5 % of each domain without one.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.core_minutes import measure, print_table, train_until
from benchmarks.runs import choose
from configs.photographs import METHODS

PAIRS = 500
COLUMNS = {
    "label_free_score": "score",
    "label_free_retention": "retention",
    "style_adoption": "adoption",
    "reference_match": "reference match",
    "domain_accuracy": "taken for the domain",
    "grid": "grid",
    "diversity_share": "diversity",
    "fd_judge": "FD",
}


def main() -> None:
    """Trains what is left to train, measures it, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="two folders of pictures")
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="where the runs are kept")
    parser.add_argument("--minutes", default=40.0, type=float, metavar="N", help="of one core, for each (default: 40)")
    parser.add_argument("--only", default="", metavar="NAMES", help="of methods, separated by commas (default: all)")
    parser.add_argument("--pairs", default=PAIRS, type=int, metavar="N", help=f"held-out pairs (default: {PAIRS})")
    options = parser.parse_args()
    source, rows = str(options.data.resolve()), {}
    for method in choose(options.only, tuple(METHODS)):
        folder = options.runs / method
        snapshot = train_until(f"configs/photographs.py:{method}", folder, options.minutes, f"--config.data.source={source}")
        rows[method] = measure(snapshot, options.pairs, source, into=_second_domain(snapshot))
    print_table(f"{options.data.name}, {options.minutes:g} core minutes, {options.pairs} pairs", COLUMNS, rows)


def _second_domain(snapshot: Path) -> str:
    from semgan.inference.model import load

    return load(snapshot).domains[1]


if __name__ == "__main__":
    main()
