"""How much of the variety of real pictures the generated ones have, in a judge's features."""

import numpy as np

from semgan.evaluation.neighbours import mean_distance
from semgan.evaluation.scores.manifold import PRECISION_NEIGHBOURS, precision_recall


def variety(features: np.ndarray, real_features: np.ndarray) -> dict[str, float | None]:
    """Of generated pictures (n, f) beside real ones (m, f).

    Keys: `diversity_share`, the mean distance of two generated pictures as a share of that of two real ones; None where either are
    fewer than two or the real ones all alike. `recall`, the share of the real ones that lie among the generated (see
    `manifold.precision_recall`); None where either are no more than `PRECISION_NEIGHBOURS`.
    """
    fewest = min(len(features), len(real_features))
    apart = mean_distance(real_features) if fewest >= 2 else 0.0
    return {
        "diversity_share": mean_distance(features) / apart if apart > 0 else None,
        "recall": precision_recall(real_features, features)[1] if fewest > PRECISION_NEIGHBOURS else None,
    }
