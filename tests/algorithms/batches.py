"""Batches of noise as the training step gets them: images in [-1, 1], labels, positions."""

import jax.numpy as jnp
import numpy as np

FIRST_POSITION = 40


def batch_of(count, size, keys=("image", "reference")):
    """`count` square images under each of the keys, without labels."""
    rng = np.random.default_rng(0)
    images = {key: jnp.asarray(rng.uniform(-1, 1, (count, size, size, 3)).astype(np.float32)) for key in keys}
    return images | {"position": FIRST_POSITION + jnp.arange(count, dtype=jnp.int32)}


def batch_of_domains(domain, target_domain, size, keys=("image", "reference")):
    """One example for each label."""
    labels = {"domain": jnp.asarray(domain, jnp.int32), "target_domain": jnp.asarray(target_domain, jnp.int32)}
    return batch_of(len(domain), size, keys) | labels
