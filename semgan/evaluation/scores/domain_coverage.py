"""Domain coverage: how evenly generated pictures spread over the domains, compared with the training pictures."""

import numpy as np
from jaxtyping import Float, Int

from semgan.evaluation.scores import bootstrap

Domains = Int[np.ndarray, " picture"]


def domain_shares(domain: Domains, domains: int) -> Float[np.ndarray, " domain"]:
    """Returns the share of the pictures that is of each domain."""
    return np.bincount(domain, minlength=domains) / len(domain)


def domain_coverage(shares: Float[np.ndarray, " domain"], goal: Float[np.ndarray, " domain"]) -> float:
    """Measures the part of `goal` that `shares` covers: 1 less the total variation distance of the two distributions."""
    return float(1 - np.abs(shares - goal).sum() / 2)


def coverage_interval(judged_domains: Domains, train: Domains) -> tuple[float, float]:
    """Computes the interval of the coverage: the sum over domains of the smaller of the two shares, of the pictures and in training.

    A picture moves it by where it falls: up in a domain that has less than its share, not at all in one that has more.
    """
    domains = int(max(judged_domains.max(), train.max())) + 1
    shares, goal = (domain_shares(values, domains) for values in (judged_domains, train))
    value = float(np.minimum(shares, goal).sum())
    helps = (shares < goal)[judged_domains].astype(np.float64)
    low, high = bootstrap.percentile_interval(value, [helps - helps.mean()])
    return low, min(high, 1.0)
