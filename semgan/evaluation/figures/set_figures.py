"""All scores of two sets of features, each as a figure: value, interval and passport."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.extractors.protocols import PROTOCOLS
from semgan.evaluation.extractors.statistics import Statistics
from semgan.evaluation.figures.figure import Figure
from semgan.evaluation.figures.passport import new_passport
from semgan.evaluation.scores import bootstrap, frechet, inception_score, kernel, manifold

SCORES = ("fd", "kd", "is", "precision", "recall", "density", "coverage")
"""Fréchet and kernel distance, Inception score, and the four of `manifold`."""
_BOTH = "real and generated pictures"
_FAKE, _REAL = "generated pictures, the real ones taken as fixed", "real pictures, the generated ones taken as fixed"


class Sets(NamedTuple):
    """Two sets of pictures to compare, and their origin.

    Attributes:
      real, fake: statistics; `fake` has its features. Without those of `real`, only "fd" and "is" can be scored.
      identity: the extractor's identity.
      split: the real data's split.
      seeds: the seeds that the generated pictures were drawn with, where known; scores add their own.
      truncation: the truncation of the generated pictures' styles, where known.
    """

    real: Statistics
    fake: Statistics
    identity: Mapping[str, str]
    split: str = "all"
    seeds: Mapping[str, int] = {}
    truncation: float | None = None


class _Score(NamedTuple):
    value: float
    influences: Sequence[np.ndarray]
    over: str  # what the influences are of
    seeds: Mapping[str, int]
    parameters: Mapping[str, Any]
    noise: float = 0.0


def distance_name(short: str, protocol: str) -> str:
    """`fid` and `kid` for Inception's protocols; elsewhere `fd_` or `kd_` and the protocol, such as `fd_judge`: they are not FIDs."""
    return {"fd": "fid", "kd": "kid"}[short] if protocol in PROTOCOLS else f"{short}_{protocol}"


def figures_of_sets(
    sets: Sets, scores: Sequence[str] = SCORES, *, seed: int | None = None, resamples: int = bootstrap.RESAMPLES
) -> tuple[list[Figure], list[str]]:
    """Computes the scores, in the order of `SCORES`; with notes on those that cannot be taken.

    Args:
      scores: which of `SCORES`.
      seed: of the kernel distance's subsets, the Inception score's shuffling and the bootstrap; None: each one's default, for which
        the first two equal torch-fidelity's (input 1 generated, input 2 real).
      resamples: how many resamples the bootstrap draws; 0: no intervals.
    """
    if unknown := sorted(set(scores) - set(SCORES)):
        raise ValueError(f"there is no score {unknown[0]!r}: choose from {', '.join(SCORES)}")
    figures, notes = [], []
    members: list[manifold.Membership] = []

    def membership() -> manifold.Membership:  # one pass over the distances serves four scores
        if not members:
            members.append(manifold.membership(_features(sets.real), _features(sets.fake)))
        return members[0]

    for score in (score for score in SCORES if score in scores):
        if reason := _why_not(score, sets):
            notes.append(reason)
            continue
        name, result = _SCORERS[score](sets, membership, seed)
        figures.append(_figure(name, result, sets, resamples, bootstrap.SEED if seed is None else seed))
    return figures, notes


def _why_not(score: str, sets: Sets) -> str:
    """Returns why a score cannot be taken; empty where it can."""
    if score == "is" and sets.fake.logits is None:
        return "no Inception score: the features' network gives no class scores of ImageNet"
    if score == "is" and sets.fake.moments.count < inception_score.SPLITS:
        return f"no Inception score: at least {inception_score.SPLITS} generated pictures are needed"
    if score in ("fd", "is"):
        return ""
    if sets.real.features is None or sets.fake.features is None:
        return f"no {score}: the features themselves were not kept"
    least = manifold.DENSITY_NEIGHBOURS + 1
    if score != "kd" and min(len(sets.real.features), len(sets.fake.features)) < least:
        return f"no {score}: at least {least} real and {least} generated pictures are needed"
    return ""


def _figure(name: str, result: _Score, sets: Sets, resamples: int, seed: int) -> Figure:
    passport = new_passport(
        sets.identity,
        real=sets.real.pictures,
        real_count=sets.real.moments.count,
        fake_count=sets.fake.moments.count,
        split=sets.split,
        seeds={**sets.seeds, **result.seeds},
        truncation=sets.truncation,
        parameters=result.parameters,
    )
    if not resamples or not result.influences:
        return Figure(name, result.value, None, passport)
    interval = bootstrap.percentile_interval(result.value, result.influences, noise=result.noise, resamples=resamples, seed=seed)
    return Figure(name, result.value, interval, passport, f"{resamples} resamples of {result.over}")


_Membership = Callable[[], manifold.Membership]
_NamedScore = tuple[str, _Score]


def _frechet(sets: Sets, _: _Membership, seed: int | None) -> _NamedScore:
    real, fake = sets.real, sets.fake
    value, influences = frechet.distance_and_influences(real.moments, fake.moments, real.features, fake.features)
    over = _BOTH if len(influences) == 2 else _FAKE if real.features is None else _REAL
    return distance_name("fd", sets.identity["protocol"]), _Score(value, influences, over, {}, {})


def _kernel(sets: Sets, _: _Membership, seed: int | None) -> _NamedScore:
    seed = kernel.SEED if seed is None else seed
    fake, real = _features(sets.fake), _features(sets.real)
    distance = kernel.kernel_distance(fake, real, seed=seed)
    parameters = {"subsets": kernel.SUBSETS, "subset_size": distance.subset_size}
    noise = distance.std / kernel.SUBSETS**0.5  # of the mean over the subsets that were drawn
    result = _Score(distance.mean, kernel.influences(fake, real), _BOTH, {"subsets": seed}, parameters, noise)
    return distance_name("kd", sets.identity["protocol"]), result


def _inception(sets: Sets, _: _Membership, seed: int | None) -> _NamedScore:
    seed = inception_score.SEED if seed is None else seed
    assert sets.fake.logits is not None
    score = inception_score.score_logits(sets.fake.logits, seed=seed)
    influences = inception_score.influences(sets.fake.logits, seed=seed)
    parameters = {"splits": inception_score.SPLITS}
    return "inception_score", _Score(score.mean, [influences], "generated pictures", {"shuffle": seed}, parameters)


def _share(score: str, over: str, neighbours: int) -> Callable[[Sets, _Membership, int | None], _NamedScore]:
    def result(_: Sets, membership: _Membership, seed: int | None) -> _NamedScore:
        values = getattr(membership(), score)
        mean = float(values.mean())
        return score, _Score(mean, [values - mean], over, {}, {"neighbours": neighbours})

    return result


def _features(statistics: Statistics) -> np.ndarray:
    assert statistics.features is not None, "_why_not has seen to it"
    return statistics.features


_SCORERS: Mapping[str, Callable[[Sets, _Membership, int | None], _NamedScore]] = {
    "fd": _frechet,
    "kd": _kernel,
    "is": _inception,
    "precision": _share("precision", _FAKE, manifold.PRECISION_NEIGHBOURS),
    "recall": _share("recall", _REAL, manifold.PRECISION_NEIGHBOURS),
    "density": _share("density", _FAKE, manifold.DENSITY_NEIGHBOURS),
    "coverage": _share("coverage", _REAL, manifold.DENSITY_NEIGHBOURS),
}
