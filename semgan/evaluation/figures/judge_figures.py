"""Figures of one set of features against another, in a judge's features, with the passport of the evaluation that they are part of."""

import hashlib

import numpy as np

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors import statistics
from semgan.evaluation.extractors.statistics import Statistics, StatisticsKey
from semgan.evaluation.figures.figure import Figure
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.figures.set_figures import Sets, figures_of_sets
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.judge.judge_features import features_of
from semgan.evaluation.scores.features import FeatureVectors
from semgan.evaluation.scores.manifold import DENSITY_NEIGHBOURS
from semgan.evaluation.scores.moments import moments_of

COMPARED = 1000
"""The most pictures of either set: as many as an evaluation during training has time for."""
_SCORES = ("fd", "precision", "recall", "density", "coverage")


def pick_evenly(values: np.ndarray, count: int) -> np.ndarray:
    """Returns `count` of the values, all if there are fewer, evenly from first to last: data may be in the order of their domains."""
    return values[np.arange(min(count, len(values))) * len(values) // min(count, len(values))]


def to_unit_mean_square(features: FeatureVectors) -> FeatureVectors:
    """Scales a judge's features from unit length to a mean square of 1, as `JudgeExtractor` gives them."""
    return features * features.shape[1] ** 0.5


def feature_figures(fake: FeatureVectors, real: FeatureVectors, origin: Origin) -> tuple[list[Figure], list[str]]:
    """Computes the distances of two sets of features, precision, recall, density and coverage; with notes on what cannot be computed.

    Both are features as `to_unit_mean_square` returns them.

    At most `COMPARED` of either set are taken, evenly. The kernel distance takes as many of one as of the other: both whole, so that
    nothing is left to the draw of subsets.
    """
    fake, real = pick_evenly(fake, COMPARED), pick_evenly(real, COMPARED)
    if min(len(fake), len(real)) < 2:
        return [], ["no distances of the features: at least 2 generated and 2 real pictures are needed"]
    fewest, notes = min(len(fake), len(real)), []
    scores = _SCORES
    if fewest <= DENSITY_NEIGHBOURS:
        scores = ("fd",)
        notes = [f"no precision, recall, density and coverage: more than {DENSITY_NEIGHBOURS} generated and real pictures are needed"]
    figures, _ = figures_of_sets(_sets(fake, real, origin), scores)
    kernel, _ = figures_of_sets(_sets(pick_evenly(fake, fewest), pick_evenly(real, fewest), origin), ("kd",))
    return [figure.with_parameters(**origin.parameters) for figure in (*figures[:1], *kernel, *figures[1:])], notes


def _sets(fake: FeatureVectors, real: FeatureVectors, origin: Origin) -> Sets:
    of_fake, of_real = (Statistics(moments_of(each), each, None, origin.real) for each in (fake, real))
    return Sets(of_real, of_fake, origin.identity, origin.split, origin.seeds, origin.truncation)


def target_features(judge: Judge, dataset: Dataset, target: np.ndarray, origin: Origin) -> FeatureVectors:
    """Returns features of held-out pictures of the domains translated into, in the shares that the translations have of them.

    They are scaled by `to_unit_mean_square`.

    Kept on disk, so that a run looks at these pictures once.

    Args:
      target: the domains that the translations were translated into, (pairs,).
      origin: its identity is the judge's.
    """
    places = places_of_targets(dataset.domain, target)

    def look() -> Statistics:
        features = to_unit_mean_square(features_of(judge, dataset, places))
        return Statistics(moments_of(features), features, None, dataset.fingerprint)

    if len(places) < 2:  # no moments, and nothing worth keeping
        return to_unit_mean_square(features_of(judge, dataset, places))
    places_digest = hashlib.sha256(places.tobytes()).hexdigest()
    key = StatisticsKey(f"{dataset.fingerprint} at {places_digest}", dataset.split, len(places), dict(origin.identity))
    features = statistics.load_or_compute(key, look, features=True).features
    assert features is not None, "asked for"
    return features


def places_of_targets(domain: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns places in a dataset's rows, at most about `COMPARED`: as many of each domain, evenly, as its share of `target` says.

    Args:
      domain: the domain of each of the dataset's rows.
      target: domains, each of which has a row.
    """
    counts = {int(each): int(np.sum(target == each)) for each in np.unique(target)}
    members = {each: np.flatnonzero(domain == each) for each in counts}
    size = min(COMPARED, *(len(members[each]) * len(target) / count for each, count in counts.items()))
    return np.sort(
        np.concatenate([pick_evenly(members[each], max(int(size * count / len(target) + 1e-6), 1)) for each, count in counts.items()])
    )
