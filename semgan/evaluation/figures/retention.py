"""What single translations keep of their contents, and the pairs that keep most and least."""

from typing import Any

import numpy as np

from semgan.evaluation.figures.semantics import compare
from semgan.evaluation.judge.judge import Verdict
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores import agreement
from semgan.evaluation.scores.pair_bootstrap import Compared

SHOWN = 6
"""Pairs that a report names at either end."""


def agreement_by_pair(judged: JudgedPairs, verdict: Verdict) -> np.ndarray | None:
    """Agreement of a verdict with each content's own annotations, float64 (pairs,) in [0, 1].

    The mean over the classes that the content's mask has of their intersection over union in this picture; without masks, the mean
    of the share of the kept attributes that agree and the share of the landmarks kept. None where there is nothing to compare.
    """
    compared = compare(judged.truth, verdict)
    if "mask" in compared:
        return mask_iou_by_picture(*compared["mask"], len(judged.dataset.names["mask"]))
    parts = _parts_by_pair(judged, compared)
    return np.mean(parts, axis=0) if parts else None


def _parts_by_pair(judged: JudgedPairs, compared: Compared) -> list[np.ndarray]:
    parts = []
    if "attributes" in compared and judged.kept_names:
        columns = [judged.dataset.names["attributes"].index(name) for name in judged.kept_names]
        truth, said = (values[:, columns] for values in compared["attributes"])
        parts.append((truth == said).mean(1))
    if "landmarks" in compared:
        near = agreement.landmark_distances(*compared["landmarks"]) <= agreement.LANDMARK_TOLERANCE
        parts.append(near.mean(1))
    return parts


def mask_iou_by_picture(truth: np.ndarray, judged: np.ndarray, classes: int) -> np.ndarray:
    """Mean IoU of each picture over the classes that are true in it, float64 (n,), from class ids (n, height, width)."""
    values = []
    for true, said in zip(truth, judged, strict=True):
        confusion = agreement.confusion_matrix(true, said, classes)
        values.append(agreement.class_iou(confusion)[confusion.sum(1) > 0].mean())
    return np.array(values)


def extremes(judged: JudgedPairs, verdict: Verdict, count: int = SHOWN) -> dict[str, list[dict[str, Any]]]:
    """The pairs that keep most, `best_pairs`, and least, `worst_pairs`, the most telling first; JSON-able, both empty when unknown.

    Each has `pair` (its number), `content` and `reference` (rows of the data's cache), `source` and `target` (domains' names),
    `agreement` (see `agreement_by_pair`), `content_agreement` (that of the content itself, the judge's own limit) and `judged_as` (the
    domain that the translation is taken for). No pair is in both.
    """
    kept, own = (agreement_by_pair(judged, given) for given in (verdict, judged.content))
    if kept is None or own is None:
        return {"best_pairs": [], "worst_pairs": []}
    rising = np.argsort(kept, kind="stable")
    shown = min(count, len(kept) // 2)
    named = [_named(judged, verdict, int(pair), kept, own) for pair in (*rising[:shown], *rising[::-1][:shown])]
    return {"best_pairs": named[shown:], "worst_pairs": named[:shown]}


def _named(judged: JudgedPairs, verdict: Verdict, pair: int, kept: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    data, content, reference = judged.dataset, judged.pairs.content[pair], judged.pairs.reference[pair]
    return {
        "pair": pair,
        "content": int(data.rows[content]),
        "reference": int(data.rows[reference]),
        "source": data.domains[data.domain[content]],
        "target": data.domains[data.domain[reference]],
        "agreement": float(kept[pair]),
        "content_agreement": float(own[pair]),
        "judged_as": data.domains[int(verdict.domain[pair])],
    }
