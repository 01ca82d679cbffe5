"""Diversity without outside weights: how far apart the judge's features of one content's translations are."""

from collections.abc import Callable, Mapping

import numpy as np

from semgan.data.dataset import Dataset
from semgan.data.order import hash_counter
from semgan.evaluation.figures.judge_figures import OF, Origin
from semgan.evaluation.figures.passport import Figure
from semgan.evaluation.figures.variety import over
from semgan.evaluation.judge.judge import Judge, decide
from semgan.evaluation.judge.pairs import Pairs, pair_batches
from semgan.evaluation.scores import bootstrap

_STYLES = 10
_CONTENTS = 32


def pairwise_distances(features: np.ndarray) -> np.ndarray:
    """Mean distance between the members of each group, (groups,): features (groups, members, features), at least two members."""
    members = features.shape[1]
    distances = np.linalg.norm(features[:, :, None] - features[:, None, :], axis=-1).astype(np.float64)
    return distances.sum((1, 2)) / (members * (members - 1))


def style_diversity(
    translate_latent: Callable[[dict[str, np.ndarray], int], np.ndarray] | None,
    judge: Judge,
    dataset: Dataset,
    pairs: Pairs,
    *,
    seed: int = 0,
) -> dict[str, np.ndarray | None]:
    """Mean pairwise distance of the judge's features (unit length, so at most 2) over ten pictures of one domain, of each content.

    Keys: `latent`, one content in ten styles drawn from the latent, None where there is none; `real`, ten real pictures of
    the target domain, to read the first by; both of the first 32 pairs.
    """
    first = pairs._replace(content=pairs.content[:_CONTENTS], reference=pairs.reference[:_CONTENTS])
    real = [dataset.images[dataset.rows[_of_domain(dataset, reference, seed)]] for reference in first.reference]
    result: dict[str, np.ndarray | None] = {"latent": None, "real": _spread(judge, np.stack(real))}
    if translate_latent is not None:
        batch, _ = next(pair_batches(dataset, first, len(first.content)))
        translated = [np.asarray(translate_latent(batch, seed * _STYLES + style)) for style in range(_STYLES)]
        result["latent"] = _spread(judge, np.stack(translated, axis=1))
    return result


def diversity_figures(values: Mapping[str, np.ndarray | None], origin: Origin) -> list[Figure]:
    """`style_diversity` of the translations, where there are any, and `style_diversity/real` of real pictures, over the contents."""
    made = []
    for key, name, told in (("latent", "style_diversity", {}), ("real", "style_diversity/real", {OF: "real pictures"})):
        if (each := values[key]) is not None:
            passport = origin.passport(0, _STYLES * len(each), styles=_STYLES, **told)
            made.append(Figure(name, float(each.mean()), bootstrap.mean_interval(each), passport, over("the contents")))
    return made


def _spread(judge: Judge, images: np.ndarray) -> np.ndarray:
    """Of uint8 images (groups, members, height, width, 3)."""
    features = decide(judge, images.reshape(-1, *images.shape[2:])).features
    return pairwise_distances(features.reshape(*images.shape[:2], -1))


def _of_domain(dataset: Dataset, reference: int, seed: int) -> np.ndarray:
    """Ten places of pictures of the reference's domain, drawn by the seed and the reference."""
    members = np.flatnonzero(dataset.domain == dataset.domain[reference])
    draws = hash_counter(np.arange(_STYLES), seed, int(reference))
    return members[(draws % np.uint64(len(members))).astype(np.int64)]
