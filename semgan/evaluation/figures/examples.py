"""The pictures that an evaluation shows: pairs that keep most and least, and generated pictures nearest to a training picture."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.label_free_figures import PlaceMatches
from semgan.evaluation.judge.answers import draw_answers
from semgan.evaluation.judge.judge import Verdict
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translations, compare_with_truth
from semgan.evaluation.scores.agreement import LANDMARK_TOLERANCE, landmark_distances, mask_iou_by_picture
from semgan.evaluation.scores.transfer import Comparison

PAIRS = 6
"""Pairs that are shown at either end."""
NEAREST = 8
"""Generated pictures that are shown beside a training picture."""


class Example(NamedTuple):
    """Pictures that belong together.

    Attributes:
      about: what they are, as plain data: see `best_and_worst` and `nearest_examples`.
      images: uint8, side by side.
    """

    about: dict[str, Any]
    images: UInt8[np.ndarray, "picture size size 3"]


class Examples(NamedTuple):
    """The pictures that an evaluation shows, the most telling first.

    Attributes:
      best, worst: content, reference, translation and, where the data know it, answer of the pairs that keep most and least; none where
        that is unknown.
      nearest: generated picture and training picture.
    """

    best: Sequence[Example] = ()
    worst: Sequence[Example] = ()
    nearest: Sequence[Example] = ()


class _Kept(NamedTuple):
    """How much of each content its translation keeps, how much the content itself does, (pairs,) each, and the measure's name."""

    translated: np.ndarray
    content: np.ndarray
    measure: str


def best_and_worst(
    judged_pairs: JudgedPairs, translations: Translations, matches: PlaceMatches | None = None, count: int = PAIRS
) -> tuple[list[Example], list[Example]]:
    """Finds the pairs that keep most, and those that keep least; no pair is among both.

    Args:
      matches: what pairs without annotations are told apart by, see `label_free_figures.place_matches`; None: by nothing.

    Returns:
      Examples that say `pair` (its number), `content` and `reference` (rows of the data's cache), `source` and `target` (domains' names),
      `measure` ("agreement", see `agreement_by_pair`, or "place match"), `kept` (the translation by that measure), `content_kept` (the
      content itself, the most that can be expected) and `judged_as` (the domain that the translation is taken for).
    """
    kept = _kept_by_pair(judged_pairs, translations, matches)
    if kept is None:
        return [], []
    rising = np.argsort(kept.translated, kind="stable")
    limit = min(count, len(rising) // 2)
    images, answers = judged_pairs.dataset.images, draw_answers(judged_pairs)

    def example(pair: int) -> Example:
        about = _about_pair(judged_pairs, translations.verdict, pair, kept)
        pictures = [images[about["content"]], images[about["reference"]], translations.images[pair]]
        return Example(about, np.stack(pictures if answers is None else [*pictures, answers.images[pair]]))

    return [example(int(pair)) for pair in rising[::-1][:limit]], [example(int(pair)) for pair in rising[:limit]]


def _kept_by_pair(judged_pairs: JudgedPairs, translations: Translations, matches: PlaceMatches | None) -> _Kept | None:
    translated, content = (agreement_by_pair(judged_pairs, verdict) for verdict in (translations.verdict, judged_pairs.content))
    if translated is not None and content is not None:
        return _Kept(translated, content, "agreement")
    return None if matches is None else _Kept(matches["translated"], matches["content"], "place match")


def _about_pair(judged_pairs: JudgedPairs, verdict: Verdict, pair: int, kept: _Kept) -> dict[str, Any]:
    data, content, reference = judged_pairs.dataset, judged_pairs.pairs.content[pair], judged_pairs.pairs.reference[pair]
    return {
        "pair": pair,
        "content": int(data.rows[content]),
        "reference": int(data.rows[reference]),
        "source": data.domains[data.domain[content]],
        "target": data.domains[data.domain[reference]],
        "measure": kept.measure,
        "kept": float(kept.translated[pair]),
        "content_kept": float(kept.content[pair]),
        "judged_as": data.domains[int(verdict.domain[pair])],
    }


def agreement_by_pair(judged_pairs: JudgedPairs, verdict: Verdict) -> np.ndarray | None:
    """Measures the agreement of a verdict with each content's own annotations, float64 (pairs,) in [0, 1].

    The mean over the classes that the content's mask has of their intersection over union in this picture; without masks, the mean
    of the share of the kept attributes that agree and the share of the landmarks kept. None where there is nothing to compare.
    """
    comparison = compare_with_truth(judged_pairs, verdict)
    if "mask" in comparison:
        return mask_iou_by_picture(*comparison["mask"], len(judged_pairs.dataset.names["mask"]))
    parts = _parts_by_pair(judged_pairs, comparison)
    return np.mean(parts, axis=0) if parts else None


def _parts_by_pair(judged_pairs: JudgedPairs, comparison: Comparison) -> list[np.ndarray]:
    parts = []
    if "attributes" in comparison and judged_pairs.kept_names:
        columns = [judged_pairs.dataset.names["attributes"].index(name) for name in judged_pairs.kept_names]
        truth, judgements = (values[:, columns] for values in comparison["attributes"])
        parts.append((truth == judgements).mean(1))
    if "landmarks" in comparison:
        parts.append((landmark_distances(*comparison["landmarks"]) <= LANDMARK_TOLERANCE).mean(1))
    return parts


def nearest_examples(
    distances: np.ndarray, places: np.ndarray, images: UInt8[np.ndarray, "picture size size 3"], train: Dataset, count: int = NEAREST
) -> list[Example]:
    """Finds the generated pictures that come nearest to a training picture.

    Args:
      distances, places: each generated picture's distance to its nearest training picture, and that one's place in `train.rows`.
      images: the generated pictures.

    Returns:
      Examples that say `index` (which generated picture), `row` (of the training picture, in the data's cache), `domain` (that one's
      name) and `distance`.
    """
    nearest = np.argsort(distances, kind="stable")[:count]
    return [_nearest_example(int(index), int(places[index]), float(distances[index]), images, train) for index in nearest]


def _nearest_example(index: int, place: int, distance: float, images: np.ndarray, train: Dataset) -> Example:
    row = int(train.rows[place])
    about = {"index": index, "row": row, "domain": train.domains[train.domain[place]], "distance": distance}
    return Example(about, np.stack([images[index], train.images[row]]))
