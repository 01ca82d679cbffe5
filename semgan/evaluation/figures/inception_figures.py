"""FID and related scores: generated pictures against a dataset's own, in the features of an Inception that the user has the weights of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors import statistics
from semgan.evaluation.extractors.batches import Pictures
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor
from semgan.evaluation.extractors.statistics import Statistics, StatisticsKey
from semgan.evaluation.figures.figure import Figure, by_name
from semgan.evaluation.figures.set_figures import SCORES, Sets, figures_of_sets
from semgan.evaluation.scores.moments import moments_of
from semgan.progress import track

_BATCH = 256
_IN_JUDGE_TOO = ("precision", "recall", "density", "coverage")
FiguresAndNotes = tuple[list[Figure], list[str]]
"""Figures, and notes on those that could not be taken or need a word."""


def compared_split(extractor: FeatureExtractor, train: Dataset, test: Dataset) -> Dataset:
    """The pictures that a protocol compares with: StarGAN v2's the training pictures, all others the held-out ones."""
    return train if extractor.protocol == "stargan-v2" else test


def sample_set_figures(
    extractor: FeatureExtractor, images: Pictures, real: Dataset, *, seeds: Mapping[str, int], scores: Sequence[str] = SCORES
) -> FiguresAndNotes:
    """Scores samples against all pictures of a split.

    Args:
      seeds: the seeds that the samples were drawn with.
      scores: see `figures.SCORES`.
    """
    return _score(extractor, images, real, np.arange(len(real.rows)), seeds, {}, scores)


def translation_figures(
    extractor: FeatureExtractor,
    images: Pictures,
    target: Int[np.ndarray, " image"],
    real: Dataset,
    *,
    seeds: Mapping[str, int],
    parameters: Mapping[str, Any],
    scores: Sequence[str] = SCORES,
) -> FiguresAndNotes:
    """Scores the translations into each domain against its own pictures ("fid/ink"), and takes the means over domains ("fid").

    So does StarGAN v2 (Choi et al. 2020, arXiv 1912.01865, appendix C), but for its pairs: there each source domain counts for itself.

    Args:
      target: the domain that each was translated into.
    """
    by_domain: dict[str, list[Figure]] = {}
    notes: list[str] = []
    for each in np.unique(target).tolist():
        name, places = real.domains[each], np.flatnonzero(real.domain == each)
        by_domain[name], reasons = _score(extractor, images[target == each], real, places, seeds, {**parameters, "domain": name}, scores)
        notes += reasons if by_domain[name] else [f"into {name}: {note}" for note in reasons]
    own = [figure._replace(name=f"{figure.name}/{name}") for name, figures in by_domain.items() for figure in figures]
    return [*mean_figures(by_domain), *(own if len(by_domain) > 1 else [])], list(dict.fromkeys(notes))


def mean_figures(by_domain: Mapping[str, Sequence[Figure]]) -> list[Figure]:
    """The mean over the domains of every figure that all domains have.

    The domains' pictures are drawn independently of one another, so the squares of the intervals' arms add up.
    """
    figures_of_domains = [by_name(figures) for figures in by_domain.values()]
    names = [name for name in figures_of_domains[0] if all(name in each for each in figures_of_domains)]
    return [_mean([each[name] for each in figures_of_domains], ", ".join(by_domain)) for name in names]


def _mean(figures: Sequence[Figure], domains: str) -> Figure:
    value = float(np.mean([figure.value for figure in figures]))
    first, passports = figures[0].passport, [figure.passport for figure in figures]
    same = {key: part for key, part in first.parameters.items() if all(each.parameters.get(key) == part for each in passports)}
    passport = first._replace(
        real_count=sum(each.real_count for each in passports),
        fake_count=sum(each.fake_count for each in passports),
        parameters={**same, "mean_of_domains": domains},
    )
    intervals = [figure.interval for figure in figures]
    if any(interval is None for interval in intervals):
        return Figure(figures[0].name, value, None, passport)
    arms = np.array(
        [[figure.value - interval[0], interval[1] - figure.value] for figure, interval in zip(figures, intervals, strict=True) if interval]
    )
    below, above = np.sqrt(np.sum(np.maximum(arms, 0) ** 2, axis=0)) / len(figures)
    interval = (float(value - below), float(value + above))
    return Figure(figures[0].name, value, interval, passport, f"{figures[0].interval_of}, by domain")


def _score(
    extractor: FeatureExtractor,
    images: Pictures,
    real: Dataset,
    places: np.ndarray,
    seeds: Mapping[str, int],
    parameters: Mapping[str, Any],
    scores: Sequence[str],
) -> FiguresAndNotes:
    fewest = min(len(images), len(places))
    if fewest < 2:
        return [], ["no figures of Inception's features: at least 2 generated and 2 real pictures are needed"]
    of_fake = _look(extractor, images, np.arange(len(images)), "generated pictures")
    of_real = real_statistics(extractor, real, places)
    figures, notes = figures_of_sets(Sets(of_real, of_fake, extractor.identity(), real.split, seeds), scores)
    size = len(of_real.moments.mean)
    if fewest <= size:
        notes = [f"fewer pictures than the {size:,} features: the Fréchet distance is far above that of many pictures", *notes]
    return [_rename(figure).with_parameters(**parameters) for figure in figures], notes


def _rename(figure: Figure) -> Figure:
    """`precision_inception` and so on, as a report has those in the judge's features too."""
    return figure._replace(name=f"{figure.name}_inception") if figure.name in _IN_JUDGE_TOO else figure


def real_statistics(extractor: FeatureExtractor, dataset: Dataset, places: np.ndarray) -> Statistics:
    """Returns the statistics of the pictures at these places in a dataset's rows, cached on disk."""
    whole = len(places) == len(dataset.rows)
    domain = "" if whole else f" of {dataset.domains[dataset.domain[places[0]]]}"

    def look() -> Statistics:
        looked_at = _look(extractor, dataset.images, dataset.rows[places], f"pictures of the {dataset.split} split{domain}")
        return looked_at._replace(pictures=dataset.fingerprint)

    key = StatisticsKey(f"{dataset.fingerprint}{domain}", dataset.split, len(places), dict(extractor.identity()))
    return statistics.load_or_compute(key, look, features=True)


def _look(extractor: FeatureExtractor, images: Pictures, rows: np.ndarray, what: str) -> Statistics:
    starts = range(0, len(rows), _BATCH)
    features = [
        np.asarray(extractor.features(np.asarray(images[rows[start : start + _BATCH]])))
        for start in track(starts, f"looking at {what}", len(starts))
    ]
    all_features = np.concatenate(features)
    to_logits = getattr(extractor, "logits", None)
    logits = None if to_logits is None else np.asarray(to_logits(all_features))
    return Statistics(moments_of(all_features), all_features, logits, "")
