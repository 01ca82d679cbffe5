"""What translations score, as figures: each with an interval over the pairs and a passport."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from semgan.evaluation import pair_bootstrap
from semgan.evaluation.feature_figures import Origin, feature_figures, judge_origin, scaled, target_features
from semgan.evaluation.judge import Verdict
from semgan.evaluation.judged import JudgedPairs
from semgan.evaluation.pair_bootstrap import Compared, interval_of_resamples
from semgan.evaluation.scores.passport import Figure
from semgan.evaluation.variety import over, share_figures


def transfer_origin(judged: JudgedPairs) -> Origin:
    """What the passports of all figures of these pairs have in common."""
    into = ", ".join(judged.dataset.domains[each] for each in np.unique(judged.target))
    return judge_origin(judged.judge, judged.dataset, {"pairs": judged.seed}, into=into)


def transfer_figures(
    found: Mapping[str, Any], judged: JudgedPairs, domains: Mapping[str, np.ndarray], compared: Mapping[str, Compared], origin: Origin
) -> list[Figure]:
    """`transfer_score`, `retention` and `adoption`, those that are known.

    Args:
      found: their values.
      domains: that the pictures are judged to be of, by role (translated, content, reference), (pairs,).
      compared: annotations beside the contents' own, by role.
      origin: see `transfer_origin`.
    """
    weights = pair_bootstrap.pair_weights(len(judged.target))
    drawn: dict[str, np.ndarray] = {}
    if found["retention"] is not None:
        names, kept = judged.dataset.names, judged.kept_names
        agreed = {role: pair_bootstrap.resampled_agreement(weights, each, names, kept) for role, each in compared.items()}
        drawn["retention"] = _share(agreed, copied="reference", best="content")
    if found["adoption"] is not None:
        right = {role: weights @ (domain == judged.target) / len(domain) for role, domain in domains.items()}
        drawn["adoption"] = _share(right, copied="content", best="reference")
    if len(drawn) == 2:
        drawn = {"transfer_score": pair_bootstrap.resampled_score(drawn["retention"], drawn["adoption"])} | drawn
    passport = origin.passport(len(judged.target), len(judged.target))
    by = {"agreement": _agreement_by(compared["translated"])}
    told = {"transfer_score": by, "retention": by, "adoption": {}}
    return [
        Figure(
            name,
            found[name],
            interval := interval_of_resamples(values),
            passport._replace(parameters={**passport.parameters, **told[name]}),
            "" if interval is None else over("the pairs"),
        )
        for name, values in drawn.items()
    ]


def variety_figures(share: float | None, judged: JudgedPairs, verdict: Verdict, origin: Origin) -> tuple[list[Figure], list[str]]:
    """`diversity_share`, beside the references, and the scores of the features, beside held-out pictures of the target domains."""
    beside = share_figures(share, verdict.features, judged.reference.features, origin)
    real = target_features(judged.judge, judged.dataset, judged.target, origin)
    made, notes = feature_figures(scaled(verdict.features), real, origin)
    return [*beside, *made], notes


def _share(by_role: Mapping[str, np.ndarray | None], *, copied: str, best: str) -> np.ndarray:
    reached, low, high = by_role["translated"], by_role[copied], by_role[best]
    assert reached is not None, "the share of all pairs is known"
    assert low is not None
    assert high is not None
    return pair_bootstrap.resampled_share(reached, low, high)


def _agreement_by(compared: Compared) -> str:
    """What the agreement is taken of, in words."""
    return "masks" if "mask" in compared else " and ".join(name for name in ("attributes", "landmarks") if name in compared)
