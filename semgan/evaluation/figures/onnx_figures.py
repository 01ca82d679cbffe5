"""Figures of the user's own networks in ONNX files: whether landmarks and identities of faces stay."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from semgan.evaluation.extractors.batches import Pictures
from semgan.evaluation.extractors.onnx_network import OnnxNetwork
from semgan.evaluation.figures.inception_figures import FiguresAndNotes
from semgan.evaluation.figures.transformer_figures import mean_figure, pair_origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores.landmark_error import normalised_mean_errors, normaliser
from semgan.evaluation.scores.similarity import cosines
from semgan.progress import track

_BATCH = 16


def landmark_figures(network: OnnxNetwork, judged_pairs: JudgedPairs, translations: np.ndarray) -> FiguresAndNotes:
    """`landmark_nme`: the normalised mean error between the landmarks that a network sees in contents and in translations.

    Pairs whose content has landmarks without extent, or any that are not finite, are left out, and counted in a note.
    """
    content, translated = _of_both(network, judged_pairs, translations)
    points = content.shape[1]
    parameters = {"points": points, "normaliser": normaliser(points), "landmarks": "predicted in contents and translations"}
    return _where_finite("landmark_nme", normalised_mean_errors(content, translated), network, judged_pairs, parameters)


def identity_figures(network: OnnxNetwork, judged_pairs: JudgedPairs, translations: np.ndarray) -> FiguresAndNotes:
    """`identity_similarity`: the mean cosine between the embeddings of contents and of translations; left out as landmarks are."""
    content, translated = _of_both(network, judged_pairs, translations)
    return _where_finite("identity_similarity", cosines(translated, content), network, judged_pairs, {})


def _where_finite(
    name: str, values: np.ndarray, network: OnnxNetwork, judged_pairs: JudgedPairs, parameters: Mapping[str, Any]
) -> FiguresAndNotes:
    finite = np.isfinite(values)
    notes = [] if finite.all() else [f"{name}: left out {np.sum(~finite)} of {len(values)} pairs, whose {network.task} have no measure"]
    if not finite.any():
        return [], notes
    return [mean_figure(name, values[finite], pair_origin(network.identity(), judged_pairs), **parameters)], notes


def _of_both(network: OnnxNetwork, judged_pairs: JudgedPairs, translations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the network says of each pair's content and of its translation."""
    rows, own = np.unique(judged_pairs.dataset.rows[judged_pairs.pairs.content], return_inverse=True)
    content = _predict(network, judged_pairs.dataset.images, rows, "contents")[own]
    return content, _predict(network, translations, np.arange(len(translations)), "translations")


def _predict(network: OnnxNetwork, images: Pictures, rows: np.ndarray, what: str) -> np.ndarray:
    starts = track(range(0, len(rows), _BATCH), f"looking at {what} for {network.task}", -(-len(rows) // _BATCH))
    return np.concatenate([network.predict(np.asarray(images[rows[start : start + _BATCH]])) for start in starts])
