"""Panoramas: turning around changes nothing, the edge is none, and the eyes of a pair agree.

    python benchmarks/panorama.py runs/*/snapshot.safetensors --height 512

For each snapshot, with a drawn room at its own size: the mean and largest difference (of 255) between translating a turned panorama and
turning the translated one, over turns by multiples of the network's stride, and by other numbers of pixels; the mean gradient across the
left and right edge by that at the same place when the panorama is turned by half, where no edge is; the largest difference of the eyes of
a pair that are equal; and for the two views of a room, the mean and largest difference of the eyes where what the network looks at is the
same for both, with that of the views translated apart.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion

import semgan
from benchmarks.tiles import style_of
from semgan.data.drawn_faces.panorama import EYE_DISTANCE, draw_panorama
from semgan.pictures.scene import View
from semgan.pictures.stereo import join, split

REACH = 8
"""Pixels around a place that have to be equal for both eyes: more would leave nothing but the poles."""


def edge_ratio(image: np.ndarray, turned: np.ndarray) -> float:
    """The mean difference between the last and the first column by that of the same places in the panorama turned by half and back."""
    edges = [np.abs(values[:, 0].astype(np.float32) - values[:, -1]).mean() for values in (image, turned)]
    return float(edges[0] / edges[1])


def measure(path: Path, height: int, folder: Path | None) -> str:
    """One line of the table."""
    model = semgan.load(path)
    style, room, stride = style_of(model), draw_panorama(height), model.algorithm.stride or 1
    view = View("native", panorama=True)
    image = model.translate_as(room, style, view=view)
    turns = {"stride": [], "other": []}
    for turn in (stride, 5 * stride, height // stride // 3 * stride, height, 1, height // 3 + 1):
        turned = model.translate_as(np.roll(room, turn, 1), style, view=view)
        turns["other" if turn % stride else "stride"].append(np.abs(np.roll(image, turn, 1).astype(np.float32) - turned))
    pair = View("native", panorama=True, stereo="top-bottom")
    same = split(model.translate_as(join([room, room], pair.stereo), style, view=pair), pair.stereo)
    eyes = [draw_panorama(height, eye=eye) for eye in (-EYE_DISTANCE / 2, EYE_DISTANCE / 2)]
    seen = split(model.translate_as(join(eyes, pair.stereo), style, view=pair), pair.stereo)
    apart = [model.translate_as(eye, style, view=view).astype(np.float32) for eye in eyes]
    equal = binary_erosion(np.all(eyes[0] == eyes[1], 2), iterations=REACH)
    half = np.roll(model.translate_as(np.roll(room, height, 1), style, view=view), -height, 1)
    if folder is not None:
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.vstack([room, image])).save(folder / f"{path.parent.name}.png")
    figures = [f"{np.mean([each.mean() for each in turns[kind]]):.2f}, {max(each.max() for each in turns[kind]):.0f}" for kind in turns]
    difference = np.abs(seen[0].astype(np.float32) - seen[1])[equal]
    return (
        f"| {path.parent.name} | {stride} | {figures[0]} | {figures[1]} | {edge_ratio(image, half):.3f} | "
        f"{np.abs(same[0].astype(int) - same[1]).max()} | {equal.mean():.1%} | {difference.mean():.2f}, {difference.max():.0f} | "
        f"{np.abs(apart[0] - apart[1])[equal].mean():.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--height", type=int, default=512, help="of the panorama, in pixels (default: 512)")
    parser.add_argument("--pictures", type=Path, help="folder for content and translation, one above the other")
    args = parser.parse_args()
    print("| model | stride | turned by strides | by others | edge | equal eyes | share that is equal | two views there | apart |")
    print("|-|-|-|-|-|-|-|-|-|")
    for path in args.snapshots:
        print(measure(path, args.height, args.pictures), flush=True)


if __name__ == "__main__":
    main()
