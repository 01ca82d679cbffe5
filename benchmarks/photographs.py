"""Trains each method of configs/photographs.py on the same two folders of photographs for the same time, and prints all figures.

    python benchmarks/photographs.py --data FOLDER --runs runs/photographs
    python benchmarks/photographs.py --data FOLDER --runs runs/photographs --minutes 10 --only semgan,cut

Each run has `--minutes` minutes of one core, at 64 px, and lies in RUNS/METHOD; what is finished is not repeated. All are measured on the
same held-out pairs, without annotations, into the second domain, which all of them can. FOLDER is in one of the layouts of
`semgan.data.folder`; pictures of a test split are what is measured on, 5 % of each domain without one.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.core_minutes import measure, options_parser, print_table, train_until
from benchmarks.runs import choose
from configs.photographs import METHODS

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
    parser = options_parser(__doc__, 40.0)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="two folders of pictures")
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
