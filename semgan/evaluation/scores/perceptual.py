"""The diversity of a translator's outputs, in StarGAN v2's protocol (Choi et al. 2020, arXiv 1912.01865, appendix C)."""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Shaped

Outputs = Shaped[np.ndarray, "outputs image height width channel"]
Distance = Callable[[np.ndarray, np.ndarray], Float[np.ndarray, " image"]]
"""The distance of each picture from its partner in a second batch, such as LPIPS."""
OUTPUTS = 10


def output_diversity(outputs: Outputs, distance: Distance) -> Float[np.ndarray, " image"]:
    """Computes for each content the mean distance of all pairs of its outputs (45 of 10), which differ in their styles alone.

    Args:
      outputs: `outputs[j, i]` is content i in style j; at least two styles.
    """
    pairs = list(itertools.combinations(range(len(outputs)), 2))
    if not pairs:
        raise ValueError(f"{len(outputs)} output has no pair: give at least 2 outputs of each content")
    return np.mean([np.asarray(distance(outputs[a], outputs[b]), np.float64) for a, b in pairs], axis=0)


def mean_over_tasks(values: Mapping[str, Float[np.ndarray, " image"]]) -> float:
    """The published figure: the mean of `output_diversity` over the contents of each task (such as "cat2dog"), then over the tasks.

    Each task counts the same. The published code takes the mean of the batches' means, which weighs the contents of a smaller last
    batch more.
    """
    return float(np.mean([np.mean(task) for task in values.values()]))
