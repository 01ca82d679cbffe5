"""How well the places of one picture are found again in another, from features of every place (numpy, no state).

Features are float32 (pictures, places, features), one row per place of a square grid, in the order of reading.
"""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

Features = Float[np.ndarray, "count place feature"]
PerPicture = Float[np.ndarray, " count"]
_CHUNK = 25
"""Pictures that are compared at once, so that memory stays small."""
_ANCHORS = 16
"""Places along a side that are looked for in the other picture, at most; they are spread evenly."""


def standardize(features: Features, mean: Features, deviation: Float[np.ndarray, "count 1 feature"]) -> Features:
    """Features in deviations from what is usual, each vector scaled to unit length; 0 where they are as usual."""
    away = (features - mean) / deviation
    return away / (np.linalg.norm(away, axis=-1, keepdims=True) + 1e-6)


def place_match(a: Features, b: Features) -> PerPicture:
    """How near the top of the list a place of `a` finds itself among all places of `b`: 1 where it is always first, 0 always last.

    The mean over the places of 1 - log(1 + r) / log(places), where r places of `b` have a larger cosine with the place of `a` than the
    same place has; of equals, half count. Chance is about 0.15 with 1,024 places.
    """
    count = a.shape[1]
    return np.concatenate([(1 - np.log1p(_ranks(*pair)) / math.log(count)).mean(1) for pair in _chunks(a, b)])


def nearness(a: Features, b: Features) -> Bool[np.ndarray, "count anchor"]:
    """Returns which places of `a` have their nearest place of `b`, by cosine, at most one place away from the same place."""
    side = math.isqrt(a.shape[1])
    anchors = _anchors(side)
    found = np.concatenate([np.matmul(x[:, anchors], y.swapaxes(1, 2)).argmax(-1) for x, y in _chunks(a, b)])
    (y, x), (true_y, true_x) = np.divmod(found, side), np.divmod(anchors, side)
    return np.maximum(np.abs(y - true_y), np.abs(x - true_x)) <= 1


def _ranks(a: Features, b: Features) -> Float[np.ndarray, "count anchor"]:
    """Counts the places of `b` that are nearer to each anchor of `a` than the same place is; of equals half."""
    anchors = _anchors(math.isqrt(a.shape[1]))
    cosines = np.matmul(a[:, anchors], b.swapaxes(1, 2))
    same = np.take_along_axis(cosines, anchors[None, :, None], -1)
    return (cosines > same).sum(-1) + ((cosines == same).sum(-1) - 1) / 2


def _anchors(side: int) -> np.ndarray:
    """Places of a square grid that are compared, as many as `_ANCHORS` along a side, evenly."""
    along = (np.arange(min(side, _ANCHORS)) + 0.5) * side // min(side, _ANCHORS)
    return (along[:, None] * side + along).astype(np.int64).ravel()


def _chunks(a: Features, b: Features) -> Iterator[tuple[Features, Features]]:
    for start in range(0, len(a), _CHUNK):
        yield a[start : start + _CHUNK], b[start : start + _CHUNK]
