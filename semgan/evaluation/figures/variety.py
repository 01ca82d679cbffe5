"""How much of the variety of real pictures the generated ones have, in a judge's features."""

import numpy as np

from semgan.evaluation.figures.judge_figures import Origin
from semgan.evaluation.figures.passport import Figure
from semgan.evaluation.scores import bootstrap
from semgan.evaluation.scores.neighbours import mean_distance


def diversity_share(features: np.ndarray, real_features: np.ndarray) -> float | None:
    """The mean distance of two generated pictures (n, f) as a share of that of two real ones (m, f).

    None where either are fewer than two or the real ones all alike.
    """
    apart = mean_distance(real_features) if min(len(features), len(real_features)) >= 2 else 0.0
    return mean_distance(features) / apart if apart > 0 else None


def share_figures(share: float | None, features: np.ndarray, real_features: np.ndarray, origin: Origin) -> list[Figure]:
    """The figure of `diversity_share`; none where it is unknown. Its interval takes the real pictures as fixed."""
    if share is None:
        return []
    interval = bootstrap.percentile_interval(share, [distance_influences(features) / mean_distance(real_features)])
    passport = origin.passport(len(real_features), len(features))
    return [Figure("diversity_share", share, interval, passport, over("generated pictures, the real ones taken as fixed"))]


def distance_influences(features: np.ndarray) -> np.ndarray:
    """How much each row of (n, f) moves the mean distance of two: twice its own mean distance from the others less the mean of all."""
    rows = features.astype(np.float64)
    squares = np.sum(rows**2, axis=1)
    means = np.array([_distances(row, square, rows, squares).sum() / (len(rows) - 1) for row, square in zip(rows, squares, strict=True)])
    return 2 * (means - means.mean())


def over(what: str) -> str:
    """What an interval is over, as `Figure.interval_of` says it."""
    return f"{bootstrap.RESAMPLES} resamples of {what}"


def _distances(row: np.ndarray, square: float, rows: np.ndarray, squares: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(square + squares - 2 * rows @ row, 0))
