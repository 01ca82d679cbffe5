"""Statistics of whole pictures, for networks that see a picture in parts.

A layer that averages over a picture takes its averages from here. Without an observer they are its input's own. Under `observe` they are
those of the whole picture, which the caller has put together from what earlier parts recorded (`combine`), so that a tile comes out as it
would within the whole.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from semgan.layers.precision import at_least_float32

_PLACES, _ALL = (1, 2), (1, 2, 3)
_FLOOR = 0.3  # of the whole's variance; a part with less of its own says less about how the whole's has moved
_TINY = 1e-20  # so that a part without weight does not divide by zero


class Moments(NamedTuple):
    """The weighted mean and (biased) variance of one layer's values over a part, and the sum of the weights.

    Attributes:
      weight: (batch,).
      mean, variance: (batch, channel), or (batch, 1) over all channels.
      highest: (batch, channel), the largest value at a place that counts.
    """

    weight: Array
    mean: Array
    variance: Array
    highest: Array


class Observer:
    """The statistics of the picture whose part a network sees, and a record of what the network's layers see of the part.

    Attributes:
      whole: the whole picture's moments, one per layer in the order in which layers run; none: every part goes by its own.
      earlier: the part's own moments when those of the whole were taken: what they have moved by since, the whole's have moved by as well;
        none: the whole's are taken as they are.
      weight: how far each pixel counts, at the resolution of the network's input; None: all alike.
      rows, columns: the pixels' places in the whole picture; None: from 0 on.
      records: the part's moments, one per layer.
    """

    def __init__(
        self,
        whole: Sequence[Moments] = (),
        earlier: Sequence[Moments] = (),
        weight: Float[Array, "batch height width"] | None = None,
        rows: Int[Array, "batch height"] | None = None,
        columns: Int[Array, "batch width"] | None = None,
    ):
        self.moments = itertools.cycle(zip(whole, earlier or whole, strict=True)) if whole else None
        self.follows = bool(earlier)
        self.weight, self.rows, self.columns = weight, rows, columns
        self.records: list[Moments] = []


_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Has the layers that run (or are traced) inside go by the observer, and record into it."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def moments(x: Float[Array, "batch height width channel"], *, all_channels: bool = False) -> tuple[Array, Array]:
    """Mean and (biased) variance over the picture's places, channel by channel or over all channels, in float32 or wider.

    Returns:
      Two arrays (batch, 1, 1, channel), or (batch, 1, 1, 1).
    """
    wide, axes = at_least_float32(x), _ALL if all_channels else _PLACES
    if (observer := _observer.get()) is None:
        mean = wide.mean(axes, keepdims=True)
        return mean, jnp.square(wide - mean).mean(axes, keepdims=True)
    mean, variance, _ = _go_by(observer, wide, axes)
    return mean[:, None, None], variance[:, None, None]


def mean_and_maximum(x: Float[Array, "batch height width channel"]) -> tuple[Array, Array]:
    """The mean and the largest value over the picture's places, channel by channel: two arrays (batch, channel), float32 or wider."""
    wide = at_least_float32(x)
    if (observer := _observer.get()) is None:
        return wide.mean(_PLACES), wide.max(_PLACES)
    mean, _, highest = _go_by(observer, wide, _PLACES)
    return mean, highest


def places(x: Float[Array, "batch height width channel"], stride: int) -> tuple[Array, Array]:
    """The places of a layer's values in the whole picture, at the layer's resolution: rows (batch, height) and columns (batch, width).

    Args:
      stride: pixels of the network's input per place, along a side.
    """
    observer = _observer.get()
    batch, height, width, _ = x.shape
    if observer is None or observer.rows is None or observer.columns is None:
        return tuple(jnp.broadcast_to(jnp.arange(length), (batch, length)) for length in (height, width))  # pyright: ignore
    return observer.rows[:, ::stride] // stride, observer.columns[:, ::stride] // stride


def combine(parts: Sequence[Sequence[Moments]]) -> tuple[Moments, ...]:
    """The moments of the whole, per layer, from those of its parts (Chan, Golub and LeVeque 1983): float64, of a batch of one."""
    return tuple(_combine(each) for each in zip(*parts, strict=True))


def _combine(parts: Sequence[Moments]) -> Moments:
    weight, mean, variance, highest = (np.concatenate([np.asarray(part[i], np.float64) for part in parts]) for i in range(4))
    share = (weight / weight.sum())[:, None]
    whole_mean = (share * mean).sum(0, keepdims=True)
    whole_variance = (share * (variance + np.square(mean - whole_mean))).sum(0, keepdims=True)
    return Moments(weight.sum(keepdims=True), whole_mean, whole_variance, highest.max(0, keepdims=True))


def _go_by(observer: Observer, wide: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Records this layer's moments; returns the mean, variance and maximum that it has to go by."""
    record = _measure(wide, _at_resolution(observer.weight, wide), axes)
    observer.records.append(record)
    if observer.moments is None:
        return record.mean, record.variance, record.highest
    of_whole, earlier = jax.tree.map(lambda each: jnp.asarray(each, wide.dtype), next(observer.moments))
    if not observer.follows:
        return of_whole.mean, of_whole.variance, of_whole.highest
    floor = _FLOOR * of_whole.variance
    mean = of_whole.mean + record.mean - earlier.mean
    return mean, of_whole.variance * (record.variance + floor) / (earlier.variance + floor), of_whole.highest


def _measure(wide: Array, weight: Array, axes: tuple[int, ...]) -> Moments:
    total = weight.sum(_ALL)
    count = total * (wide.shape[-1] if axes == _ALL else 1) + _TINY
    mean = (weight * wide).sum(axes, keepdims=True) / count[:, None, None, None]
    variance = (weight * jnp.square(wide - mean)).sum(axes, keepdims=True) / count[:, None, None, None]
    highest = jnp.where(weight > 0, wide, -jnp.inf).max(_PLACES)
    return Moments(total, mean[:, 0, 0], variance[:, 0, 0], highest)


def _at_resolution(weight: Array | None, x: Array) -> Array:
    """The weights at the places of a layer's values, (batch, height, width, 1): the sum over the pixels that a place stands for."""
    batch, height, width, _ = x.shape
    if weight is None:
        return jnp.ones((batch, height, width, 1), x.dtype)
    blocks = weight.reshape(batch, height, weight.shape[1] // height, width, weight.shape[2] // width)
    return blocks.sum((2, 4))[..., None].astype(x.dtype)
