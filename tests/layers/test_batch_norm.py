"""Batch normalisation against NumPy, over devices, and its running statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.batch_norm import BatchNorm
from semgan.layers.devices import AXIS_NAME

X = jnp.asarray(np.random.default_rng(0).normal(3.0, 2.0, (4, 5, 5, 3)), jnp.float32)
WIDE = np.asarray(X, np.float64)
PYTORCH_EPSILON = 1e-5
"""What `torch.nn.BatchNorm2d` adds to the variance by default."""


@pytest.fixture(scope="module")
def variables():
    made = BatchNorm().init(jax.random.key(0), X, train=True)
    params = {"scale": jnp.asarray([1.0, 2.0, 0.5]), "bias": jnp.asarray([0.0, -1.0, 4.0])}
    return {"params": params, "batch_stats": made["batch_stats"]}


def _expected(x, mean, variance, params):
    normal = (np.asarray(x, np.float64) - np.asarray(mean)) / np.sqrt(np.asarray(variance) + PYTORCH_EPSILON)
    return normal * np.asarray(params["scale"]) + np.asarray(params["bias"])


def test_training_uses_the_batchs_own_mean_and_biased_variance(variables):
    y, _ = BatchNorm().apply(variables, X, train=True, mutable="batch_stats")
    np.testing.assert_allclose(y, _expected(X, WIDE.mean((0, 1, 2)), WIDE.var((0, 1, 2)), variables["params"]), atol=1e-5)


def test_epsilon_is_pytorchs_whatever_statistics_are_used(variables):
    """Values 0.002 apart have a variance of 1e-6, of which 1e-5 more makes eleven."""
    x = jnp.asarray([-0.001, 0.001], jnp.float32).reshape(2, 1) * jnp.ones((1, 3))
    want = np.array([[-1.0], [1.0]]) / np.sqrt(11) * np.asarray(variables["params"]["scale"]) + np.asarray(variables["params"]["bias"])
    y, _ = BatchNorm().apply(variables, x, train=True, mutable="batch_stats")
    np.testing.assert_allclose(y, want, rtol=1e-3)
    running = {"mean": jnp.zeros(3), "variance": jnp.full(3, 1e-6)}
    np.testing.assert_allclose(BatchNorm().apply({**variables, "batch_stats": running}, x, train=False), want, rtol=1e-3)


def test_running_statistics_start_at_the_standard_normals_and_move_by_the_momentum(variables):
    assert {name: float(value.mean()) for name, value in variables["batch_stats"].items()} == {"mean": 0.0, "variance": 1.0}
    _, updated = BatchNorm(momentum=0.75).apply(variables, X, train=True, mutable="batch_stats")
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 0.25 * WIDE.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(updated["batch_stats"]["variance"], 0.75 + 0.25 * WIDE.var((0, 1, 2)), rtol=1e-5)


def test_without_training_the_running_statistics_are_used_and_examples_do_not_touch(variables):
    stats = {"mean": jnp.asarray([1.0, 2.0, 3.0]), "variance": jnp.asarray([4.0, 1.0, 0.25])}

    def apply(x):
        return BatchNorm().apply({**variables, "batch_stats": stats}, x, train=False)

    np.testing.assert_allclose(apply(X), _expected(X, stats["mean"], stats["variance"], variables["params"]), atol=1e-4)
    np.testing.assert_allclose(apply(X)[:1], apply(X[:1]), atol=1e-6)


def test_devices_share_statistics_and_gradients_of_the_whole_batch(variables):
    norm = BatchNorm()

    def loss(params, x):
        y, updated = norm.apply({**variables, "params": params}, x, train=True, mutable="batch_stats")
        return (y**3).mean() + jnp.sin(y).mean(), updated["batch_stats"]

    def input_gradient(shift, x):
        return jax.grad(lambda shift: loss(variables["params"], x + shift * jnp.sin(x))[0])(shift)

    params = variables["params"]
    whole, stats = jax.grad(loss, has_aux=True)(params, X)
    mapped, mapped_stats = jax.pmap(
        lambda params, x: jax.lax.pmean(jax.grad(loss, has_aux=True)(params, x), AXIS_NAME),
        axis_name=AXIS_NAME,
        in_axes=(None, 0),
        devices=jax.devices()[:2],
    )(params, X.reshape(2, 2, 5, 5, 3))
    through = jax.pmap(
        lambda shift, x: jax.lax.pmean(input_gradient(shift, x), AXIS_NAME),
        axis_name=AXIS_NAME,
        in_axes=(None, 0),
        devices=jax.devices()[:2],
    )(0.3, X.reshape(2, 2, 5, 5, 3))
    for name in whole:
        np.testing.assert_allclose(mapped[name][0], whole[name], rtol=1e-4, atol=1e-5)
    for name in stats:
        np.testing.assert_allclose(mapped_stats[name][1], stats[name], rtol=1e-5)
    np.testing.assert_allclose(through[0], input_gradient(0.3, X), rtol=1e-4)


def test_bfloat16_keeps_float32_statistics(variables):
    y, updated = BatchNorm().apply(variables, jnp.asarray(X + 500, jnp.bfloat16), train=True, mutable="batch_stats")
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(updated)} == {jnp.dtype("float32")}
