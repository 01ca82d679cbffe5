"""The scores of translations as figures, each with an interval over the pairs and a passport.

`scores.transfer` has the formulas. A figure of a picture that is copied instead of translated has that picture's role in its name, such as
"agreement/content".
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.figures.diversity import share_figures
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.judge_figures import feature_figures, target_features, to_unit_mean_square
from semgan.evaluation.figures.origin import OF, Origin, judge_origin
from semgan.evaluation.figures.passport import Passport
from semgan.evaluation.judge.judge import Verdict, by_name
from semgan.evaluation.judge.judged_pairs import JudgedPairs, compare_with_truth
from semgan.evaluation.scores import agreement, bootstrap, pair_bootstrap, transfer
from semgan.evaluation.scores.pair_bootstrap import PairWeights, ResampledValues

COPIED = {"content": "the content copied", "reference": "the reference copied"}
"""The roles of pictures that are copies and not translations, and what a passport calls them."""
ROLES = ("translated", *COPIED)


class _Measurement(NamedTuple):
    """A measure over all pairs, and over each resample of them; None where unknown."""

    value: float | None
    resampled_values: ResampledValues | None


_ByRole = Mapping[str, _Measurement]


def transfer_origin(judged_pairs: JudgedPairs) -> Origin:
    """Returns what the passports of all figures of these pairs have in common."""
    into = ", ".join(judged_pairs.dataset.domains[each] for each in np.unique(judged_pairs.target))
    return judge_origin(judged_pairs.judge, judged_pairs.dataset, {"pairs": judged_pairs.seed}, into=into, **judged_pairs.parameters())


def transfer_score_figures(judged_pairs: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """Computes the transfer score and its parts from the judge's verdict on translations.

    Args:
      origin: see `transfer_origin`.

    Returns:
      The figures that are known: `transfer_score`, `retention`, `adoption`; of each role `agreement`, `domain_accuracy` (share judged as
      the reference's domain), `landmark_error` (in inter-ocular distances), `attributes_kept` (mean balanced agreement over those that
      should be kept) and `attributes/NAME`; and `adopted/SOURCE/TARGET`. And notes on those that are unknown.
    """
    verdicts = {"translated": verdict, "content": judged_pairs.content, "reference": judged_pairs.reference}
    comparisons = {role: compare_with_truth(judged_pairs, each) for role, each in verdicts.items()}
    weights = pair_bootstrap.pair_weights(len(judged_pairs.target))
    measures = _measures(weights, judged_pairs, verdicts, comparisons)
    passport = origin.passport(len(judged_pairs.target), len(judged_pairs.target))
    by = {"agreement": transfer.agreement_by(comparisons["translated"])}
    figures, notes = _share_figures(measures, passport, by)
    for measure, by_role in measures.items():
        parameters = by if measure == "agreement" else {}
        figures += [
            _figure(_figure_name(measure, role), each, _of_role(passport, role, **parameters))
            for role, each in by_role.items()
            if each.value is not None
        ]
    return [
        *figures,
        *_attribute_figures(weights, judged_pairs, comparisons, passport),
        *_adoption_figures(judged_pairs, verdict, origin),
    ], notes


def variety_figures(judged_pairs: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """Computes `diversity_share` against the references, and scores of the features against held-out pictures of the target domains."""
    shares = share_figures(verdict.features, judged_pairs.reference.features, origin)
    real = target_features(judged_pairs.judge, judged_pairs.dataset, judged_pairs.target, origin)
    figures, notes = feature_figures(to_unit_mean_square(verdict.features), real, origin)
    return [*shares, *figures], notes


def _measures(
    weights: PairWeights, judged_pairs: JudgedPairs, verdicts: Mapping[str, Verdict], comparisons: Mapping[str, transfer.Comparison]
) -> dict[str, dict[str, _Measurement]]:
    """Returns the measures by name and role."""
    names, keep = judged_pairs.dataset.names, judged_pairs.kept_names
    right = {role: verdict.domain == judged_pairs.target for role, verdict in verdicts.items()}
    return {
        "agreement": {
            role: _Measurement(transfer.agreement(each, names, keep), pair_bootstrap.resampled_agreement(weights, each, names, keep))
            for role, each in comparisons.items()
        },
        "domain_accuracy": {role: _Measurement(float(np.mean(each)), weights @ each / len(each)) for role, each in right.items()},
        "landmark_error": {
            role: _Measurement(transfer.landmark_error(each), pair_bootstrap.resampled_landmark_error(weights, each))
            for role, each in comparisons.items()
        },
        "attributes_kept": {
            role: _Measurement(transfer.attributes_kept(each, names, keep), pair_bootstrap.resampled_attributes(weights, each, names, keep))
            for role, each in comparisons.items()
        },
    }


def _share_figures(measures: Mapping[str, _ByRole], passport: Passport, by: Mapping[str, str]) -> tuple[list[Figure], list[str]]:
    """Computes the transfer score and its parts, as far as they are known."""
    retention, retention_note = _share("retention", measures["agreement"], copy="reference", best="content")
    adoption, adoption_note = _share("adoption", measures["domain_accuracy"], copy="content", best="reference")
    score = _Measurement(transfer.transfer_score(retention.value, adoption.value), _resampled_score(retention, adoption))
    parts = (("transfer_score", score, by), ("retention", retention, by), ("adoption", adoption, {}))
    figures = [_figure(name, each, passport.with_parameters(**parameters)) for name, each, parameters in parts if each.value is not None]
    return figures, [note for note in (retention_note, adoption_note) if note]


def _share(name: str, by_role: _ByRole, *, copy: str, best: str) -> tuple[_Measurement, str]:
    translated, low, high = (by_role[role] for role in ("translated", copy, best))
    value, note = transfer.share(name, translated.value, low.value, high.value)
    if value is None:
        return _Measurement(None, None), note
    resampled_values = [each.resampled_values for each in (translated, low, high) if each.resampled_values is not None]
    assert len(resampled_values) == 3, "where the share of all pairs is known, so are those of the resamples"
    return _Measurement(value, pair_bootstrap.resampled_share(*resampled_values)), ""


def _resampled_score(retention: _Measurement, adoption: _Measurement) -> ResampledValues | None:
    if retention.resampled_values is None or adoption.resampled_values is None:
        return None
    return pair_bootstrap.resampled_score(retention.resampled_values, adoption.resampled_values)


def _attribute_figures(
    weights: PairWeights, judged_pairs: JudgedPairs, comparisons: Mapping[str, transfer.Comparison], passport: Passport
) -> Iterator[Figure]:
    """Computes `attributes/NAME` for translations and copies: the balanced agreement with the contents' own."""
    for role, each in comparisons.items():
        if "attributes" not in each:
            continue
        values = by_name(judged_pairs.dataset.names["attributes"], agreement.balanced_agreement(*each["attributes"]))
        resampled_values = pair_bootstrap.resampled_balances(weights, *(values.astype(bool) for values in each["attributes"]))
        for (name, value), resamples in zip(values.items(), resampled_values.T, strict=True):
            if value is not None:
                yield _figure(_figure_name(f"attributes/{name}", role), _Measurement(value, resamples), _of_role(passport, role))


def _adoption_figures(judged_pairs: JudgedPairs, verdict: Verdict, origin: Origin) -> Iterator[Figure]:
    """Computes `adopted/SOURCE/TARGET`: the share of those translations that are judged to be of the target."""
    domains, source = judged_pairs.dataset.domains, judged_pairs.dataset.domain[judged_pairs.pairs.content]
    for a, b in sorted(set(zip(source.tolist(), judged_pairs.target.tolist(), strict=True))):
        right = (verdict.domain == judged_pairs.target)[(source == a) & (judged_pairs.target == b)].astype(np.float64)
        passport, interval = origin.passport(len(right), len(right)), bootstrap.mean_interval(right)
        over = resamples_of("the pairs of these domains")
        yield Figure(f"adopted/{domains[a]}/{domains[b]}", float(right.mean()), interval, passport, over)


def _figure(name: str, measurement: _Measurement, passport: Passport) -> Figure:
    assert measurement.value is not None, "only a value that is known becomes a figure"
    assert measurement.resampled_values is not None
    interval = pair_bootstrap.interval_of_resamples(measurement.resampled_values)
    return Figure(name, measurement.value, interval, passport, "" if interval is None else resamples_of("the pairs"))


def _figure_name(measure: str, role: str) -> str:
    return f"{measure}/{role}" if role in COPIED else measure


def _of_role(passport: Passport, role: str, **parameters: Any) -> Passport:
    return passport.with_parameters(**parameters, **({OF: COPIED[role]} if role in COPIED else {}))
