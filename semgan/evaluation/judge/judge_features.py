"""A judge's features of a split's pictures."""

import functools
from typing import Any

import jax
import numpy as np

from semgan.data.augment import to_float
from semgan.data.dataset import Dataset
from semgan.evaluation.judge.judge import Judge
from semgan.networks.judge import Heads, JudgeNetwork
from semgan.progress import track

_BATCH = 100


def features_of(judge: Judge, dataset: Dataset, places: np.ndarray | None = None) -> np.ndarray:
    """Returns the judge's features of a split's pictures, float32 (n, f), without its other heads.

    Args:
      places: in the dataset's `rows`; None: all.
    """
    image_rows = dataset.rows if places is None else dataset.rows[places]
    features = []
    starts = range(0, len(image_rows), _BATCH)
    for start in track(starts, f"looking at the {dataset.split} split", len(starts)):
        rows = image_rows[start : start + _BATCH]
        images = dataset.images[np.resize(rows, _BATCH)]  # one size: one compilation
        features.append(np.asarray(_features_of(judge.params, images, judge.heads))[: len(rows)])
    return np.concatenate(features)


@functools.partial(jax.jit, static_argnames="heads")
def _features_of(params: dict[str, Any], images: jax.Array, heads: Heads) -> jax.Array:
    judgement: Any = JudgeNetwork(heads).apply({"params": params}, to_float(images))
    return judgement.features
