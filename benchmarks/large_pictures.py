"""Peak memory and time of translating large pictures at their own size, in tiles: one process per picture, from file to file.

python benchmarks/large_pictures.py runs/quickstart/snapshot.safetensors --megapixels 16 64 100
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from semgan.data.dataset import open_dataset

Image.MAX_IMAGE_PIXELS = None


def large_picture(path: Path, megapixels: int) -> tuple[int, int]:
    """Writes a picture of 4 to 3 of drawn faces side by side, on tones that change across it; returns its width and height."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    faces = open_dataset("drawn_faces", split="test", image_size=256, count=64)
    rows = [np.hstack([faces.images[faces.rows[(7 * row + column) % 64]] for column in range(-(-width // 256))]) for row in range(8)]
    tone = np.linspace(0.4, 1, width)[:, None]
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, 256):
        part = picture[top : top + 256]
        part[:] = rows[top // 256 % 8][: len(part), :width] * tone
    Image.fromarray(picture).save(path, quality=90)
    return width, height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[16, 64, 100])
    parser.add_argument("--options", nargs="*", default=["--latent-seed", "1", "--domain", "ink"], help="what `semgan translate` is given")
    args, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in args.megapixels:
            content = Path(folder, "content.jpg")
            width, height = large_picture(content, megapixels)
            command = [sys.executable, "-m", "semgan.cli", "translate", "--model", args.snapshot, "--content", content, "--size", "native"]
            start = time.perf_counter()
            done = subprocess.run(
                [*command, "--out", Path(folder, "out.jpg"), *args.options, *more], check=False, stderr=subprocess.DEVNULL
            )
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20  # of the largest child so far
            print(f"{megapixels} MP ({width} x {height}): {peak:.2f} GiB, {seconds:.0f} s, exit {done.returncode}", flush=True)


if __name__ == "__main__":
    main()
