"""Adapts a model of drawn faces to a medium that it has never seen, and prints what it can do before and after.

    python benchmarks/adapt.py --model runs/drawn_faces_semgan/snapshot.safetensors --medium poster --count 20 --out DIR

The pictures, the first `--count` of the training split, and the adapted snapshot are left in `--out`. A judge of all the media, trained at
first use, scores held-out contents of the old ones. Before, the new medium's references are read as pictures of the old domain that
most of them are taken for. Further options of `semgan adapt` (`--tune`, `--steps`, `--minutes`, `--seed`) are passed on.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import cli
from semgan.cli.arguments import prepare_jax
from semgan.errors import UserError

MEDIA = ("poster", "mosaic", "shaded", "ink")
SCORES = ("transfer_score", "retention", "adoption")
BATCH = 50


def open_media(config: dict[str, Any], media: tuple[str, ...], split: str) -> Any:
    """Drawn faces of these media, at the model's size and of its number."""
    from semgan.data.dataset import open_dataset

    data = config["data"]
    return open_dataset(
        "drawn_faces", split=split, image_size=config["image_size"], domains=media, count=data[f"{split}_count"], least_domains=1
    )


def write_pictures(folder: Path, config: dict[str, Any], medium: str, count: int) -> None:
    """The first pictures of the medium as PNGs, and no others."""
    from semgan.pictures.write import write

    dataset = open_media(config, (medium,), "train")
    for old in folder.glob("*.png"):
        old.unlink()
    for number, row in enumerate(dataset.rows[:count]):
        write(folder / f"{number:03d}.png", dataset.images[row])


def scores(translate: Any, judge: Any, test: Any, targets: tuple[int, ...], contents: str, pairs: int) -> dict[str, float | None]:
    """Takes `SCORES` of held-out contents of the old domains."""
    from semgan.evaluation.evaluate import evaluate_translations
    from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations

    judged_pairs = judge_pairs(judge, test, pairs=pairs, targets=targets, contents=contents)
    evaluation = evaluate_translations(judged_pairs, judge_translations(translate, judged_pairs, BATCH))
    return {name: evaluation.value(name) for name in SCORES}


def table(before: Any, after: Any, medium: str, pairs: int) -> list[str]:
    """A line for each direction, before and after."""
    from semgan.data.decode import fit
    from semgan.evaluation.evaluate_command import open_judge

    media = after.domains
    train, test = (open_media(before.config, media, split) for split in ("train", "test"))
    judge = open_judge(train, test, before.config["judge"])
    new, old, contents = len(media) - 1, tuple(range(len(media) - 1)), f"~{medium}"
    guesses = [before.guess_domain(fit(test.images[row], before.image_size)) for row in test.rows[test.domain == new][:BATCH]]
    nearest = before.domain_index(max(set(guesses), key=guesses.count))

    def as_nearest(batch: dict[str, Any]) -> Any:
        return before.translate_batch(batch | {"target_domain": batch["target_domain"] * 0 + nearest})

    rows = {
        f"into {medium}, before (as {before.domains[nearest]})": scores(as_nearest, judge, test, (new,), contents, pairs),
        f"into {medium}, after": scores(after.translate_batch, judge, test, (new,), contents, pairs),
        "into the old ones, before": scores(before.translate_batch, judge, test, old, contents, pairs),
        "into the old ones, after": scores(after.translate_batch, judge, test, old, contents, pairs),
    }
    return [f"| {name} | {' | '.join(f'{values[score]:.3f}' for score in SCORES)} |" for name, values in rows.items()]


def main() -> None:
    """Adapts and prints one small table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=Path, metavar="SNAPSHOT", help="of drawn faces, trained by semgan's own algorithm")
    parser.add_argument("--medium", required=True, choices=MEDIA, help="that the model has never seen")
    parser.add_argument("--count", type=int, default=20, help="pictures of it (default 20)")
    parser.add_argument("--pairs", type=int, default=300, help="of each direction that is scored (default 300)")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="for the pictures and the adapted snapshot")
    options, passed_on = parser.parse_known_args()
    prepare_jax()
    from semgan.inference.model import load

    before, out = load(options.model), options.out / "adapted.safetensors"
    write_pictures(options.out / "pictures", before.config, options.medium, options.count)
    started = time.monotonic(), time.process_time()
    arguments = ["--model", options.model, "--pictures", options.out / "pictures", "--name", options.medium, "--out", out]
    if status := cli.main(["adapt", *map(str, arguments), *passed_on]):
        sys.exit(status)
    seconds, busy = time.monotonic() - started[0], time.process_time() - started[1]
    after = load(out)
    note = after.meta["adapted"][-1]
    took = f"{seconds / 60:.1f} minutes, {busy / 60:.1f} of a core"
    print(f"\n{note['pictures']} pictures, {note['tuned']}, {note['steps']:,} steps: {took}\n")
    print("| | transfer score | retention | adoption |", "|-|-|-|-|", *table(before, after, options.medium, options.pairs), sep="\n")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"semgan: error: {error}")
