"""How a dataset's pictures are aligned: where the landmarks lie in them, for pictures that are to be aligned in the same way later."""

from typing import Any

import numpy as np

from semgan.data.dataset import Dataset

MEAN, DEVIATION = "mean", "deviation"
_DIGITS = 6  # of fractions: far below a pixel


def alignment_of(dataset: Dataset) -> dict[str, Any] | None:
    """The mean of the landmarks over the used rows and their standard deviation; None for a dataset without landmarks.

    Returns:
      `mean` and `deviation`, lists (5, 2) of (x, y) in fractions of the square that training sees; plain data for a snapshot's meta.
    """
    if "landmarks" not in dataset.annotations:
        return None
    landmarks = np.asarray(dataset.annotations["landmarks"][dataset.rows], np.float64)
    return {MEAN: landmarks.mean(0).round(_DIGITS).tolist(), DEVIATION: landmarks.std(0).round(_DIGITS).tolist()}
