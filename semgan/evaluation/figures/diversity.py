"""The diversity of generated pictures in a judge's features: as a share of real pictures', and of one content in several styles."""

from collections.abc import Callable

import numpy as np

from semgan.data.dataset import Dataset
from semgan.data.order import hash_counter
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.origin import OF, Origin
from semgan.evaluation.judge.judge import Judge, decide
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.judge.pairs import pair_batches
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.neighbours import mean_distance
from semgan.evaluation.scores.variety import distance_influences, diversity_share, pairwise_distances

_STYLES = 10
_CONTENTS = 32
TranslateStyle = Callable[[dict[str, np.ndarray], int], np.ndarray]
"""`(batch, style) -> images`: the batch's contents, uint8, each in style number `style` of its target domain."""


def share_figures(features: np.ndarray, real_features: np.ndarray, origin: Origin) -> list[Figure]:
    """Computes `diversity_share` from features (n, f) and (m, f); nothing where it is unknown.

    The interval takes the real pictures as fixed.
    """
    share = diversity_share(features, real_features)
    if share is None:
        return []
    interval = bootstrap.percentile_interval(share, [distance_influences(features) / mean_distance(real_features)])
    passport = origin.passport(len(real_features), len(features))
    return [Figure("diversity_share", share, interval, passport, resamples_of("generated pictures, the real ones taken as fixed"))]


def style_figures(translate_latent: TranslateStyle | None, judged_pairs: JudgedPairs, origin: Origin) -> list[Figure]:
    """Computes `style_diversity`, of one content in ten latent styles, and `style_diversity/real` for comparison.

    They are the mean distances of the judge's features (unit length, so at most 2) within ten pictures of one domain, over the contents of
    the first 32 pairs; for the second these are ten real pictures of the target domain.

    Args:
      translate_latent: None where the model has no latent: then there is only the second.
    """
    data, first = judged_pairs.dataset, judged_pairs.pairs.first(_CONTENTS)
    figures = []
    if translate_latent is not None:
        batch, _ = next(pair_batches(data, first, len(first.content)))
        translated = [np.asarray(translate_latent(batch, judged_pairs.seed * _STYLES + style)) for style in range(_STYLES)]
        figures.append(_style_figure("style_diversity", _spread(judged_pairs.judge, np.stack(translated, axis=1)), origin))
    real = [data.images[data.rows[_of_domain(data, reference, judged_pairs.seed)]] for reference in first.reference]
    return [*figures, _style_figure("style_diversity/real", _spread(judged_pairs.judge, np.stack(real)), origin, **{OF: "real pictures"})]


def _style_figure(name: str, values: np.ndarray, origin: Origin, **parameters: str) -> Figure:
    passport = origin.passport(0, _STYLES * len(values), styles=_STYLES, **parameters)
    return Figure(name, float(values.mean()), bootstrap.mean_interval(values), passport, resamples_of("the contents"))


def _spread(judge: Judge, images: np.ndarray) -> np.ndarray:
    """Measures uint8 images (groups, members, height, width, 3): the mean distance of two members of each group."""
    features = decide(judge, images.reshape(-1, *images.shape[2:])).features
    return pairwise_distances(features.reshape(*images.shape[:2], -1))


def _of_domain(dataset: Dataset, reference: int, seed: int) -> np.ndarray:
    """Draws ten places of pictures of the reference's domain, by the seed and the reference."""
    members = np.flatnonzero(dataset.domain == dataset.domain[reference])
    draws = hash_counter(np.arange(_STYLES), seed, int(reference))
    return members[(draws % np.uint64(len(members))).astype(np.int64)]
