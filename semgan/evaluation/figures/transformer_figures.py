"""Figures of published vision transformers: DINO's structure distance, CLIP's and CSD's similarities."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors.batches import Pictures
from semgan.evaluation.extractors.transformers import Embedder, KeyExtractor
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.similarity import cosines, other_cosines
from semgan.evaluation.scores.structure import structure_distances
from semgan.progress import track

_BATCH = 32
"""Pictures at a time, a bound on the host's memory: the keys of a picture in ViT-B/8 take 2.4 MB."""


def pair_origin(identity: Mapping[str, str], judged_pairs: JudgedPairs) -> Origin:
    """Returns the parts that the passports of figures of pairs share."""
    data = judged_pairs.dataset
    return Origin(identity, data.fingerprint, data.split, {"pairs": judged_pairs.seed}, parameters=judged_pairs.parameters())


def mean_figure(name: str, values: Float[np.ndarray, " pair"], origin: Origin, **parameters: Any) -> Figure:
    """Makes the figure of a mean over pairs."""
    passport = origin.passport(len(values), len(values), **parameters)
    return Figure(name, float(values.mean()), bootstrap.mean_interval(values), passport, resamples_of("the pairs"))


def dino_structure_figure(dino: KeyExtractor, judged_pairs: JudgedPairs, translations: np.ndarray) -> Figure:
    """`structure_distance` of contents and translations: Splice's, in the keys of DINO's last layer with the class token's."""
    data = judged_pairs.dataset
    rows = data.rows[judged_pairs.pairs.content]
    starts = track(range(0, len(rows), _BATCH), "comparing the structure of contents and translations", -(-len(rows) // _BATCH))
    values = [
        structure_distances(*(dino.keys(np.asarray(images)) for images in (data.images[rows[part]], translations[part])))
        for part in (slice(start, start + _BATCH) for start in starts)
    ]
    return mean_figure(
        "structure_distance", np.concatenate(values), pair_origin(dino.identity(), judged_pairs), maps="keys of the last layer"
    )


def clip_figures(clip: Embedder, judged_pairs: JudgedPairs, translations: np.ndarray, styles: str) -> list[Figure]:
    """`clip_content_similarity` and `clip_reference_similarity`: cosines of translations with their contents and references.

    Args:
      styles: where the translations' styles are from: "reference", or "none" for a model that takes none.
    """
    pairs, origin = judged_pairs.pairs, pair_origin(clip.identity(), judged_pairs)
    translated = _embed(clip, translations, np.arange(len(translations)), "translations")
    content, reference = (_of_places(clip, judged_pairs.dataset, places) for places in (pairs.content, pairs.reference))
    return [
        mean_figure("clip_content_similarity", cosines(translated, content.per_pair()), origin, styles=styles),
        mean_figure("clip_reference_similarity", cosines(translated, reference.per_pair()), origin, styles=styles),
    ]


def csd_figures(csd: Embedder, judged_pairs: JudgedPairs, translations: np.ndarray, styles: str) -> list[Figure]:
    """`csd_similarity`: the cosine of a translation's style with its reference's; and as a part, that with other references.

    The others are all other references of the pairs in the same domain. Where the two figures are equal, the reference is ignored.

    Args:
      styles: as in `clip_figures`.
    """
    data, origin = judged_pairs.dataset, pair_origin(csd.identity(), judged_pairs)
    translated = _embed(csd, translations, np.arange(len(translations)), "translations")
    reference = _of_places(csd, data, judged_pairs.pairs.reference)
    figures = [mean_figure("csd_similarity", cosines(translated, reference.per_pair()), origin, styles=styles)]
    others = other_cosines(translated, reference.embeddings, reference.own, judged_pairs.target, data.domain[reference.places])
    if (measured := np.isfinite(others)).any():
        figures.append(mean_figure("csd_similarity/other_references", others[measured], origin, styles=styles))
    return figures


class _Embedded(NamedTuple):
    """Embeddings of the distinct pictures at `places` in a dataset's rows, and which of them each pair has (`own`)."""

    embeddings: np.ndarray
    places: np.ndarray
    own: np.ndarray

    def per_pair(self) -> np.ndarray:
        """Returns the embedding of each pair's picture."""
        return self.embeddings[self.own]


def _of_places(embedder: Embedder, data: Dataset, places: np.ndarray) -> _Embedded:
    distinct, own = np.unique(places, return_inverse=True)
    return _Embedded(_embed(embedder, data.images, data.rows[distinct], f"pictures of the {data.split} split"), distinct, own)


def _embed(embedder: Embedder, images: Pictures, rows: np.ndarray, what: str) -> np.ndarray:
    starts = track(range(0, len(rows), _BATCH), f"looking at {what} with {embedder.family}", -(-len(rows) // _BATCH))
    return np.concatenate([embedder.embeddings(np.asarray(images[rows[start : start + _BATCH]])) for start in starts])
