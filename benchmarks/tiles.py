"""Tiles beside the whole: how far a picture that was translated in tiles is from the same picture translated whole, and its seams.

    python benchmarks/tiles.py runs/*/snapshot.safetensors --size 1024 --tile 512

For each snapshot: passes for the statistics, mean and largest difference (of 255), the gradient across the tiles' edges beside the gradient
elsewhere (in the translation in tiles and, at the same places, in the whole one), and seconds for both.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

import semgan
from semgan.data.dataset import open_dataset
from semgan.data.decode import fit
from semgan.inference import parts, style_request, whole_picture
from semgan.inference.model import Model
from semgan.inference.style_request import Request, prepare
from semgan.pictures import tiles
from semgan.pictures.scene import View


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Drawn faces of 60 to 300 pixels on a smooth background: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 128 + 2, width // 128 + 2, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    faces = open_dataset("drawn_faces", split="test", image_size=256, count=64)
    for _ in range(height * width // 30_000):
        side = int(rng.integers(60, 300))
        face = Image.fromarray(faces.images[faces.rows[rng.integers(len(faces.rows))]]).resize((side, side), Image.Resampling.LANCZOS)
        picture.paste(face, (int(rng.integers(-side // 2, width)), int(rng.integers(-side // 2, height))))
    return np.asarray(picture)


def style_of(model: Model):
    """The style of a held-out face, or the model's only translation."""
    if not model.guided:
        return prepare(model.trained_model, Request(domain=model.domains[-1], content_domain=model.domains[0]))
    faces = open_dataset("drawn_faces", split="test", image_size=model.image_size, count=64, domains=model.domains)
    row = faces.rows[np.flatnonzero(faces.domain == len(model.domains) - 1)[0]]
    return prepare(model.trained_model, Request(reference=faces.images[row], domain=model.domains[-1]))


def seam_ratio(image: np.ndarray, grid: tiles.Grid) -> float:
    """The mean gradient across the edges of the tiles' cores, with the blended pixels, by the mean gradient elsewhere."""
    ratios = []
    for axis, spans in ((0, grid.rows), (1, grid.columns)):
        gradient = np.abs(np.diff(image.astype(np.float32), axis=axis)).mean(axis=(1 - axis, 2))
        edges = [span.core_start for span in spans if span.core_start > 0]
        near = np.unique([edge - 1 + offset for edge in edges for offset in range(-grid.blend, grid.blend + 1)])
        ratios.append(gradient[near].mean() / np.delete(gradient, near).mean())
    return float(np.mean(ratios))


def compare(path: Path, size: int, tile: int, folder: Path | None) -> str:
    """One line of the table."""
    model = semgan.load(path)
    style, content, stride = style_of(model), scene(size, size), model.algorithm.stride
    times, images = [], []
    for view in (View("native", size), View("native", tile)):
        model.translate_as(content, style, view=view)  # compiles
        start = time.perf_counter()
        images.append(model.translate_as(content, style, view=view))
        times.append(time.perf_counter() - start)
    whole, tiled = images
    example = style_request.batch_of(model.trained_model, style, fit(content, model.image_size))
    guide = whole_picture.guide_of(model.trained_model, style, example)
    margin = parts.reach(model.trained_model, guide, tile)
    grid = tiles.grid(size, size, tile, margin, stride)
    difference = np.abs(whole.astype(np.float32) - tiled)
    if folder is not None:
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.hstack([content, whole, tiled])).save(folder / f"{path.parent.name}.png")
    seams = seam_ratio(tiled, grid), seam_ratio(whole, grid)
    return (
        f"| {path.parent.name} | {stride} | {margin} | {grid.count} | {difference.mean():.2f} | {difference.max():.0f} | "
        f"{seams[0]:.3f} | {seams[1]:.3f} | {seams[0] / seams[1]:.3f} | {times[0]:.1f} | {times[1]:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=1024, help="of the picture, in pixels (default: 1024)")
    parser.add_argument("--tile", type=int, default=512, help="of the tiles (default: 512)")
    parser.add_argument("--pictures", type=Path, help="folder for content, whole and tiled side by side")
    args = parser.parse_args()
    print("| model | stride | margin | tiles | mean | largest | seams, tiled | same places, whole | ratio | whole, s | tiled, s |")
    print("|-|-|-|-|-|-|-|-|-|-|-|")
    for path in args.snapshots:
        print(compare(path, args.size, args.tile, args.pictures), flush=True)


if __name__ == "__main__":
    main()
