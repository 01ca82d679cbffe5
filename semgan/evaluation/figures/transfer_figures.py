"""What translations score, as figures: each with an interval over the pairs and a passport.

A figure of a picture that is copied instead of translated is called after its role, such as "agreement/content".
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from semgan.evaluation.figures.judge_figures import OF, Origin, feature_figures, judge_origin, scaled, target_features
from semgan.evaluation.figures.passport import Figure, Passport
from semgan.evaluation.figures.variety import over, share_figures
from semgan.evaluation.judge.judge import Verdict
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.scores import bootstrap, pair_bootstrap
from semgan.evaluation.scores.pair_bootstrap import Compared, Resampled, Weights, interval_of_resamples

BY_ROLE = ("agreement", "domain_accuracy", "landmark_error", "attributes_kept")
"""Parts of a report that have a value for each role."""
COPIED = {"content": "the content copied", "reference": "the reference copied"}
ByRole = Mapping[str, Resampled | None]


def transfer_origin(judged: JudgedPairs) -> Origin:
    """What the passports of all figures of these pairs have in common."""
    into = ", ".join(judged.dataset.domains[each] for each in np.unique(judged.target))
    return judge_origin(judged.judge, judged.dataset, {"pairs": judged.seed}, into=into, **judged.asked())


def transfer_figures(
    found: Mapping[str, Any], judged: JudgedPairs, verdicts: Mapping[str, Verdict], compared: Mapping[str, Compared], origin: Origin
) -> list[Figure]:
    """`transfer_score`, `retention`, `adoption`, `BY_ROLE` of each role, `attributes` by name, and `adopted`; those that are known.

    Args:
      found: their values, see `semantics.scores`.
      verdicts: on the translations, the contents and the references, by role (translated, content, reference).
      compared: annotations beside the contents' own, by role.
      origin: see `transfer_origin`.
    """
    weights = pair_bootstrap.pair_weights(len(judged.target))
    passport = origin.passport(len(judged.target), len(judged.target))
    drawn = {measure: _drawn(measure, weights, judged, verdicts, compared) for measure in BY_ROLE}
    by = {"agreement": _agreement_by(compared["translated"])}
    made = [
        _figure(name, found[name], values, passport.told(**({} if name == "adoption" else by)))
        for name, values in _shares(found, drawn).items()
    ]
    for measure, by_role in drawn.items():
        told = by if measure == "agreement" else {}
        made += [
            _figure(_named(measure, role), found[measure][role], values, _of_role(passport, role, **told))
            for role, values in by_role.items()
            if values is not None and found[measure][role] is not None
        ]
    return [*made, *_by_attribute(weights, found, judged, compared, passport), *_adopted(judged, verdicts["translated"], origin)]


def variety_figures(share: float | None, judged: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """`diversity_share`, beside the references, and the scores of the features, beside held-out pictures of the target domains."""
    beside = share_figures(share, verdict.features, judged.reference.features, origin)
    real = target_features(judged.judge, judged.dataset, judged.target, origin)
    made, notes = feature_figures(scaled(verdict.features), real, origin)
    return [*beside, *made], notes


def _drawn(
    measure: str, weights: Weights, judged: JudgedPairs, verdicts: Mapping[str, Verdict], compared: Mapping[str, Compared]
) -> ByRole:
    names, kept = judged.dataset.names, judged.kept_names
    if measure == "agreement":
        return {role: pair_bootstrap.resampled_agreement(weights, each, names, kept) for role, each in compared.items()}
    if measure == "domain_accuracy":
        return {role: weights @ (given.domain == judged.target) / len(given.domain) for role, given in verdicts.items()}
    if measure == "landmark_error":
        return {role: pair_bootstrap.resampled_landmark_error(weights, each) for role, each in compared.items()}
    return {role: pair_bootstrap.resampled_attributes(weights, each, names, kept) for role, each in compared.items()}


def _shares(found: Mapping[str, Any], drawn: Mapping[str, ByRole]) -> dict[str, Resampled]:
    """Of the transfer score and its parts, those that are known."""
    shares: dict[str, Resampled] = {}
    if found["retention"] is not None:
        shares["retention"] = _share(drawn["agreement"], copied="reference", best="content")
    if found["adoption"] is not None:
        shares["adoption"] = _share(drawn["domain_accuracy"], copied="content", best="reference")
    if len(shares) == 2:
        return {"transfer_score": pair_bootstrap.resampled_score(shares["retention"], shares["adoption"])} | shares
    return shares


def _share(by_role: ByRole, *, copied: str, best: str) -> Resampled:
    reached, low, high = by_role["translated"], by_role[copied], by_role[best]
    assert reached is not None, "the share of all pairs is known"
    assert low is not None
    assert high is not None
    return pair_bootstrap.resampled_share(reached, low, high)


def _by_attribute(
    weights: Weights, found: Mapping[str, Any], judged: JudgedPairs, compared: Mapping[str, Compared], passport: Passport
) -> Iterator[Figure]:
    """`attributes/NAME`, of translations and copies: the balanced agreement with the contents' own."""
    for role, each in compared.items():
        if "attributes" not in each:
            continue
        balances = pair_bootstrap.resampled_balances(weights, *(values.astype(bool) for values in each["attributes"]))
        for name, values in zip(judged.dataset.names["attributes"], balances.T, strict=True):
            if (value := found["attributes"][role][name]) is not None:
                yield _figure(_named(f"attributes/{name}", role), value, values, _of_role(passport, role))


def _adopted(judged: JudgedPairs, verdict: Verdict, origin: Origin) -> Iterator[Figure]:
    """`adopted/SOURCE/TARGET`: the share of those translations that is judged to be of its target."""
    domains, source = judged.dataset.domains, judged.dataset.domain[judged.pairs.content]
    for a, b in sorted(set(zip(source.tolist(), judged.target.tolist(), strict=True))):
        right = (verdict.domain == judged.target)[(source == a) & (judged.target == b)].astype(np.float64)
        passport, interval = origin.passport(len(right), len(right)), bootstrap.mean_interval(right)
        yield Figure(f"adopted/{domains[a]}/{domains[b]}", float(right.mean()), interval, passport, over("the pairs of these domains"))


def _figure(name: str, value: float, drawn: Resampled, passport: Passport) -> Figure:
    interval = interval_of_resamples(drawn)
    return Figure(name, value, interval, passport, "" if interval is None else over("the pairs"))


def _named(measure: str, role: str) -> str:
    return f"{measure}/{role}" if role in COPIED else measure


def _of_role(passport: Passport, role: str, **parameters: Any) -> Passport:
    return passport.told(**parameters, **({OF: COPIED[role]} if role in COPIED else {}))


def _agreement_by(compared: Compared) -> str:
    """What the agreement is taken of, in words."""
    return "masks" if "mask" in compared else " and ".join(name for name in ("attributes", "landmarks") if name in compared)
