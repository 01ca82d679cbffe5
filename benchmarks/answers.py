"""Trains methods of configs/semantics.py on drawings for the same time, and prints how near each comes to the true answers.

    python benchmarks/answers.py --runs runs/answers --minutes 10
    python benchmarks/answers.py --runs runs/answers --minutes 40 --only semgan,cut --picture answers.png

Each run has `--minutes` minutes of one core, at 64 px, and lies in RUNS/METHOD; what is finished is not repeated, and longer times go on
from shorter ones. All are measured on the same held-out pairs from shaded drawings into ink, which all of them can. The picture shows a
column per pair: content, reference, the translation by each method in the order of the table, and the true answer.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

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
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a PNG of the first pairs")
    parser.add_argument("--columns", default=10, type=int, metavar="N", help="of the picture (default: 10)")
    options = parser.parse_args()
    methods = choose(options.only, tuple(METHODS))
    snapshots = [train_until(f"configs/semantics.py:{each}", options.runs / each, options.minutes) for each in methods]
    rows = {method: measure(snapshot, options.pairs, into=INTO) for method, snapshot in zip(methods, snapshots, strict=True)}
    if options.picture:
        write_pairs(options.picture, snapshots, options.columns)
    print_table(f"drawings into {INTO}, {options.minutes:g} core minutes, {options.pairs} pairs", COLUMNS, rows)


def write_pairs(path: Path, snapshots: Sequence[Path], columns: int) -> None:
    """A picture of pairs: content, reference, the translation by each snapshot, and the answer, below one another."""
    from semgan.evaluation.evaluate_command import open_splits
    from semgan.evaluation.judge.pairs import choose_pairs, translate_pairs
    from semgan.inference.model import load

    models = [load(each) for each in snapshots]
    _, test = open_splits(models[0].config)
    pairs = choose_pairs(test, columns, 0, [test.domains.index(INTO)])
    contents, references = (test.rows[places] for places in (pairs.content, pairs.reference))
    translations = [translate_pairs(model.translate_batch, test, pairs, columns) for model in models]
    draw = test.answer
    assert draw is not None, "drawn faces know the answer"
    answers = np.stack([draw(int(a), int(b), test.images.shape[1]) for a, b in zip(contents, references, strict=True)])
    rows = [test.images[contents], test.images[references], *translations, answers]
    picture = Image.fromarray(np.concatenate([np.concatenate(list(row), 1) for row in rows]))
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
