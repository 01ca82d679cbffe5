"""Minibatch standard deviation against float64 NumPy, and its groups."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.minibatch import minibatch_stddev

X = np.random.default_rng(0).normal(size=(8, 2, 2, 3))


def _by_hand(x, size):
    """The added channel, one value per example."""
    groups = len(x) // size
    values = [np.sqrt(x[group::groups].var(0) + 1e-8).mean() for group in range(groups)]
    return np.array([values[example % groups] for example in range(len(x))])


@pytest.mark.parametrize(("group_size", "used"), [(4, 4), (8, 8), (3, 2), (100, 8)])
def test_groups_are_strided_and_divide_the_batch(group_size, used):
    result = minibatch_stddev(jnp.asarray(X, jnp.float32), group_size)
    np.testing.assert_array_equal(result[..., :3], jnp.asarray(X, jnp.float32))
    np.testing.assert_allclose(result[..., 3], np.broadcast_to(_by_hand(X, used)[:, None, None], (8, 2, 2)), rtol=1e-5)


def test_groups_stay_inside_a_device():
    shares = jnp.asarray(X, jnp.float32).reshape(2, 4, 2, 2, 3)
    mapped = jax.pmap(lambda x: minibatch_stddev(x, 4), axis_name="data", devices=jax.devices()[:2])(shares)
    for share in range(2):
        np.testing.assert_allclose(mapped[share, :, 0, 0, 3], _by_hand(X[4 * share : 4 * share + 4], 4), rtol=1e-5)


def test_equal_examples_have_no_deviation_and_a_finite_gradient():
    same = jnp.ones((4, 2, 2, 3))
    gradient = jax.grad(lambda x: minibatch_stddev(x, 4)[..., 3].sum())(same)
    np.testing.assert_allclose(minibatch_stddev(same, 4)[..., 3], 1e-4, rtol=1e-3)
    assert jnp.isfinite(gradient).all()


def test_statistics_are_float32_in_bfloat16():
    x = jnp.asarray(1000 + X, jnp.bfloat16)
    assert minibatch_stddev(x, 4).dtype == jnp.bfloat16
    np.testing.assert_allclose(
        minibatch_stddev(x, 4)[..., 3].astype(jnp.float32)[:, 0, 0], _by_hand(np.asarray(x, np.float64), 4), rtol=0.01
    )
