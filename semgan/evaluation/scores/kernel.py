"""The kernel distance of two sets of features (Binkowski et al. 2018, arXiv 1801.01401, section 4); KID in Inception's features.

The squared maximum mean discrepancy under k(x, y) = (x.y / d + 1)^3, unbiased at any count, so it may be below 0.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from semgan.evaluation.scores.features import FeatureVectors

SUBSETS, SUBSET_SIZE = 100, 1000
SEED = 2020
"""torch-fidelity's default."""
_BLOCK = 512


class KernelDistance(NamedTuple):
    """Mean and standard deviation over the subsets, and the size that they had."""

    mean: float
    std: float
    subset_size: int


def polynomial_kernel(x: FeatureVectors, y: FeatureVectors) -> Float[np.ndarray, "_ _"]:
    """(x.y / d + 1)^3 of all pairs."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def unbiased_mmd(x: FeatureVectors, y: FeatureVectors) -> float:
    """The squared discrepancy of two sets of at least two vectors each: mean kernels of different vectors, in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    own = sum(_mean_of_different(polynomial_kernel(each, each)) for each in (x, y))
    return float(own - 2 * polynomial_kernel(x, y).mean())


def kernel_distance(
    first: FeatureVectors, second: FeatureVectors, *, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = SEED
) -> KernelDistance:
    """The mean over subsets that are drawn without replacement from each set.

    The draws are torch-fidelity's, for its input 1 and input 2, so that the same seed, order and size give the same figure. Where a
    set has fewer vectors than `subset_size`, that many are taken; where both are taken whole, once is enough.
    """
    _check(first, second)
    size = min(subset_size, len(first), len(second))
    if size == len(first) == len(second):
        return KernelDistance(unbiased_mmd(first, second), 0.0, size)
    rng = np.random.RandomState(seed)
    distances = []
    for _ in range(subsets):
        subset_pair = [each[rng.choice(len(each), size, replace=False)] for each in (first, second)]
        distances.append(unbiased_mmd(*subset_pair))
    return KernelDistance(float(np.mean(distances)), float(np.std(distances)), size)


def influences(first: FeatureVectors, second: FeatureVectors) -> tuple[np.ndarray, np.ndarray]:
    """Returns how much each vector moves the distance of the whole sets: float64 (count,) with mean 0 for each set.

    Twice the mean kernel with its own set's other vectors less that with the other set's. Where the sets are alike the true
    influences vanish and these are noise of twice the variance that the distance then has: intervals come out wide, not narrow.
    Computed in float32, in blocks, on the first device.
    """
    _check(first, second)
    return _influences_of(first, second), _influences_of(second, first)


def _influences_of(own: FeatureVectors, other: FeatureVectors) -> np.ndarray:
    itself = _less_one(np.sum(own.astype(np.float64) ** 2, 1) / own.shape[1])
    witness = (_kernel_means(own, own) * len(own) - itself) / (len(own) - 1) - _kernel_means(own, other)
    return 2 * (witness - witness.mean())


def _kernel_means(rows: FeatureVectors, others: FeatureVectors) -> np.ndarray:
    """Returns for each row the mean of its kernel with all others, less 1: float64 (rows,)."""
    size = min(_BLOCK, len(rows))
    on_device = jnp.asarray(others, jnp.float32)
    means = []
    for start in range(0, len(rows), size):
        block = rows[start : start + size].astype(np.float32)
        padded = np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])  # one size: one compilation
        means.append(np.asarray(_means_of_block(padded, on_device), np.float64)[: len(block)])
    return np.concatenate(means)


@jax.jit
def _means_of_block(rows: Float[Array, "rows feature"], others: Float[Array, "others feature"]) -> Float[Array, " rows"]:
    products = jnp.matmul(rows, others.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.mean(_less_one(products / rows.shape[1]), axis=1)


def _less_one(x: Any) -> Any:
    """(x + 1)^3 - 1: the constant cancels in influences, and float32 would spend its digits on it where x is small."""
    return x * (3 + x * (3 + x))


def _mean_of_different(kernel: Float[np.ndarray, "count count"]) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _check(first: FeatureVectors, second: FeatureVectors) -> None:
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"features of {first.shape[1]} and of {second.shape[1]} numbers cannot be compared: use one extractor for both")
    if min(len(first), len(second)) < 2:
        raise ValueError(f"sets of {len(first)} and {len(second)} feature vectors: each needs at least 2")
