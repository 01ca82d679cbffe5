"""What translations score, as figures: each with an interval over the pairs and a passport.

`scores.transfer` has the formulas. A figure of a picture that is copied instead of translated is called after its role, such as
"agreement/content".
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.figures.diversity import share_figures
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.judge_figures import feature_figures, scaled, target_features
from semgan.evaluation.figures.origin import OF, Origin, judge_origin
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.judge.judge import Verdict, by_name
from semgan.evaluation.judge.judged_pairs import JudgedPairs, compared_with_truth
from semgan.evaluation.scores import agreement, bootstrap, pair_bootstrap, transfer
from semgan.evaluation.scores.pair_bootstrap import PairWeights, Resampled

COPIED = {"content": "the content copied", "reference": "the reference copied"}
"""The roles of pictures that are copies and not translations, and what a passport calls them."""
ROLES = ("translated", *COPIED)


class _Measured(NamedTuple):
    """A measure over all pairs, and over each resample of them; None where unknown."""

    value: float | None
    resampled: Resampled | None


_ByRole = Mapping[str, _Measured]


def transfer_origin(judged: JudgedPairs) -> Origin:
    """Returns what the passports of all figures of these pairs have in common."""
    into = ", ".join(judged.dataset.domains[each] for each in np.unique(judged.target))
    return judge_origin(judged.judge, judged.dataset, {"pairs": judged.seed}, into=into, **judged.parameters())


def transfer_score_figures(judged: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """Computes the transfer score and its parts from the judge's verdict on translations.

    Args:
      origin: see `transfer_origin`.

    Returns:
      The figures that are known: `transfer_score`, `retention`, `adoption`; of each role `agreement`, `domain_accuracy` (share judged as
      the reference's domain), `landmark_error` (in inter-ocular distances), `attributes_kept` (mean balanced agreement over those that
      should be kept) and `attributes/NAME`; and `adopted/SOURCE/TARGET`. And notes on those that are unknown.
    """
    verdicts = {"translated": verdict, "content": judged.content, "reference": judged.reference}
    compared = {role: compared_with_truth(judged, each) for role, each in verdicts.items()}
    weights = pair_bootstrap.pair_weights(len(judged.target))
    measures = _measures(weights, judged, verdicts, compared)
    passport = origin.passport(len(judged.target), len(judged.target))
    by = {"agreement": transfer.agreement_by(compared["translated"])}
    figures, notes = _share_figures(measures, passport, by)
    for measure, by_role in measures.items():
        parameters = by if measure == "agreement" else {}
        figures += [
            _figure(_named(measure, role), each, _of_role(passport, role, **parameters))
            for role, each in by_role.items()
            if each.value is not None
        ]
    return [*figures, *_attribute_figures(weights, judged, compared, passport), *_adopted(judged, verdict, origin)], notes


def variety_figures(judged: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """Computes `diversity_share` against the references, and scores of the features against held-out pictures of the target domains."""
    shares = share_figures(verdict.features, judged.reference.features, origin)
    real = target_features(judged.judge, judged.dataset, judged.target, origin)
    figures, notes = feature_figures(scaled(verdict.features), real, origin)
    return [*shares, *figures], notes


def _measures(
    weights: PairWeights, judged: JudgedPairs, verdicts: Mapping[str, Verdict], compared: Mapping[str, transfer.Compared]
) -> dict[str, dict[str, _Measured]]:
    """Returns the measures by name and role."""
    names, keep = judged.dataset.names, judged.kept_names
    right = {role: verdict.domain == judged.target for role, verdict in verdicts.items()}
    return {
        "agreement": {
            role: _Measured(transfer.agreement(each, names, keep), pair_bootstrap.resampled_agreement(weights, each, names, keep))
            for role, each in compared.items()
        },
        "domain_accuracy": {role: _Measured(float(np.mean(each)), weights @ each / len(each)) for role, each in right.items()},
        "landmark_error": {
            role: _Measured(transfer.landmark_error(each), pair_bootstrap.resampled_landmark_error(weights, each))
            for role, each in compared.items()
        },
        "attributes_kept": {
            role: _Measured(transfer.attributes_kept(each, names, keep), pair_bootstrap.resampled_attributes(weights, each, names, keep))
            for role, each in compared.items()
        },
    }


def _share_figures(measures: Mapping[str, _ByRole], passport: Passport, by: Mapping[str, str]) -> tuple[list[Figure], list[str]]:
    """Computes the transfer score and its parts, as far as they are known."""
    retention, why_no_retention = _share("retention", measures["agreement"], copied="reference", best="content")
    adoption, why_no_adoption = _share("adoption", measures["domain_accuracy"], copied="content", best="reference")
    whole = _Measured(transfer.transfer_score(retention.value, adoption.value), _resampled_score(retention, adoption))
    named = (("transfer_score", whole, by), ("retention", retention, by), ("adoption", adoption, {}))
    figures = [_figure(name, each, passport.with_parameters(**parameters)) for name, each, parameters in named if each.value is not None]
    return figures, [note for note in (why_no_retention, why_no_adoption) if note]


def _share(name: str, by_role: _ByRole, *, copied: str, best: str) -> tuple[_Measured, str]:
    reached, low, high = (by_role[role] for role in ("translated", copied, best))
    value, note = transfer.share(name, reached.value, low.value, high.value)
    if value is None:
        return _Measured(None, None), note
    assert reached.resampled is not None, "the share of all pairs is known"
    assert low.resampled is not None
    assert high.resampled is not None
    return _Measured(value, pair_bootstrap.resampled_share(reached.resampled, low.resampled, high.resampled)), ""


def _resampled_score(retention: _Measured, adoption: _Measured) -> Resampled | None:
    if retention.resampled is None or adoption.resampled is None:
        return None
    return pair_bootstrap.resampled_score(retention.resampled, adoption.resampled)


def _attribute_figures(
    weights: PairWeights, judged: JudgedPairs, compared: Mapping[str, transfer.Compared], passport: Passport
) -> Iterator[Figure]:
    """Computes `attributes/NAME` for translations and copies: the balanced agreement with the contents' own."""
    for role, each in compared.items():
        if "attributes" not in each:
            continue
        values = by_name(judged.dataset.names["attributes"], agreement.balanced_agreement(*each["attributes"]))
        resampled = pair_bootstrap.resampled_balances(weights, *(given.astype(bool) for given in each["attributes"]))
        for (name, value), drawn in zip(values.items(), resampled.T, strict=True):
            if value is not None:
                yield _figure(_named(f"attributes/{name}", role), _Measured(value, drawn), _of_role(passport, role))


def _adopted(judged: JudgedPairs, verdict: Verdict, origin: Origin) -> Iterator[Figure]:
    """Computes `adopted/SOURCE/TARGET`: the share of those translations that are judged to be of the target."""
    domains, source = judged.dataset.domains, judged.dataset.domain[judged.pairs.content]
    for a, b in sorted(set(zip(source.tolist(), judged.target.tolist(), strict=True))):
        right = (verdict.domain == judged.target)[(source == a) & (judged.target == b)].astype(np.float64)
        passport, interval = origin.passport(len(right), len(right)), bootstrap.mean_interval(right)
        over = resamples_of("the pairs of these domains")
        yield Figure(f"adopted/{domains[a]}/{domains[b]}", float(right.mean()), interval, passport, over)


def _figure(name: str, measured: _Measured, passport: Passport) -> Figure:
    assert measured.value is not None, "only what is known is a figure"
    assert measured.resampled is not None
    interval = pair_bootstrap.interval_of_resamples(measured.resampled)
    return Figure(name, measured.value, interval, passport, "" if interval is None else resamples_of("the pairs"))


def _named(measure: str, role: str) -> str:
    return f"{measure}/{role}" if role in COPIED else measure


def _of_role(passport: Passport, role: str, **parameters: Any) -> Passport:
    return passport.with_parameters(**parameters, **({OF: COPIED[role]} if role in COPIED else {}))
