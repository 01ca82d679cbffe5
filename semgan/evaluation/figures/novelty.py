"""The memorisation audit of translations: are they pictures of their own, or training pictures of the domain translated to?"""

from typing import Any

import numpy as np

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.judge_figures import Origin, beside_training, spread
from semgan.evaluation.figures.passport import Figure
from semgan.evaluation.figures.training_pictures import features_of, nearest_pictures
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.scores.audit import audit
from semgan.evaluation.scores.neighbours import nearest

_HELD_OUT = 2000


def audit_translations(
    features: np.ndarray, target: np.ndarray, judge: Judge, train: Dataset, test: Dataset, origin: Origin
) -> tuple[dict[str, Any], list[Figure]]:
    """The audit, and the translations that come nearest to a training picture, as plain JSON-able data; and the audit's figures.

    Every picture, translated or held out, is compared with the training pictures of its own domain.

    Args:
      features: of the translations, (n, f).
      target: the domains that they were translated into, (n,).
      origin: of the translations' figures.

    Returns:
      `audit` (see `audit.audit`) and `nearest` (see `training_pictures.nearest_pictures`).
    """
    trained_at, real_at = (np.flatnonzero(np.isin(dataset.domain, target)) for dataset in (train, test))
    real_at = spread(real_at, _HELD_OUT)
    trained, real = features_of(judge, train, trained_at), features_of(judge, test, real_at)
    trained_domain = train.domain[trained_at]
    distances, found = nearest_of_domain(features, target, trained, trained_domain)
    real_distances, _ = nearest_of_domain(real, test.domain[real_at], trained, trained_domain)
    audited = audit(features, real, trained, distances, real_distances)
    report = {"audit": audited.report, "nearest": nearest_pictures(distances, trained_at[found], train)}
    return report, audited.figures(beside_training(origin, train).passport(len(trained), len(features)))


def nearest_of_domain(
    features: np.ndarray, domain: np.ndarray, others: np.ndarray, other_domain: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """As `neighbours.nearest`, among those rows of `others` alone that are of the same domain (each domain has some)."""
    distances, rows = np.zeros(len(features)), np.zeros(len(features), np.int64)
    for each in np.unique(domain):
        own, candidates = np.flatnonzero(domain == each), np.flatnonzero(other_domain == each)
        distances[own], found = nearest(features[own], others[candidates])
        rows[own] = candidates[found]
    return distances, rows
