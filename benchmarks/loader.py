"""Measures how fast batches come: gathered from the cache, and decoded one by one as a loader without a cache would.

    python benchmarks/loader.py --image_size 128

Prints images per second of one core. A batch gathers three pictures for each example: content and two references.
"""

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from semgan.data.dataset import Dataset
from semgan.data.decode import decode_picture, fit
from semgan.data.loader import make_batch

GATHERED = 3  # pictures of an example


def main() -> None:
    options = parse_options()
    print(f"{'path':<44}{'images/s of one core':>22}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        dataset = made_dataset(Path(folder), options.rows, options.image_size)
        positions = np.arange(options.batch_size)
        rate = measure(lambda index: make_batch(dataset, positions + index * options.batch_size, seed=0), options.seconds)
        print(f"{f'cache, batches of {options.batch_size} at {options.image_size} px':<44}{rate * GATHERED * options.batch_size:>22,.0f}")
    pictures = made_jpegs(64)
    rate = measure(lambda index: decode_picture(pictures[index % len(pictures)]), options.seconds)
    print(f"{'JPEG of 178x218, decode':<44}{rate:>22,.0f}")
    rate = measure(lambda index: fit(decode_picture(pictures[index % len(pictures)]), options.image_size), options.seconds)
    print(f"{f'JPEG of 178x218, decode + crop + {options.image_size} px':<44}{rate:>22,.0f}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image_size", type=int, default=128, help="pixels (default %(default)s)")
    parser.add_argument("--batch_size", type=int, default=64, help="examples of a batch (default %(default)s)")
    parser.add_argument("--rows", type=int, default=20_000, help="pictures in the cache (default %(default)s, 1 GB at 128 px)")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds of each measurement (default %(default)s)")
    parser.add_argument("--folder", default=None, help="where the temporary cache is put (default: the system's)")
    return parser.parse_args()


def measure(call: Callable[[int], object], seconds: float) -> float:
    """Calls per CPU-second of this process, so that other processes on the machine matter less."""
    call(0)
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        count += 1
        call(count)
    return count / spent


def made_dataset(folder: Path, rows: int, size: int) -> Dataset:
    """A cache's memory map on the disk, two domains, pictures of noise."""
    path = folder / "images.u8"
    block = np.random.default_rng(0).integers(0, 256, (min(rows, 500), size, size, 3), np.uint8)
    with open(path, "wb") as file:
        for start in range(0, rows, len(block)):
            file.write(block[: rows - start].data)
        file.flush()
        os.fsync(file.fileno())
    images = np.asarray(np.memmap(path, np.uint8, "r", shape=(rows, size, size, 3)))
    index = np.arange(rows, dtype=np.int64)
    return Dataset("made", "train", images, index, (index % 2).astype(np.int32), ("a", "b"), {}, {}, "")


def made_jpegs(count: int) -> list[bytes]:
    """Pictures as large as CelebA's, in pixels and nearly in bytes: blurred noise."""
    rng, pictures = np.random.default_rng(0), []
    for _ in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (14, 12, 3), np.uint8))
        file = io.BytesIO()
        coarse.resize((178, 218), Image.Resampling.BICUBIC).save(file, "JPEG", quality=88)
        pictures.append(file.getvalue())
    return pictures


if __name__ == "__main__":
    main()
