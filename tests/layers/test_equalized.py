"""Equalised layers against float64 NumPy, written from the formula, and the variance that they are there to keep."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.layers.equalized import EqualizedConv, EqualizedDense


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_dense_is_the_scaled_product():
    layer = EqualizedDense(4, gain=1.7, lr_multiplier=0.01, bias_init=0.5)
    x = _normal(3, 6)
    params = layer.init(jax.random.key(0), jnp.asarray(x, jnp.float32))["params"]
    expected = x @ (np.asarray(params["kernel"], np.float64) * 1.7 * 0.01 / np.sqrt(6)) + 0.5
    np.testing.assert_allclose(layer.apply({"params": params}, jnp.asarray(x, jnp.float32)), expected, rtol=1e-5, atol=1e-5)


def test_stored_weights_are_larger_by_the_inverse_multiplier():
    params = EqualizedDense(400, lr_multiplier=0.01).init(jax.random.key(0), jnp.zeros((1, 400)))["params"]
    np.testing.assert_allclose(params["kernel"].std(), 100, rtol=0.01)


def test_convolution_is_the_scaled_sum_over_the_window():
    layer = EqualizedConv(2, 3, gain=np.sqrt(2))
    x = _normal(1, 4, 4, 3)
    params = layer.init(jax.random.key(0), jnp.asarray(x, jnp.float32))["params"]
    kernel = np.asarray(params["kernel"], np.float64) * np.sqrt(2) / np.sqrt(27)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = [[np.einsum("yxi,yxio->o", padded[0, y : y + 3, x : x + 3], kernel) for x in range(4)] for y in range(4)]
    np.testing.assert_allclose(layer.apply({"params": params}, jnp.asarray(x, jnp.float32))[0], expected, rtol=1e-4, atol=1e-5)


def test_a_convolution_adds_its_bias_where_it_has_one():
    x, layer = jnp.asarray(_normal(1, 4, 4, 3), jnp.float32), EqualizedConv(2, 3)
    params = layer.init(jax.random.key(0), x)["params"]
    np.testing.assert_array_equal(params["bias"], [0, 0])
    without = EqualizedConv(2, 3, use_bias=False)
    assert without.init(jax.random.key(0), x)["params"].keys() == {"kernel"}
    plain = without.apply({"params": {"kernel": params["kernel"]}}, x)
    moved = layer.apply({"params": params | {"bias": jnp.array([0.5, -2.0])}}, x)
    np.testing.assert_allclose(moved - plain, np.broadcast_to([0.5, -2.0], (1, 4, 4, 2)), atol=1e-5)


def test_output_variance_does_not_depend_on_the_fan_in():
    for width in (16, 1024):
        x = jnp.asarray(_normal(64, width), jnp.float32)
        layer = EqualizedDense(256)
        np.testing.assert_allclose(layer.apply(layer.init(jax.random.key(1), x), x).std(), 1, rtol=0.1)
