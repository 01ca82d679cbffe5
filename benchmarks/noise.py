"""Batches of noise, for what is timed without data."""

import numpy as np

from semgan.training.experiment import Experiment


def random_batch(experiment: Experiment, examples: int) -> dict[str, np.ndarray]:
    """A host batch as the loader gives it; labels and masks are 0 or 1, landmarks and boxes fractions."""
    rng = np.random.default_rng(0)
    batch = {}
    for name, shape in experiment.batch_shapes(examples).items():
        if np.issubdtype(shape.dtype, np.floating):
            batch[name] = rng.random(shape.shape, np.float32)
        else:
            batch[name] = rng.integers(0, 256 if name in ("image", "reference", "reference2") else 2, shape.shape).astype(shape.dtype)
    return batch | {"position": np.arange(examples, dtype=np.int32)}
