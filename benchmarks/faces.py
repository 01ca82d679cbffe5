"""Finding and pasting faces, measured on photographs made here: drawn faces of several sizes and angles in scenes.

    python benchmarks/faces.py --count 200

Prints how many faces are found, how far their landmarks are off, seconds per photograph, and the gradient across the rim of pasted faces
beside that of the original at the same places. Needs the extra `faces`.
"""

import argparse
import time

import numpy as np

from semgan.data.drawn_faces.factors import MEDIA, draw_factors
from semgan.data.drawn_faces.render import render_face
from semgan.faces.detect import Detector
from semgan.faces.geometry import Similarity, align_to, celeba_square
from semgan.faces.paste import Piece, paste
from semgan.faces.warp import warp

HEIGHT, WIDTH = 600, 900
CHANGE = 48  # of 255: what the pasted translation adds


def scene(rng: np.random.Generator, number: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A photograph, uint8 (HEIGHT, WIDTH, 3), and the landmarks (5, 2) of each of its three faces, in pixels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / 150
    picture = np.stack([110 + 50 * np.sin(x + rng.uniform(0, 6)) * np.cos(y + rng.uniform(0, 6)) for _ in range(3)], -1)
    picture += rng.normal(0, 4, picture.shape)
    truth = []
    for place in range(3):
        content, style = draw_factors(0, "test", 3 * number + place)
        drawn = render_face(content, style._replace(medium=MEDIA.index("shaded")), 256)
        size, turn = rng.uniform(120, 280), rng.uniform(-0.35, 0.35)
        linear = size / 256 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = np.array([150 + 300 * place, rng.uniform(200, 400)])
        transform = Similarity(linear, centre - linear @ [128, 128])
        mask = warp(np.pad(np.full((224, 224, 1), 1.0, np.float32), ((16, 16), (16, 16), (0, 0))), transform, HEIGHT, WIDTH)
        picture += np.clip(mask, 0, 1) * (warp(drawn.image.astype(np.float32), transform, HEIGHT, WIDTH) - picture)
        truth.append(transform(drawn.landmarks * 256))
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8), truth


def rim_gradient(picture: np.ndarray, transform: Similarity, size: int) -> float:
    """The mean absolute difference of brightness across the rim of a pasted face, over two pixels."""
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    rim = circle / np.sum(circle**4, -1, keepdims=True) ** 0.25
    back = transform.inverse()
    inner, outer = (back(size / 2 * (1 + rim * radius)) for radius in (1 - 2 * transform.scale / size, 1 + 2 * transform.scale / size))
    inside = np.all((outer >= 0) & (outer < [WIDTH, HEIGHT]) & (inner >= 0) & (inner < [WIDTH, HEIGHT]), -1)

    def at(places: np.ndarray) -> np.ndarray:
        column, row = np.floor(places[inside]).astype(int).T
        return picture[row, column].mean(-1)

    return float(np.abs(at(inner) - at(outer)).mean())


def main() -> None:
    """Measures and prints one line of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="photographs")
    count = parser.parse_args().count
    rng, detect, target = np.random.default_rng(0), Detector(), celeba_square(64)
    detect(scene(np.random.default_rng(1), 0)[0])  # compiles
    errors, gradients, seconds, found = [], [], 0.0, 0
    for number in range(count):
        picture, truth = scene(rng, number)
        start = time.perf_counter()
        faces = detect(picture)
        seconds += time.perf_counter() - start
        found += len(faces)
        for landmarks in truth:
            eyes = np.hypot(*(landmarks[1] - landmarks[0]))
            error = min((np.hypot(*(face.landmarks - landmarks).T).mean() / eyes for face in faces), default=np.inf)
            errors += [error] if error < 0.5 else []
        transforms = [align_to(landmarks, target) for landmarks in truth]
        contents = [warp(picture, transform, 64, 64) for transform in transforms]
        pieces = [
            Piece(each, np.clip(each.astype(int) + CHANGE, 0, 255).astype(np.uint8), at)
            for each, at in zip(contents, transforms, strict=True)
        ]
        pasted = paste(picture, pieces)
        gradients += [(rim_gradient(pasted, each, 64), rim_gradient(picture, each, 64)) for each in transforms]
    print(f"{len(errors):,} of {3 * count:,} faces found, {found - len(errors):,} others; {seconds / count:.2f} s per photograph")
    if errors:
        low, middle, high = np.percentile(errors, [5, 50, 95]) * 100
        print(f"landmarks off by {middle:.1f} % of the distance between the eyes in the median ({low:.1f} to {high:.1f} for 90 %)")
    after, before = np.mean(gradients, 0)
    print(f"gradient across the rim {after:.2f} of 255, in the original {before:.2f}: ratio {after / before:.3f}")


if __name__ == "__main__":
    main()
