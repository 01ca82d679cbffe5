"""ArtFID: how far translations are from their contents and from their references at once.

Wright and Ommer 2022, arXiv 2207.12280: (1 + content distance) (1 + FID), the first the mean LPIPS of contents and
translations, the second the Fréchet distance between translations and references. All domains are taken together, as its authors do.
"""

from collections.abc import Mapping

import numpy as np

from semgan.evaluation.extractors.batches import Pictures
from semgan.evaluation.extractors.extractor import Perceptual
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.inception_figures import FiguresAndNotes
from semgan.evaluation.figures.perceptual_figures import perceptual_origin
from semgan.evaluation.figures.transformer_figures import mean_figure, pair_origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores import bootstrap, frechet
from semgan.evaluation.scores.moments import moments_of
from semgan.progress import track

_BATCH = 64
_FEWEST_PAIRS = 2


def art_fid_figures(
    extractor: FeatureExtractor, perceptual: Perceptual, judged_pairs: JudgedPairs, translations: np.ndarray, styles: str
) -> FiguresAndNotes:
    """`artfid`, and as its parts `artfid/content_distance` and `artfid/fid`; with a note on how few the pairs are.

    Args:
      extractor: the Inception.
      styles: where the translations' styles are from: "reference", or "none" for a model that takes none.
    """
    data, pairs = judged_pairs.dataset, judged_pairs.pairs
    if len(translations) < _FEWEST_PAIRS:
        return [], [f"no ArtFID: at least {_FEWEST_PAIRS} pairs are needed"]
    contents, references = data.rows[pairs.content], data.rows[pairs.reference]
    distances = _content_distances(perceptual, data.images, contents, translations)
    fake = _features(extractor, translations, np.arange(len(translations)), "translations")
    real = _features(extractor, data.images, references, "references")
    fid, influences = frechet.distance_and_influences(moments_of(real), moments_of(fake), real, fake)
    content = float(distances.mean())
    # To first order; a pair's content distance, reference and translation are drawn together.
    moves_of_fid = influences[0] + influences[1]
    moves = (1 + fid) * (distances - content) + (1 + content) * moves_of_fid
    value = (1 + content) * (1 + fid)
    origin = pair_origin(_identity(extractor, perceptual), judged_pairs)
    passport = origin.passport(len(real), len(fake), styles=styles, mode="art_fid")
    of_fid = pair_origin(extractor.identity(), judged_pairs).passport(len(real), len(fake), styles=styles)
    of_content = perceptual_origin(perceptual, data, origin.seeds)._replace(parameters=origin.parameters)
    fid_interval = bootstrap.percentile_interval(fid, [moves_of_fid])
    size = real.shape[1]
    notes = [f"ArtFID: fewer pairs than the {size:,} features, so that its FID is far above that of many"] if len(real) <= size else []
    return [
        Figure("artfid", value, bootstrap.percentile_interval(value, [moves]), passport, resamples_of("the pairs")),
        mean_figure("artfid/content_distance", distances, of_content, styles=styles),
        Figure("artfid/fid", fid, fid_interval, of_fid, resamples_of("the pairs")),
    ], notes


def _identity(extractor: FeatureExtractor, perceptual: Perceptual) -> Mapping[str, str]:
    """Returns the two networks' identities in one."""
    own, other = extractor.identity(), perceptual.identity()
    return {**own, **{key: f"{own[key]} + {other[key]}" for key in ("extractor", "network", "sha256")}}


def _content_distances(perceptual: Perceptual, images: Pictures, rows: np.ndarray, translations: np.ndarray) -> np.ndarray:
    starts = track(range(0, len(rows), _BATCH), "comparing contents and translations with LPIPS", -(-len(rows) // _BATCH))
    parts = [slice(start, start + _BATCH) for start in starts]
    return np.concatenate([perceptual.distances(np.asarray(images[rows[part]]), translations[part]) for part in parts]).astype(np.float64)


def _features(extractor: FeatureExtractor, images: Pictures, rows: np.ndarray, what: str) -> np.ndarray:
    starts = track(range(0, len(rows), _BATCH), f"looking at {what} for ArtFID", -(-len(rows) // _BATCH))
    return np.concatenate([np.asarray(extractor.features(np.asarray(images[rows[start : start + _BATCH]]))) for start in starts])
