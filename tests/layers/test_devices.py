"""Means and gathers over devices, mapped and not, with the gradients that the step needs."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.layers.devices import AXIS_NAME, gather_over_devices, mean_over_devices, own_share
from semgan.training.parallel import AXIS_NAME as MAPPED

X = jnp.arange(8.0).reshape(4, 2)


def _pmap(f):
    return jax.pmap(f, axis_name=AXIS_NAME, in_axes=(None, 0), devices=jax.devices()[:4])


def test_the_axis_is_the_one_that_training_maps():
    assert AXIS_NAME == MAPPED


def test_nothing_happens_without_a_mapped_axis():
    np.testing.assert_array_equal(jax.jit(mean_over_devices)(X), X)
    np.testing.assert_array_equal(jax.jit(gather_over_devices)(X), X)
    np.testing.assert_array_equal(jax.jit(own_share)(X, X), X)


def test_gather_gives_every_device_the_global_batch_in_order():
    gathered = _pmap(lambda _, x: gather_over_devices(x))(0.0, X.reshape(4, 1, 2))
    for device in range(4):
        np.testing.assert_array_equal(gathered[device], X)


def test_every_device_s_own_share_of_a_gathered_batch_is_its_own_part():
    shares = _pmap(lambda _, x: own_share(10 * gather_over_devices(x), x))(0.0, jnp.arange(24.0).reshape(4, 3, 2))
    np.testing.assert_array_equal(shares, 10 * np.arange(24.0).reshape(4, 3, 2))


def test_the_mean_is_over_all_devices():
    np.testing.assert_array_equal(_pmap(lambda _, x: mean_over_devices(x))(0.0, X.reshape(4, 1, 2))[1, 0], [3, 4])


def test_mean_gradient_over_devices_is_that_of_the_whole_batch():
    """As batch normalisation needs it: the statistic of all devices enters every device's loss."""

    def loss(weight, x):
        h = jnp.sin(weight * x)
        return ((h - mean_over_devices(h.mean())) ** 3 + h).mean()

    whole = jax.grad(loss)(1.3, X)
    mapped = _pmap(lambda weight, x: jax.lax.pmean(jax.grad(loss)(weight, x), AXIS_NAME))(1.3, X.reshape(4, 1, 2))
    np.testing.assert_allclose(mapped, np.full(4, whole), rtol=1e-5)
