"""The answer score: how near translations come to the pictures that an artist would have drawn, for data that know them.

    share = (translations - the better copy) / (answers redrawn - the better copy)

of each measure's mean over the pairs. The copies are the content and the reference as they are; a redrawn answer has another seed for what
an artist would draw anew each time, such as where tiles lie. So either copy scores 0 at most, and what nobody can tell from the answer 1.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.extractors.extractor import Perceptual
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.origin import OF, Origin
from semgan.evaluation.figures.transfer_figures import COPIED
from semgan.evaluation.judge.answers import REDRAWN, Answers, draw_answers
from semgan.evaluation.judge.judge import Verdict, decide
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translations
from semgan.evaluation.scores import agreement, answer, pair_bootstrap
from semgan.evaluation.scores.pair_bootstrap import PairWeights

SCORE = "answer_score"
PARTS = ("answer_structure", "answer_color", "answer_texture")
"""The figures whose mean is the score."""
BY_DOMAINS = (SCORE, *PARTS, "answer_ssim")
"""The figures that are also computed for each pair of domains."""
REDRAWN_ROLE = "redrawn"
_RISING = ("answer_ssim", "answer_structure")
"""The measures that are larger the nearer a picture is to the answer."""
_OF_ROLES = {**COPIED, REDRAWN_ROLE: f"the answer, {REDRAWN} times with another texture"}
_BATCH = 100

_Values = Mapping[str, np.ndarray]
"""By measure, a number per pair."""


class _Fixed(NamedTuple):
    """What does not depend on the translations.

    Attributes:
      answers: the pictures.
      features: the judge's of the answers.
      values: by role, of both copies and of the redrawn answers.
    """

    answers: Answers
    features: np.ndarray
    values: Mapping[str, _Values]


def answer_figures(
    judged_pairs: JudgedPairs, translations: Translations, origin: Origin, lpips: Perceptual | None = None
) -> tuple[list[Figure], list[str]]:
    """Computes the score, the mean of its three parts, and the share of each measure; nothing for data that do not know the answers.

    Args:
      origin: see `transfer_figures.transfer_origin`.
      lpips: for `answer_lpips`; None: it is left out.

    Returns:
      `answer_score`; `answer_structure` (edges, and masks where the data have them), `answer_color` (means of regions) and
      `answer_texture` (local spectra); `answer_ssim`, `answer_psnr` (the share is of the squared error), `answer_features` (distance in the
      judge's features), `answer_lpips`. Of each measure its plain mean, such as `answer_ssim/translated`, `/content`, `/reference` and
      `/redrawn`; of those in `BY_DOMAINS` the share from each domain to each other, such as `answer_score/shaded/ink`. And notes.
    """
    fixed = _fixed(judged_pairs)
    if fixed is None:
        return [], []
    values = {"translated": _measure(fixed.answers.images, fixed.features, translations, judged_pairs), **fixed.values}
    if lpips is not None:
        values = _with_lpips(values, judged_pairs, translations, fixed.answers, lpips)
    count = len(judged_pairs.target)
    passport = origin.passport(count, count, redrawn=REDRAWN, masks="mask" in judged_pairs.truth)
    weights = pair_bootstrap.pair_weights(count)
    shares = _shares(values, np.ones(count)[None])
    if unknown := [name for name, share in shares.items() if np.isnan(share[0])]:
        return [], [f"no answer score: copies are as near to the answers as answers drawn anew ({', '.join(unknown)})"]
    resampled_shares = _shares(values, weights)

    def figures() -> Iterator[Figure]:
        for name, share in shares.items():
            interval = pair_bootstrap.interval_of_resamples(resampled_shares[name])
            yield Figure(name, float(share[0]), interval, passport, resamples_of("the pairs"))
        for role, by_measure in values.items():
            for name, each in by_measure.items():
                yield from _plain(name, role, each, weights, passport)
        yield from _by_domains(values, judged_pairs, origin)

    return list(figures()), []


def _shares(values: Mapping[str, _Values], weights: PairWeights) -> dict[str, np.ndarray]:
    """The score and the shares by name, under each row of weights; NaN where the answers drawn anew are no nearer than a copy."""
    total = weights.sum(1)
    means = {role: {name: weights @ each / total for name, each in by_measure.items()} for role, by_measure in values.items()}
    shares = {}
    for name, value in means["translated"].items():
        better = np.maximum if name in _RISING else np.minimum
        copy, best = better(means["content"][name], means["reference"][name]), means[REDRAWN_ROLE][name]
        apart = best - copy if name in _RISING else copy - best
        gain = value - copy if name in _RISING else copy - value
        shares[name] = np.divide(gain, apart, out=np.full_like(gain, np.nan), where=apart > 0)
    return {SCORE: np.mean([shares[name] for name in PARTS], axis=0), **shares}


def _plain(name: str, role: str, values: np.ndarray, weights: PairWeights, passport: Any) -> Iterator[Figure]:
    """The plain mean of a measure over the pairs; PSNR of the mean squared error, and only where that is not 0."""
    mean, resampled_means = values.mean(), weights @ values / weights.sum(1)
    if role in _OF_ROLES:
        passport = passport.with_parameters(**{OF: _OF_ROLES[role]})
    if name == "answer_psnr":
        if mean == 0:
            return
        mean, resampled_means = answer.psnr(mean), np.array([answer.psnr(each) for each in resampled_means])
    interval = pair_bootstrap.interval_of_resamples(resampled_means)
    yield Figure(f"{name}/{role}", float(mean), interval, passport, resamples_of("the pairs"))


def _by_domains(values: Mapping[str, _Values], judged_pairs: JudgedPairs, origin: Origin) -> Iterator[Figure]:
    domains, source = judged_pairs.dataset.domains, judged_pairs.dataset.domain[judged_pairs.pairs.content]
    for a, b in sorted(set(zip(source.tolist(), judged_pairs.target.tolist(), strict=True))):
        own = (source == a) & (judged_pairs.target == b)
        theirs = {role: {name: each[own] for name, each in by_measure.items()} for role, by_measure in values.items()}
        shares, resampled = (_shares(theirs, weights) for weights in (np.ones((1, own.sum())), pair_bootstrap.pair_weights(int(own.sum()))))
        passport = origin.passport(int(own.sum()), int(own.sum()), redrawn=REDRAWN)
        for name in BY_DOMAINS:
            if np.isfinite(shares[name][0]):
                interval, over = pair_bootstrap.interval_of_resamples(resampled[name]), resamples_of("the pairs of these domains")
                yield Figure(f"{name}/{domains[a]}/{domains[b]}", float(shares[name][0]), interval, passport, over)


def _fixed(judged_pairs: JudgedPairs) -> _Fixed | None:
    """Draws the answers and measures copies and redrawn answers, once for the same pairs."""
    if judged_pairs.dataset.answer is None:
        return None
    pairs = judged_pairs.pairs
    key = (judged_pairs.judge.name, judged_pairs.dataset.fingerprint, pairs.content.tobytes(), pairs.reference.tobytes())
    if key not in _measured:
        _measured.clear()  # of one choice of pairs at a time: pictures are large
        _measured[key] = _measure_fixed(judged_pairs)
    return _measured[key]


_measured: dict[Any, _Fixed] = {}


def _measure_fixed(judged_pairs: JudgedPairs) -> _Fixed:
    answers = draw_answers(judged_pairs)
    assert answers is not None, "the data know the answers"
    features = decide(judged_pairs.judge, answers.images).features
    measure = functools.partial(_measure, answers.images, features, judged_pairs=judged_pairs)
    dataset, pairs = judged_pairs.dataset, judged_pairs.pairs
    redrawn = [measure(Translations(images, decide(judged_pairs.judge, images))) for images in answers.redrawn]
    values = {
        "content": measure(Translations(dataset.images[dataset.rows[pairs.content]], judged_pairs.content)),
        "reference": measure(Translations(dataset.images[dataset.rows[pairs.reference]], judged_pairs.reference)),
        REDRAWN_ROLE: {name: np.mean([each[name] for each in redrawn], axis=0) for name in redrawn[0]},
    }
    return _Fixed(answers, features, values)


def _measure(answers: np.ndarray, features: np.ndarray, pictures: Translations, judged_pairs: JudgedPairs) -> dict[str, np.ndarray]:
    """Every measure of pictures beside the answers, in pieces, since spectra are large."""
    masks = judged_pairs.truth.get("mask")
    regions = np.zeros(answers.shape[:3], np.uint8) if masks is None else masks
    parts = []
    for start in range(0, len(answers), _BATCH):
        piece = slice(start, start + _BATCH)
        a, b = pictures.images[piece], answers[piece]
        parts.append(
            {
                "answer_structure": answer.edge_agreement(a, b),
                "answer_color": answer.region_color_distance(a, b, regions[piece]),
                "answer_texture": answer.spectrum_distance(a, b),
                "answer_ssim": answer.ssim(a, b),
                "answer_psnr": answer.squared_error(a, b),
            }
        )
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    values["answer_features"] = np.linalg.norm(pictures.verdict.features - features, axis=1)
    return values | {"answer_structure": _with_masks(values["answer_structure"], pictures.verdict, judged_pairs)}


def _with_masks(edges: np.ndarray, verdict: Verdict, judged_pairs: JudgedPairs) -> np.ndarray:
    """The mean of the edges' agreement and of the IoU of the judged masks with the contents'; the first alone without masks."""
    masks = judged_pairs.truth.get("mask")
    if masks is None or verdict.mask is None:
        return edges
    return (edges + agreement.mask_iou_by_picture(masks, verdict.mask, len(judged_pairs.dataset.names["mask"]))) / 2


def _with_lpips(
    values: Mapping[str, _Values], judged_pairs: JudgedPairs, translations: Translations, answers: Answers, lpips: Perceptual
) -> dict[str, _Values]:
    dataset, pairs = judged_pairs.dataset, judged_pairs.pairs
    pictures = {
        "translated": [translations.images],
        "content": [dataset.images[dataset.rows[pairs.content]]],
        "reference": [dataset.images[dataset.rows[pairs.reference]]],
        REDRAWN_ROLE: answers.redrawn,
    }
    distances = {role: np.mean([lpips.distances(each, answers.images) for each in sets], axis=0) for role, sets in pictures.items()}
    return {role: {**by_measure, "answer_lpips": distances[role].astype(np.float64)} for role, by_measure in values.items()}
