"""Instance norm and AdaIN against NumPy written from the formula."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.layers.normalize import EPSILON, AdaptiveInstanceNorm, InstanceNorm, instance_norm


def _images(seed=0, shape=(2, 5, 4, 3)):
    return np.random.default_rng(seed).normal(2.0, 3.0, shape).astype(np.float32)


def _reference(x):
    wide = x.astype(np.float64)
    mean, variance = wide.mean((1, 2), keepdims=True), wide.var((1, 2), keepdims=True)
    return (wide - mean) / np.sqrt(variance + EPSILON)


def test_instance_norm_equals_numpy_in_float64():
    x = _images()
    np.testing.assert_allclose(instance_norm(jnp.asarray(x)), _reference(x), atol=2e-6)


def test_epsilon_is_pytorchs():
    x = 1e-3 * _images()  # small enough that 1e-6 in its place would be seen
    np.testing.assert_allclose(instance_norm(jnp.asarray(x)), _reference(x), atol=1e-5)


def test_statistics_stay_float32_in_bfloat16():
    x = jnp.asarray(_images() + 100, jnp.bfloat16)
    out = instance_norm(x)
    assert out.dtype == jnp.bfloat16
    np.testing.assert_allclose(out.astype(jnp.float32), _reference(np.asarray(x, np.float32)), atol=0.02)


def test_affine_scale_and_bias_are_per_channel():
    x = _images()
    params = {"scale": jnp.asarray([1.0, 2.0, -1.0]), "bias": jnp.asarray([0.0, 1.0, 5.0])}
    out = InstanceNorm().apply({"params": params}, jnp.asarray(x))
    np.testing.assert_allclose(out, _reference(x) * np.array([1, 2, -1]) + np.array([0, 1, 5]), atol=1e-5)


def test_adain_scales_by_one_plus_gamma_then_adds_beta():
    x, style = _images(), np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
    module = AdaptiveInstanceNorm()
    variables = module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(style))
    dense = variables["params"]["style"]
    gamma, beta = np.split(style @ np.asarray(dense["kernel"]) + np.asarray(dense["bias"]), 2, axis=1)
    want = (1 + gamma[:, None, None]) * _reference(x) + beta[:, None, None]
    np.testing.assert_allclose(module.apply(variables, jnp.asarray(x), jnp.asarray(style)), want, atol=1e-5)
