"""How far translations adopt the style of the domain that they are translated into, and of their own references, without any judge.

    share = (distance of the contents - of the translations) / (distance of the contents - of the references)

where a distance is that of a set of pictures from the target domain's held-out pictures in statistics of style (`style_distance` and
`style_statistics` in `scores`): colours (in units of L*, 0 to 100), spectra (in dB) and patterns. So a copied content scores 0 and a copied
reference 1. The texture's share is a mean of those of spectra and patterns, and `style_adoption` combines it with the colours' such that
neither makes up for the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.judge_figures import pick_evenly
from semgan.evaluation.figures.measured import Measured
from semgan.evaluation.figures.origin import OF, Origin
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.figures.transfer_figures import COPIED, ROLES
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores import bootstrap, pair_bootstrap
from semgan.evaluation.scores.pair_bootstrap import PairWeights, ResampledValues
from semgan.evaluation.scores.style_distance import (
    Distances,
    adopted_share,
    combined_share,
    picture_distances,
    reference_matches,
    set_distances,
)
from semgan.evaluation.scores.style_statistics import Statistics, color_statistics, pattern_statistics, spectrum_statistics

SCORE = "style_adoption"
DISTANCE = "style_distance"
MATCH = "reference_match"
FEWEST = 30
"""Pairs that two domains need for a figure of their own."""
REAL = 250
"""The number of held-out pictures of a domain that are compared with, beside the references."""
IDENTITY = {
    "extractor": "style statistics",
    "network": "none",
    "protocol": "colours of cells, local spectra and patterns of bands at unit contrast",
}
PARTS = {"color": {"colors": 1}, "texture": {"spectra": 2, "patterns": 1}}
"""The statistics whose shares each part is the mean of, with their weights; chosen on drawn faces."""
_MATCH_WEIGHTS = {"colors": 1.5, "spectra": 1.0}
"""Of squared distances, each relative to the mean distance of two real pictures; chosen on drawn faces, where patterns tell little."""
_STATISTICS = {"colors": color_statistics, "spectra": spectrum_statistics, "patterns": pattern_statistics}

_Pictures = Mapping[str, Statistics]
"""By kind, the statistics of each picture."""
_Distances = Mapping[str, Mapping[str, ResampledValues]]
"""By kind of statistics and role, one per resample."""


class _Target(NamedTuple):
    """The pairs that are translated into one domain, beside its held-out pictures.

    Attributes:
      members: places of the pairs.
      apart: whether two pairs have neither picture in common, (members, members).
      own: the column of each pair's reference among the held-out pictures, (members,).
      real: statistics of the held-out pictures.
      among_real: by kind, the mean distance of two different held-out pictures.
    """

    members: np.ndarray
    apart: np.ndarray
    own: np.ndarray
    real: _Pictures
    among_real: Mapping[str, float]


class _Fixed(NamedTuple):
    """What does not depend on the translations: the targets, and the statistics of both pictures of each pair by role."""

    targets: tuple[_Target, ...]
    copies: Mapping[str, _Pictures]


class _Compared(NamedTuple):
    """Distances of the pictures of one target's pairs, by kind of statistics and role.

    Attributes:
      target: the pairs.
      to_real: from the held-out pictures; a pair's own reference does not count.
      among: from one another.
    """

    target: _Target
    to_real: Mapping[str, Mapping[str, Distances]]
    among: Mapping[str, Mapping[str, Distances]]


def adoption_figures(judged_pairs: JudgedPairs, images: np.ndarray, origin: Origin) -> Measured:
    """Computes the style's adoption and the match with the references.

    Args:
      images: translations of all pairs, uint8 (pairs, size, size, 3).
      origin: see `transfer_figures.transfer_origin`; that a judge is named there does not matter.

    Returns:
      `style_adoption` and its parts `style_adoption/color` and `style_adoption/texture`, `style_adoption/SOURCE/TARGET` of each two domains
      that have `FEWEST` pairs or more; the distances themselves, `style_distance/KIND`, `style_distance/KIND/content` and
      `style_distance/KIND/reference`; `reference_match`. And notes on those that are unknown.
    """
    fixed = _fixed(judged_pairs)
    pictures = {"translated": _describe(images), **fixed.copies}
    compared = [_compare(target, pictures) for target in fixed.targets]
    origin = origin._replace(identity=IDENTITY)
    passport = origin.passport(_real_count(fixed.targets), len(images))
    weights = np.concatenate([np.ones((1, len(images))), pair_bootstrap.pair_weights(len(images))])
    distances = _distances(compared, weights)
    figures, notes, values = _share_figures(distances, passport, SCORE, parts=True)
    figures += _distance_figures(distances, passport)
    figures += _figures_by_domains(judged_pairs, compared, origin)
    match, match_notes = _match_figure(compared, weights, passport)
    return Measured([*figures, *match], [*notes, *match_notes], values)


def _describe(images: np.ndarray) -> dict[str, Statistics]:
    return {kind: describe(images) for kind, describe in _STATISTICS.items()}


def _fixed(judged_pairs: JudgedPairs) -> _Fixed:
    """Describes the contents, the references and the held-out pictures, once for the same pairs."""
    pairs = judged_pairs.pairs
    key = (judged_pairs.dataset.fingerprint, pairs.content.tobytes(), pairs.reference.tobytes())
    if key not in _described:
        _described.clear()  # of one choice of pairs at a time
        _described[key] = _describe_fixed(judged_pairs)
    return _described[key]


_described: dict[Any, _Fixed] = {}


def _describe_fixed(judged_pairs: JudgedPairs) -> _Fixed:
    dataset, pairs = judged_pairs.dataset, judged_pairs.pairs

    def describe(places: np.ndarray) -> _Pictures:
        """Describes each picture once, however often it is asked for."""
        places, inverse = np.unique(places, return_inverse=True)
        return {kind: values[inverse] for kind, values in _describe(dataset.images[dataset.rows[places]]).items()}

    def of_target(domain: int) -> _Target:
        members = np.flatnonzero(judged_pairs.target == domain)
        content, reference = pairs.content[members], pairs.reference[members]
        places = np.union1d(reference, pick_evenly(np.flatnonzero(dataset.domain == domain), REAL))
        real, different = describe(places), ~np.eye(len(places), dtype=bool)
        among = {kind: Distances(picture_distances(each, each), different).mean() for kind, each in real.items()}
        apart = (content[:, None] != content) & (reference[:, None] != reference)
        return _Target(members, apart, np.searchsorted(places, reference), real, among)

    copies = {"content": describe(pairs.content), "reference": describe(pairs.reference)}
    return _Fixed(tuple(of_target(int(each)) for each in np.unique(judged_pairs.target)), copies)


def _compare(target: _Target, pictures: Mapping[str, _Pictures]) -> _Compared:
    others = np.ones((len(target.own), len(target.real["colors"])), bool)
    others[np.arange(len(target.own)), target.own] = False
    to_real: dict[str, dict[str, Distances]] = {kind: {} for kind in _STATISTICS}
    among: dict[str, dict[str, Distances]] = {kind: {} for kind in _STATISTICS}
    for kind, real in target.real.items():
        for role in ROLES:
            own = pictures[role][kind][target.members]
            to_real[kind][role] = Distances(picture_distances(own, real), others)
            among[kind][role] = Distances(picture_distances(own, own), target.apart)
    return _Compared(target, to_real, among)


def _distances(compared: Sequence[_Compared], weights: PairWeights) -> _Distances:
    """The distances of each role's pictures from the held-out ones: the mean over the targets, in their shares of the pairs."""
    return {kind: {role: _mean_distance(compared, kind, role, weights) for role in ROLES} for kind in _STATISTICS}


def _mean_distance(compared: Sequence[_Compared], kind: str, role: str, weights: PairWeights) -> ResampledValues:
    total = np.zeros(len(weights))
    for each in compared:
        own = weights[:, each.target.members]
        distances = set_distances(own, each.to_real[kind][role], each.among[kind][role], each.target.among_real[kind])
        total += np.where(own.any(1), own.sum(1) / weights.sum(1) * distances, 0)
    return total


def _share_figures(distances: _Distances, passport: Passport, name: str, *, parts: bool) -> Measured:
    """The shares combined and, if asked for, each; kinds in which the contents are like the target domain are left out, with a note."""
    unknown = [kind for kind, by_role in distances.items() if not _is_positive(by_role["content"] - by_role["reference"])]
    if not all(np.isfinite(by_role[role][0]) for by_role in distances.values() for role in COPIED):
        return Measured([], [f"{name} is unknown: a domain has too few held-out pictures, or all pairs have one in common"], None)
    notes = [f"{name} leaves out {kind}: the contents cannot be told from the pictures of the target domain by them" for kind in unknown]
    shares = {kind: adopted_share(*(by_role[role] for role in ROLES)) for kind, by_role in distances.items() if kind not in unknown}
    weights = {part: {kind: weight for kind, weight in kinds.items() if kind in shares} for part, kinds in PARTS.items()}
    by_part = {
        part: np.average([shares[kind] for kind in kinds], axis=0, weights=list(kinds.values())) for part, kinds in weights.items() if kinds
    }
    if not by_part:
        return Measured([], [*notes, f"{name} is unknown: no statistic of style tells the contents from the target domain"], None)
    both = list(by_part.values())
    passport = passport.with_parameters(by=", ".join(shares))
    values = combined_share(both[0], both[-1])
    figures = [_figure(name, values, passport)]
    if parts:
        figures += [_figure(f"{name}/{part}", share, passport) for part, share in by_part.items()]
    return Measured(figures, notes, values)


def _is_positive(values: ResampledValues) -> bool:
    """Returns whether a value, the first of them, and the whole interval of its resamples are above 0."""
    interval = pair_bootstrap.interval_of_resamples(values[1:])
    return bool(values[0] > 0 and interval is not None and interval[0] > 0)


def _distance_figures(distances: _Distances, passport: Passport) -> Iterator[Figure]:
    for kind, by_role in distances.items():
        for role, each in by_role.items():
            copied = role in COPIED
            name = f"{DISTANCE}/{kind}/{role}" if copied else f"{DISTANCE}/{kind}"
            if np.isfinite(each[0]):
                yield _figure(name, each, passport.with_parameters(**{OF: COPIED[role]}) if copied else passport)


def _figures_by_domains(judged_pairs: JudgedPairs, compared: Sequence[_Compared], origin: Origin) -> Iterator[Figure]:
    domains, source = judged_pairs.dataset.domains, judged_pairs.dataset.domain[judged_pairs.pairs.content]
    for each, target in zip(compared, np.unique(judged_pairs.target).tolist(), strict=True):
        for own in np.unique(source[each.target.members]).tolist():
            members = np.flatnonzero((source == own) & (judged_pairs.target == target))
            if len(members) < FEWEST:
                continue
            weights = np.zeros((bootstrap.RESAMPLES + 1, len(source)))
            weights[:, members] = np.concatenate([np.ones((1, len(members))), pair_bootstrap.pair_weights(len(members))])
            passport = origin.passport(_real_count([each.target]), len(members))
            name = f"{SCORE}/{domains[own]}/{domains[target]}"
            yield from _share_figures(_distances([each], weights), passport, name, parts=False).figures


def _match_figure(compared: Sequence[_Compared], weights: PairWeights, passport: Passport) -> tuple[list[Figure], list[str]]:
    """The share of other held-out pictures of its domain that are farther from a translation than its reference is: 0.5 by chance."""
    if any(len(each.target.real["colors"]) < 2 for each in compared):
        return [], [f"{MATCH} is unknown: a domain has a single held-out picture"]
    matches = np.empty(weights.shape[1])
    for each in compared:
        squares = {kind: (each.to_real[kind]["translated"].values / mean) ** 2 for kind, mean in each.target.among_real.items()}
        apart = np.stack([weight * squares[kind] for kind, weight in _MATCH_WEIGHTS.items()]).sum(0)
        matches[each.target.members] = reference_matches(apart, each.target.own)
    return [_figure(MATCH, weights @ matches / weights.sum(1), passport.with_parameters(chance=0.5))], []


def _figure(name: str, values: ResampledValues, passport: Passport) -> Figure:
    """A figure of a value, the first, and its resamples."""
    interval = pair_bootstrap.interval_of_resamples(values[1:])
    return Figure(name, float(values[0]), interval, passport, "" if interval is None else resamples_of("the pairs"))


def _real_count(targets: Sequence[_Target]) -> int:
    return sum(len(target.real["colors"]) for target in targets)
