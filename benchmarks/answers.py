"""Trains methods of configs/semantics.py on drawings for the same time, and prints how near each comes to the true answers.

    python benchmarks/answers.py --runs runs/answers --minutes 10
    python benchmarks/answers.py --runs runs/answers --minutes 40 --only semgan,cut

Each run has `--minutes` minutes of one core, at 64 px, and lies in RUNS/METHOD; what is finished is not repeated, and longer times go on
from shorter ones. All are measured on the same held-out pairs from shaded drawings into ink, which all of them can.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.core_minutes import measure, options_parser, print_table, train_until
from benchmarks.runs import choose
from configs.semantics import METHODS

COMPARED = ("semgan", "stargan_v2", "cyclegan", "cut", "munit", "mask_cut")
INTO = "ink"
COLUMNS = {
    "answer_score": "answer score",
    "answer_structure": "structure",
    "answer_color": "colour",
    "answer_texture": "texture",
    "answer_ssim": "SSIM, normalised",
    "answer_ssim/translated": "SSIM",
    "answer_psnr/translated": "PSNR",
    "answer_features": "judge's features",
    "grid": "grid",
    "transfer_score": "transfer score",
    "retention": "retention",
    "adoption": "adoption",
    "label_free_retention": "label-free retention",
    "style_adoption": "style adoption",
    "reference_match": "reference match",
}


def main() -> None:
    """Trains what is left to train, measures it, and prints the table."""
    parser = options_parser(__doc__, 10.0, ",".join(COMPARED))
    options = parser.parse_args()
    rows = {}
    for method in choose(options.only, tuple(METHODS)):
        snapshot = train_until(f"configs/semantics.py:{method}", options.runs / method, options.minutes)
        rows[method] = measure(snapshot, options.pairs, into=INTO)
    print_table(f"drawings into {INTO}, {options.minutes:g} core minutes, {options.pairs} pairs", COLUMNS, rows)


if __name__ == "__main__":
    main()
