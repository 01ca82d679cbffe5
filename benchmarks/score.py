"""Times `semgan score` with the judge of `drawn_faces`: pictures per second, and what decoding, features and scores take of it.

    python benchmarks/score.py
    python benchmarks/score.py --count 2000 --folder /scratch

Two folders of PNG files are made first, of the training faces from the first on and from the last back. What features wait for pictures is
separate from what decoding costs when nothing else runs.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan.data.dataset import Dataset, open_dataset
from semgan.evaluation import folder_pictures
from semgan.evaluation.extractors.feature_extractor import JUDGE_IMAGE_SIZE, default_extractor
from semgan.evaluation.score_command import score_folders
from semgan.xla import prefer_fast_convolutions


def write_pictures(folder: Path, dataset: Dataset, places: Iterable[int]) -> Path:
    """PNG files, named by their order."""
    folder.mkdir()
    for number, place in enumerate(places):
        Image.fromarray(np.asarray(dataset.images[dataset.rows[place]])).save(folder / f"{number:05d}.png")
    return folder


def decoding_seconds(folder: Path) -> float:
    """Seconds to decode all pictures with nothing beside it."""
    start = time.perf_counter()
    for _ in folder_pictures.batches(folder_pictures.open_folder(folder)):
        pass
    return time.perf_counter() - start


def main() -> None:
    """Prints one small table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="pictures of each folder, 20,000 at most (default %(default)s)")
    parser.add_argument("--folder", default=None, help="where the pictures are put for the time (default: the system's)")
    options = parser.parse_args()
    prefer_fast_convolutions()
    extractor = default_extractor()
    extractor.features(np.zeros((folder_pictures.MOST, JUDGE_IMAGE_SIZE, JUDGE_IMAGE_SIZE, 3), np.uint8))  # compiles
    train = open_dataset("drawn_faces", split="train", image_size=JUDGE_IMAGE_SIZE, count=20_000)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=options.folder) as root:
        real = write_pictures(Path(root) / "real", train, range(options.count))
        fake = write_pictures(Path(root) / "fake", train, range(len(train.rows) - 1, len(train.rows) - 1 - options.count, -1))
        alone = decoding_seconds(real) + decoding_seconds(fake)
        start = time.perf_counter()
        result = score_folders(real, fake, extractor=extractor, cache=False)
        whole = time.perf_counter() - start
    spent, count = result["time"], 2 * options.count
    print(f"{options.count:,} + {options.count:,} pictures of {JUDGE_IMAGE_SIZE} px, {len(os.sched_getaffinity(0))} cores")
    print(f"images/s, all scores and intervals     {count / whole:10.0f}   ({whole:.1f} s)")
    print(f"images/s, to features                  {count / (spent['decoding'] + spent['features']):10.0f}")
    print(f"waiting for pictures                   {100 * spent['decoding'] / whole:10.1f} %")
    print(f"features                               {100 * spent['features'] / whole:10.1f} %")
    print(f"scores and intervals                   {100 * spent['scores'] / whole:10.1f} %")
    print(f"decoding alone, images/s               {count / alone:10.0f}   ({alone:.1f} s)")
    print(f"load average                           {load:10.2f} before, {os.getloadavg()[0]:.2f} after")
    print(", ".join(f"{figure['name']} {figure['value']:.4g}" for figure in result["figures"]))


if __name__ == "__main__":
    main()
