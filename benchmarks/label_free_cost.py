"""Times what the label-free score costs: training a matcher on 2,000 pictures, and scoring 500 pairs with it.

    python benchmarks/label_free_cost.py
    python benchmarks/label_free_cost.py --config configs/semantics.py:semgan --pairs 500

The references stand for translations, which cost the same to score. Compilation counts. Nothing that was kept of a matcher is used; the
judge, whose verdicts these figures do not ask, is the config's.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import config as configs
from semgan.evaluation.evaluate_command import open_judge, open_splits
from semgan.evaluation.figures.label_free_figures import place_matches
from semgan.evaluation.figures.label_free_score import label_free_figures
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs, judge_pairs
from semgan.evaluation.matcher.matcher import Matcher, load_or_train
from semgan.xla import prefer_fast_convolutions

Result = TypeVar("Result")


def main() -> None:
    """Trains and scores once, and prints the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/semantics.py:semgan", metavar="FILE.py[:ARGUMENT]", help="whose data are taken")
    parser.add_argument("--pairs", default=500, type=int, metavar="N", help="held-out pairs (default: 500)")
    options = parser.parse_args()
    prefer_fast_convolutions()
    config = configs.read(options.config).to_dict()
    train, test = open_splits(config)
    pairs = judge_pairs(open_judge(train, test, config["judge"]), test, pairs=options.pairs)
    with TemporaryDirectory() as folder:
        matcher = timed("training the matcher", lambda: load_or_train(train, test, folder=Path(folder)))
    timed(f"scoring {options.pairs} pairs", lambda: score(matcher, pairs))


def score(matcher: Matcher, pairs: JudgedPairs) -> None:
    """Takes all label-free figures of the references, as if they were translations."""
    images = pairs.dataset.images[pairs.dataset.rows[pairs.pairs.reference]]
    label_free_figures(matcher, place_matches(matcher, pairs, images), pairs, images, transfer_origin(pairs))


def timed(name: str, work: Callable[[], Result]) -> Result:
    """Does the work and prints its time by the clock and that of all cores."""
    clock, cores = time.perf_counter(), time.process_time()
    result = work()
    print(f"{name}: {time.perf_counter() - clock:.0f} s, {time.process_time() - cores:.0f} s of all cores", flush=True)
    return result


if __name__ == "__main__":
    main()
