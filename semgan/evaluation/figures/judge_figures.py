"""Figures of one set of features against another, in a judge's features, with the passport of the evaluation that they are part of."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors import statistics
from semgan.evaluation.extractors.feature_extractor import JudgeExtractor
from semgan.evaluation.extractors.statistics import Key, Statistics
from semgan.evaluation.figures.feature_figures import Sets, figures
from semgan.evaluation.figures.passport import Figure, Passport, new_passport
from semgan.evaluation.figures.training_pictures import features_of
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.scores.manifold import DENSITY_NEIGHBOURS
from semgan.evaluation.scores.moments import moments_of

COMPARED = 1000
"""Pictures at most of either set: what an evaluation during training has time for."""
OF = "of"
"""The parameter that says what a figure is of where that is no generated picture."""
_SCORES = ("fd", "precision", "recall", "density", "coverage")
Features = Float[np.ndarray, "_ feature"]


class Origin(NamedTuple):
    """What the passports of an evaluation's figures have in common; see `passport.Passport`.

    Attributes:
      identity: of the extractor.
      real: digest of the real pictures.
      split: of the real data.
      seeds: of what made the generated pictures.
      truncation: of their styles.
      parameters: that hold for every figure.
    """

    identity: Mapping[str, str]
    real: str
    split: str
    seeds: Mapping[str, int]
    truncation: float | None = None
    parameters: Mapping[str, Any] = {}

    def passport(self, real_count: int, fake_count: int, **parameters: Any) -> Passport:
        """Of a figure of so many pictures; `parameters` on top of those that all have."""
        return new_passport(
            self.identity,
            real=self.real,
            real_count=real_count,
            fake_count=fake_count,
            split=self.split,
            seeds=self.seeds,
            truncation=self.truncation,
            parameters={**self.parameters, **parameters},
        )


def judge_origin(judge: Judge, dataset: Dataset, seeds: Mapping[str, int], truncation: float | None = None, **parameters: Any) -> Origin:
    """Of figures that a judge takes beside a split's pictures."""
    identity = JudgeExtractor(judge, dataset.images.shape[1]).identity()
    return Origin(identity, dataset.fingerprint, dataset.split, seeds, truncation, parameters)


def beside_training(origin: Origin, train: Dataset) -> Origin:
    """Of figures of the same pictures beside the training ones."""
    return origin._replace(real=train.fingerprint, split=train.split)


def spread(values: np.ndarray, count: int) -> np.ndarray:
    """`count` of the values, all if there are fewer, evenly from first to last: data may be in the order of their domains."""
    return values[np.arange(min(count, len(values))) * len(values) // min(count, len(values))]


def scaled(features: Features) -> Features:
    """A judge's features from unit length to a mean square of 1, as `JudgeExtractor` gives them."""
    return features * features.shape[1] ** 0.5


def feature_figures(fake: Features, real: Features, origin: Origin) -> tuple[list[Figure], list[str]]:
    """The distances of two sets of `scaled` features, precision, recall, density and coverage, and notes on what cannot be taken.

    Of either set at most `COMPARED` are taken, evenly. The kernel distance takes as many of one as of the other: both whole, so that
    nothing is left to the draw of subsets.
    """
    fake, real = spread(fake, COMPARED), spread(real, COMPARED)
    if min(len(fake), len(real)) < 2:
        return [], ["no distances of the features: at least 2 generated and 2 real pictures are needed"]
    fewest, notes = min(len(fake), len(real)), []
    scores = _SCORES
    if fewest <= DENSITY_NEIGHBOURS:
        scores = ("fd",)
        notes = [f"no precision, recall, density and coverage: more than {DENSITY_NEIGHBOURS} generated and real pictures are needed"]
    found, _ = figures(_sets(fake, real, origin), scores)
    kernel, _ = figures(_sets(spread(fake, fewest), spread(real, fewest), origin), ("kd",))
    return [with_parameters(figure, origin.parameters) for figure in (*found[:1], *kernel, *found[1:])], notes


def _sets(fake: Features, real: Features, origin: Origin) -> Sets:
    of_fake, of_real = (Statistics(moments_of(each), each, None, origin.real) for each in (fake, real))
    return Sets(of_real, of_fake, origin.identity, origin.split, origin.seeds, origin.truncation)


def with_parameters(figure: Figure, parameters: Mapping[str, Any]) -> Figure:
    """The figure with these in its passport too."""
    return figure._replace(passport=figure.passport.told(**parameters))


def value_of(figures: list[Figure], name: str) -> float | None:
    """The value of the figure of this name; None where it could not be taken."""
    return next((figure.value for figure in figures if figure.name == name), None)


def target_features(judge: Judge, dataset: Dataset, target: np.ndarray, origin: Origin) -> Features:
    """`scaled` features of held-out pictures of the domains translated into, in the shares that the translations have of them.

    Kept on disk, so that a run looks at these pictures once.

    Args:
      target: the domains that the translations were translated into, (pairs,).
      origin: its identity is the judge's.
    """
    places = places_of_targets(dataset.domain, target)

    def look() -> Statistics:
        features = scaled(features_of(judge, dataset, places))
        return Statistics(moments_of(features), features, None, dataset.fingerprint)

    if len(places) < 2:  # no moments, and nothing worth keeping
        return scaled(features_of(judge, dataset, places))
    chosen = hashlib.sha256(places.tobytes()).hexdigest()
    key = Key(f"{dataset.fingerprint} at {chosen}", dataset.split, len(places), dict(origin.identity))
    features = statistics.load_or_compute(key, look, features=True).features
    assert features is not None, "asked for"
    return features


def places_of_targets(domain: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Places in a dataset's rows, at most about `COMPARED`: as many of each domain, evenly, as its share of `target` says.

    Args:
      domain: of the dataset's rows.
      target: domains, each of which has a row.
    """
    counts = {int(each): int(np.sum(target == each)) for each in np.unique(target)}
    members = {each: np.flatnonzero(domain == each) for each in counts}
    size = min(COMPARED, *(len(members[each]) * len(target) / count for each, count in counts.items()))
    return np.sort(
        np.concatenate([spread(members[each], max(int(size * count / len(target) + 1e-6), 1)) for each, count in counts.items()])
    )
