"""Boxes around faces: corrected by the networks' offsets, squared, and thinned out where they overlap.

A box is (left, top, right, bottom) in pixels. The rules are those of the package `mtcnn` 1.0.0, a stage's numbers with it.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float, Int

Boxes = Float[np.ndarray, "count 4"]
Scores = Float[np.ndarray, "count"]

_BLOCK = 512  # boxes that are compared with all others at once: bounds the memory


def correct(boxes: Boxes, offsets: Boxes) -> Boxes:
    """Moves the sides of boxes by offsets in fractions of a box's width and height, which count both end pixels."""
    sizes = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + offsets * np.concatenate([sizes, sizes], -1)


def to_squares(boxes: Boxes) -> Boxes:
    """The squares around the same centres with the longer of the two sides."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], -1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], -1)


def suppress(boxes: Boxes, scores: Scores, threshold: float, over: Literal["union", "smaller"]) -> Int[np.ndarray, "kept"]:
    """Non-maximum suppression: the places of the boxes that overlap no box of a higher score by more than `threshold`, best first.

    As in the package a box suppresses others even if it is itself suppressed.

    Args:
      over: the area by which the intersection is divided.
    """
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    best = [start + np.flatnonzero(~_covered(boxes, start, threshold, over)) for start in range(0, len(boxes), _BLOCK)]
    return order[np.concatenate(best)] if best else order


def _covered(boxes: Boxes, start: int, threshold: float, over: str) -> np.ndarray:
    """Whether each box of a block overlaps one before it by more than the threshold."""
    block = boxes[start : start + _BLOCK]
    before = boxes[: start + len(block)]
    corner = np.maximum(block[:, None, :2], before[None, :, :2])
    sizes = np.maximum(np.minimum(block[:, None, 2:], before[None, :, 2:]) - corner, 0)
    common = sizes.prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    own, others = areas[start : start + len(block), None], areas[None, : len(before)]
    whole = own + others - common if over == "union" else np.minimum(own, others)
    earlier = np.arange(len(before))[None] < np.arange(start, start + len(block))[:, None]
    return np.any((common > threshold * whole) & earlier, -1)
