"""Checks of whether a picture shows a whole face, with bounds measured on the judge's verdicts on real pictures (numpy, no state)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from semgan.evaluation.judge.judge import Verdict

MEASURES = ("area", "x", "y", "spread")
"""The measures of each class of the mask; see `class_measures`."""
EYES, ORDER, LAYOUT = "distance of the eyes", "eyes above nose above mouth", "layout"
_ALWAYS = 0.98
"""A class of the mask that this share of the real pictures has belongs to every face."""
_TAILS = (0.5, 99.5)  # percentiles
_WIDER = 0.25
"""The share of a range's width added on either side: new real pictures may lie a little outside those that were measured."""
_FARTHEST = 99  # percentile of the real pictures' layouts
_SHRINKAGE = 0.05
"""The share of a measure's own variance added to it, so that layouts of few pictures do not look more alike than they are."""


class FaceLayout(NamedTuple):
    """The layouts of real faces as a normal distribution: mean (m,), precision (m, m), greatest squared Mahalanobis distance.

    It knows how the parts go together, where the ranges know each alone. In noise the judge sees parts of a passable area at
    passable locations, but hardly in a layout that faces have.
    """

    mean: np.ndarray
    precision: np.ndarray
    limit: float


class FaceRule(NamedTuple):
    """The bounds within which a picture counts as a whole face, measured on real ones.

    Attributes:
      classes: the least and greatest values of `class_measures`, (4, 2), for each mask class that every face has, by its number.
      inter_ocular: least and greatest distance of the eyes, in picture widths, (2,); None without landmarks.
      layout: the joint distribution of all the classes' measures and the landmarks' places.
    """

    classes: dict[int, np.ndarray]
    inter_ocular: np.ndarray | None
    layout: FaceLayout


def face_rule(real: Verdict, classes: int) -> FaceRule | None:
    """Returns what the judge sees in real pictures; None where it sees neither masks nor landmarks, or no picture."""
    if len(real.domain) == 0 or (real.mask is None and real.landmarks is None):
        return None
    bounds = {} if real.mask is None else _class_bounds(real.mask, classes)
    eyes = None if real.landmarks is None else _range(inter_ocular(real.landmarks))
    return FaceRule(bounds, eyes, layout_of(layout_measures(real, bounds)))


def _class_bounds(mask: np.ndarray, classes: int) -> dict[int, np.ndarray]:
    bounds = {}
    for number in range(classes):
        measures = class_measures(mask, number)
        there = measures[:, 0] > 0
        if np.mean(there) >= _ALWAYS:
            bounds[number] = _range(measures[there])
            bounds[number][0, 0] = max(bounds[number][0, 0], 0.5 / mask[0].size)  # it has to be there
    return bounds


def class_measures(mask: np.ndarray, number: int) -> np.ndarray:
    """Measures area, location and spread of a class in class ids (n, height, width): float64 (n, 4), all zero where it is not.

    Its share of the pixels; x and y of its centre, and its pixels' root mean square distance from there, in picture widths.
    """
    height, width = mask.shape[1:]
    inside = mask == number
    count = np.maximum(inside.sum((1, 2)), 1)
    columns, rows = inside.sum(1) / count[:, None], inside.sum(2) / count[:, None]
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / width
    centre_x, centre_y = columns @ x, rows @ y
    variance = columns @ x**2 - centre_x**2 + rows @ y**2 - centre_y**2
    return np.stack([inside.mean((1, 2)), centre_x, centre_y, np.sqrt(np.maximum(variance, 0))], axis=-1)


def layout_measures(verdict: Verdict, classes: Iterable[int]) -> np.ndarray:
    """Returns the measures that make up a layout, in picture widths: (n, m)."""
    parts = [np.zeros((len(verdict.domain), 0))]
    if verdict.mask is not None:
        for number in classes:
            area, *rest = class_measures(verdict.mask, number).T
            parts.append(np.stack([np.sqrt(area), *rest], -1))
    if verdict.landmarks is not None:
        parts.append(verdict.landmarks.reshape(len(verdict.landmarks), -1).astype(np.float64))
    return np.concatenate(parts, axis=-1)


def layout_of(measures: np.ndarray) -> FaceLayout:
    """The distribution of the layouts (n, m), and the distance that all but a hundredth of them are within."""
    mean = measures.mean(0)
    covariance = (measures - mean).T @ (measures - mean) / len(measures)
    covariance += np.diag(_SHRINKAGE * np.diag(covariance) + 1e-6)
    layout = FaceLayout(mean, np.linalg.inv(covariance), 0.0)
    return layout._replace(limit=float(np.percentile(squared_distance(layout, measures), _FARTHEST)))


def squared_distance(layout: FaceLayout, measures: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance of each of the layouts (n, m): (n,)."""
    away = measures - layout.mean
    return np.sum(away @ layout.precision * away, axis=-1)


def inter_ocular(landmarks: np.ndarray) -> np.ndarray:
    """Distance of the eyes, the first two landmarks, in picture widths: (n,) from (n, landmarks, 2)."""
    return np.linalg.norm(landmarks[:, 0] - landmarks[:, 1], axis=-1)


def _range(values: np.ndarray) -> np.ndarray:
    """Bounds (..., 2) of values (n, ...)."""
    low, high = np.percentile(values, _TAILS, axis=0)
    wider = _WIDER * (high - low)
    return np.stack([low - wider, high + wider], axis=-1)


def face_checks(rule: FaceRule, verdict: Verdict, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Each check by name, bool (n,): the mask's classes, the landmarks' order, the distance of the eyes, and the layout of all."""
    passes: dict[str, np.ndarray] = {}
    if verdict.mask is not None:
        passes = {names[i]: np.all(_within(class_measures(verdict.mask, i), bounds), -1) for i, bounds in rule.classes.items()}
    if verdict.landmarks is not None and rule.inter_ocular is not None:
        height = verdict.landmarks[:, :, 1]  # downwards
        eyes, nose, mouth = height[:, :2].mean(1), height[:, 2], height[:, 3:5].mean(1)
        passes[ORDER] = (eyes < nose) & (nose < mouth)
        passes[EYES] = _within(inter_ocular(verdict.landmarks), rule.inter_ocular)
    passes[LAYOUT] = squared_distance(rule.layout, layout_measures(verdict, rule.classes)) <= rule.layout.limit
    return passes


def whole(passes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns which pictures pass every one of `face_checks`, bool (n,)."""
    return np.all(list(passes.values()), axis=0)


def _within(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return (values >= bounds[..., 0]) & (values <= bounds[..., 1])
