"""The keys of random draws inside losses, written out: the loss's key, folded with the stream and then with each example's position."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.algorithms.common import draws

RNG, POSITIONS = jax.random.key(2), (5, 9)
BATCH = {"position": jnp.array(POSITIONS)}


def keys(stream):
    return [jax.random.fold_in(jax.random.fold_in(RNG, stream), position) for position in POSITIONS]


def test_draws_are_of_stream_0_unless_another_is_named():
    for own, chosen in ((keys(0), {}), (keys(3), {"stream": 3})):
        np.testing.assert_array_equal(jax.random.key_data(draws.keys(RNG, BATCH, **chosen)), [jax.random.key_data(key) for key in own])
        normal = [jax.random.normal(key, (2, 3)) for key in own]
        np.testing.assert_allclose(draws.normal(RNG, BATCH, 2, 3, **chosen), normal, rtol=1e-6)
        np.testing.assert_allclose(draws.uniform(RNG, BATCH, 4, **chosen), [jax.random.uniform(key, (4,)) for key in own], rtol=1e-6)
        np.testing.assert_allclose(draws.latents(RNG, BATCH, 4, **chosen), [jax.random.normal(key, (4,)) for key in own], rtol=1e-6)
