"""A folder of pictures beside one picture at a time: images per second, from files to files, in turns.

    python benchmarks/translate_folder.py runs/quickstart/snapshot.safetensors --count 1000 --size 128

Both ways use one loaded model whose programs are compiled. The runs are interleaved; the medians and their ratio are printed.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

import semgan
from benchmarks.tiles import style_of
from semgan.data.dataset import open_dataset
from semgan.inference.model import Model
from semgan.inference.style_request import Style
from semgan.inference.translate_folder import translate_folder
from semgan.pictures.read import read_with_alpha
from semgan.pictures.scene import View
from semgan.pictures.write import write


def one_at_a_time(model: Model, jobs: dict[Path, Path], style: Style, view: View) -> None:
    """Decodes, translates and writes each picture before the next."""
    for content, out in jobs.items():
        write(out, model.translate_as(read_with_alpha(content).colour, style, view=view))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128, help="of the pictures, in pixels (default: 128)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    model = semgan.load(args.snapshot)
    style, view = style_of(model), View("native")
    faces = open_dataset("drawn_faces", split="test", image_size=args.size, count=min(args.count, 200))
    with tempfile.TemporaryDirectory() as folder:
        jobs = {}
        for number in range(args.count):
            path = Path(folder, f"{number:05d}.png")
            Image.fromarray(faces.images[faces.rows[number % len(faces.rows)]]).save(path)
            jobs[path] = Path(folder, "out", path.name)
        times: dict[str, list[float]] = {"folder": [], "one at a time": []}
        with contextlib.redirect_stdout(io.StringIO()):
            warm = dict(list(jobs.items())[:31])  # batches of every size
            translate_folder(model, warm, Path(folder), style, {}, view, False)
            one_at_a_time(model, dict(list(jobs.items())[:2]), style, view)
            for _ in range(args.rounds):
                for name, run in (
                    ("folder", lambda: translate_folder(model, jobs, Path(folder), style, {}, view, False)),
                    ("one at a time", lambda: one_at_a_time(model, jobs, style, view)),
                ):
                    start = time.perf_counter()
                    run()
                    times[name].append(args.count / (time.perf_counter() - start))
    rates = {name: statistics.median(each) for name, each in times.items()}
    print(
        ", ".join(f"{name}: {rate:.1f} images/s" for name, rate in rates.items()), f"ratio {rates['folder'] / rates['one at a time']:.2f}"
    )


if __name__ == "__main__":
    main()
