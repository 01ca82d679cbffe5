"""Bootstrap intervals: how far a score would move if other pictures had been drawn from the same two sources.

The scores are not sums over pictures, and to resample pictures and score them anew would be wrong as well as slow: the distances of
distributions grow with every picture that is drawn twice, so that the interval of an FID of a few thousand pictures would lie wholly
above it. Each score therefore comes with *influences*: by how much each picture moves it, to first order (Efron and Tibshirani 1993,
"An Introduction to the Bootstrap", section 22.6). Resampling those is exact for means and, for the others, centres on the score.

What such an interval does not hold: the bias of a score at this count of pictures, which is why a passport has the counts.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0


def percentile_interval(
    value: float,
    influences: Sequence[Float[np.ndarray, " _"]],
    *,
    noise: float = 0.0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float, float]:
    """The percentiles (low, high) between which `level` of the resampled scores lie.

    Args:
      value: the score.
      influences: one array per set of pictures to resample, independently; other sets are taken as fixed. Each array's mean is 0.
      noise: standard deviation of the score's further randomness, such as that of the subsets of pictures that it draws.
      resamples: how many.
      seed: the seed of the draws.
    """
    rng = np.random.default_rng(seed)
    scores = value + noise * rng.standard_normal(resamples)
    for influence in influences:
        scores += resampled_means(influence, resamples, rng)
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_interval(
    values: Float[np.ndarray, " count"], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[float, float]:
    """Returns the interval of a mean over one value per picture (or per pair, or per step of a path)."""
    mean = float(np.mean(values))
    return percentile_interval(mean, [np.asarray(values, np.float64) - mean], level=level, resamples=resamples, seed=seed)


def resampled_means(values: Float[np.ndarray, " count"], resamples: int, rng: np.random.Generator) -> Float[np.ndarray, " {resamples}"]:
    """Means of as many values as there are, drawn with replacement."""
    count = len(values)
    return np.array([values[rng.integers(count, size=count)].mean() for _ in range(resamples)])
