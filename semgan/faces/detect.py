"""Finds the faces of a picture, with five landmarks each, by MTCNN's three networks run in JAX.

The method, thresholds and sampling are those of Zhang et al. 2016 (arXiv 1604.02878) as the package `mtcnn` 1.0.0 has them, with three
differences. The pyramid goes up to the largest face that fits into the picture, where the package stops at about 84 % of the short side.
Its first level is bounded by a smallest face relative to the picture, so that a photograph of 12 megapixels takes about as long as a small
one. And where all levels are smaller than half the picture, they are made from means of whole blocks of pixels.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from semgan.faces import boxes as box_rules
from semgan.faces.pyramid import Picture, cut_squares, resize_by_area, scales, shrink_by_whole
from semgan.faces.weights import DetectorWeights, installed_weights
from semgan.networks import mtcnn

SMALLEST = 0.03
"""The smallest face that is looked for, as a share of the picture's short side."""
SMALLEST_PIXELS = 20
"""No smaller face is looked for: the package's default."""
_FACTOR = 0.709  # from one level to the next: half the area
_PROPOSAL, _REFINEMENT, _OUTPUT = 0.6, 0.7, 0.8  # least probabilities of the three networks
_TILE = 128  # side of what the proposal network sees at once, pixels
_TILES, _SQUARES = 16, 64  # per run, so that each network is compiled once


class Face(NamedTuple):
    """A face in a picture.

    Attributes:
      box: (left, top, right, bottom) in pixels, within the picture.
      score: probability that it is a face.
      landmarks: (x, y) in pixels: the eye at the image's left, the other, nose, left and right corner of the mouth.
    """

    box: Float[np.ndarray, "4"]
    score: float
    landmarks: Float[np.ndarray, "5 2"]


class _Candidates(NamedTuple):
    boxes: Float[np.ndarray, "count 4"]
    scores: Float[np.ndarray, "count"]

    def take(self, places: np.ndarray) -> "_Candidates":
        return _Candidates(self.boxes[places], self.scores[places])

    def suppress(self, threshold: float) -> "_Candidates":
        return self.take(box_rules.suppress(self.boxes, self.scores, threshold, "union"))


class Detector:
    """Finds faces; the networks are compiled at the first picture and serve for all sizes.

    Args:
      weights: those of the installed package by default; UserError where it is not installed.
      smallest: the smallest face that is looked for, as a share of the picture's short side. Time grows with its inverse square.
    """

    def __init__(self, weights: DetectorWeights | None = None, smallest: float = SMALLEST):
        self._weights = installed_weights() if weights is None else weights
        self._smallest = smallest

    @cached_property
    def _networks(self) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        functions = (mtcnn.propose, mtcnn.refine, mtcnn.locate)
        programs = [jax.jit(partial(_normalised, function)) for function in functions]
        arrays = jax.tree.map(jnp.asarray, tuple(self._weights))
        return tuple(partial(program, each) for program, each in zip(programs, arrays, strict=True))  # pyright: ignore

    def __call__(self, picture: Picture) -> list[Face]:
        """The picture's faces, the surest first; none in a picture of less than 12 pixels."""
        candidates = self._propose(picture)
        if len(candidates.scores):
            candidates = self._refine(picture, candidates)
        return self._locate(picture, candidates) if len(candidates.scores) else []

    def _propose(self, picture: Picture) -> _Candidates:
        height, width = picture.shape[:2]
        smallest = max(SMALLEST_PIXELS, self._smallest * min(height, width))
        levels = scales(height, width, smallest, mtcnn.WINDOW, _FACTOR)
        if not levels:
            return _Candidates(np.zeros((0, 4)), np.zeros(0))
        base = shrink_by_whole(picture, max(int(0.5 / levels[0]), 1))
        sides = [(int(height * scale), int(width * scale)) for scale in levels]
        found = [each.suppress(0.5) for each in self._judge_windows([resize_by_area(base, *each) for each in sides])]
        boxes = np.concatenate([each.boxes / scale for each, scale in zip(found, levels, strict=True)])
        all_levels = _Candidates(boxes, np.concatenate([each.scores for each in found])).suppress(0.7)
        return all_levels._replace(boxes=box_rules.to_squares(all_levels.boxes))

    def _judge_windows(self, images: Sequence[np.ndarray]) -> list[_Candidates]:
        """The corrected boxes of each level's windows that may show a face, in the level's pixels."""
        tiles = [(level, x, y) for level, image in enumerate(images) for x, y in _corners(image)]
        found: list[list[_Candidates]] = [[] for _ in images]
        for start in range(0, len(tiles), _TILES):
            run = tiles[start : start + _TILES]
            pixels, sizes = _cut_tiles(images, run)
            face, offsets = jax.device_get(self._networks[0](pixels, sizes))
            for place, (level, x, y) in enumerate(run):
                rows, columns = (mtcnn.window_count(side) for side in sizes[place])
                row, column = np.nonzero(face[place, :rows, :columns] > _PROPOSAL)
                corner = np.array([x, y]) + mtcnn.STRIDE * np.stack([column, row], -1)
                window = np.concatenate([corner + 1, corner + mtcnn.WINDOW], -1)  # its first and last pixel, counted from 1
                found[level].append(_Candidates(window + (mtcnn.WINDOW - 1) * offsets[place, row, column], face[place, row, column]))
        return [_Candidates(*(np.concatenate(parts) for parts in zip(*each, strict=True))) for each in found]

    def _refine(self, picture: Picture, candidates: _Candidates) -> _Candidates:
        judged = self._judge_squares(1, picture, candidates.boxes, mtcnn.REFINEMENT_SIZE)
        refined = _Candidates(box_rules.correct(candidates.boxes, judged.offsets), judged.face)
        best = refined.take(np.flatnonzero(judged.face > _REFINEMENT)).suppress(0.7)
        return best._replace(boxes=box_rules.to_squares(best.boxes))

    def _locate(self, picture: Picture, candidates: _Candidates) -> list[Face]:
        judged = self._judge_squares(2, picture, candidates.boxes, mtcnn.OUTPUT_SIZE)
        sizes = candidates.boxes[:, 2:] - candidates.boxes[:, :2] + 1
        landmarks = candidates.boxes[:, None, :2] + sizes[:, None] * judged.landmarks - 1
        sure = np.flatnonzero(judged.face > _OUTPUT)
        boxes = box_rules.correct(candidates.boxes, judged.offsets)
        best = sure[box_rules.suppress(boxes[sure], judged.face[sure], 0.7, "smaller")]
        last = np.array(picture.shape[1::-1] * 2) - 1
        return [Face(np.clip(boxes[place], 0, last), float(judged.face[place]), landmarks[place]) for place in best]

    def _judge_squares(self, network: int, picture: Picture, boxes: np.ndarray, size: int) -> Any:
        """The network's `mtcnn.Squares` of every box, as NumPy arrays, in runs of one size."""
        parts = []
        for start in range(0, len(boxes), _SQUARES):
            squares = cut_squares(picture, boxes[start : start + _SQUARES], size)
            filled = np.concatenate([squares, np.zeros((_SQUARES - len(squares), size, size, 3), np.float32)])
            judged = jax.device_get(self._networks[network](filled))
            parts.append(judged)
        return jax.tree.map(lambda *arrays: np.concatenate(arrays)[: len(boxes)], *parts)


def _normalised(network: Callable[..., Any], weights: mtcnn.Weights, images: jax.Array, *rest: jax.Array) -> Any:
    return network(weights, mtcnn.normalise(images), *rest)


def _corners(image: np.ndarray) -> list[tuple[int, int]]:
    """(x, y) of a level's tiles, which overlap so that every window lies in one of them."""
    step = _TILE - mtcnn.WINDOW + mtcnn.STRIDE
    rows, columns = (range(0, mtcnn.STRIDE * mtcnn.window_count(side), step) for side in image.shape[:2])
    return [(x, y) for y in rows for x in columns]


def _cut_tiles(images: Sequence[np.ndarray], run: Sequence[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """The tiles of a run, padded to one number and size: float32 (run, tile, tile, 3), and their own (height, width)."""
    tiles, sizes = np.zeros((_TILES, _TILE, _TILE, 3), np.float32), np.zeros((_TILES, 2), np.int32)
    for place, (level, x, y) in enumerate(run):
        part = images[level][y : y + _TILE, x : x + _TILE]
        tiles[place, : part.shape[0], : part.shape[1]], sizes[place] = part, part.shape[:2]
    return tiles, sizes
