"""Mean and covariance of many feature vectors, a batch at a time, in float64 (Chan, Golub and LeVeque 1983, equations 1.5)."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

_BLOCK = 4096


class Moments(NamedTuple):
    """Moments of a set of features.

    Attributes:
      mean: float64.
      covariance: float64, unbiased (divided by count - 1).
      count: how many vectors.
    """

    mean: Float[np.ndarray, " feature"]
    covariance: Float[np.ndarray, "feature feature"]
    count: int


class Running(NamedTuple):
    """The sums so far: how many vectors, their mean, and the sum of outer products of their distances from that mean."""

    count: int
    mean: Float[np.ndarray, " feature"]
    scatter: Float[np.ndarray, "feature feature"]


def nothing(size: int) -> Running:
    """Returns the sums over no vectors, of `size` features each."""
    return Running(0, np.zeros(size), np.zeros((size, size)))


def add(running: Running, features: Float[np.ndarray, "batch feature"]) -> Running:
    """Adds these vectors (at least one, of any float type); about as exact as if all had been summed at once."""
    rows = features.astype(np.float64)
    mean = rows.mean(0)
    rows -= mean
    return merge(running, Running(len(rows), mean, rows.T @ rows))


def merge(a: Running, b: Running) -> Running:
    """Joins the sums over two sets of vectors, such as those that two processes saw."""
    count = a.count + b.count
    if not count:
        return a
    apart = b.mean - a.mean
    mean = a.mean + apart * (b.count / count)
    return Running(count, mean, a.scatter + b.scatter + np.outer(apart, apart * (a.count * b.count / count)))


def finish(running: Running) -> Moments:
    """Mean and covariance; ValueError for fewer than two vectors, which have no covariance."""
    if running.count < 2:
        raise ValueError(f"{running.count} feature vectors have no covariance: at least 2 are needed")
    return Moments(running.mean, running.scatter / (running.count - 1), running.count)


def moments_of(features: Float[np.ndarray, "count feature"]) -> Moments:
    """Returns the moments of vectors that are all in memory."""
    return moments_of_batches((features[start : start + _BLOCK] for start in range(0, len(features), _BLOCK)), features.shape[1])


def moments_of_batches(batches: Iterable[Float[np.ndarray, "_ feature"]], size: int) -> Moments:
    """Returns the moments of vectors of `size` features that arrive in batches, one of which is in memory at a time."""
    running = nothing(size)
    for batch in batches:
        running = add(running, batch)
    return finish(running)
