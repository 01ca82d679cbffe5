"""What the toy's runs leave behind."""

import jax
import numpy as np

from semgan.training.checkpoints import Checkpoints
from semgan.training.optimizers import make_transforms
from semgan.training.state import init_state
from tests.training import toy


def final_state(workdir, config):
    """Of the newest checkpoint, as host arrays."""
    algorithm = toy.make(config)
    transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=1.0)
    image = np.zeros((1, toy.SIZE, toy.SIZE, 3), np.float32)
    shapes = jax.eval_shape(lambda: init_state(algorithm, transforms, jax.random.key(0), {"image": image}))
    restored = Checkpoints(workdir / "checkpoints").restore(shapes)
    assert restored is not None
    return restored.state
