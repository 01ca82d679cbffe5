"""Instance norm and AdaIN against NumPy written from the formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.normalize import AdaptiveInstanceNorm, InstanceNorm, instance_norm

PYTORCH_EPSILON = 1e-5
"""What `torch.nn.InstanceNorm2d` adds to the variance by default."""


def _images(seed=0, shape=(2, 5, 4, 3)):
    return np.random.default_rng(seed).normal(2.0, 3.0, shape).astype(np.float32)


def _reference(x):
    wide = x.astype(np.float64)
    mean, variance = wide.mean((1, 2), keepdims=True), wide.var((1, 2), keepdims=True)
    return (wide - mean) / np.sqrt(variance + PYTORCH_EPSILON)


def test_instance_norm_equals_numpy_in_float64():
    x = _images()
    np.testing.assert_allclose(instance_norm(jnp.asarray(x)), _reference(x), atol=2e-6)


def test_epsilon_is_pytorchs():
    """Pixels 0.002 apart have a variance of 1e-6: beside 1e-5 they come out at 1 / sqrt(11), beside flax's 1e-6 at 1 / sqrt(2)."""
    x = jnp.asarray([0.5 - 0.001, 0.5 + 0.001] * 2, jnp.float32).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(instance_norm(x).ravel(), np.array([-1, 1, -1, 1]) / np.sqrt(11), rtol=1e-3)
    np.testing.assert_allclose(instance_norm(jnp.asarray(1e-3 * _images())), _reference(1e-3 * _images()), atol=1e-5)


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


@pytest.fixture(scope="module")
def adain():
    """A layer of three channels and a style of four, with a bias that is not 0."""
    rng = np.random.default_rng(3)
    params = {"style": {"kernel": _array(rng.normal(size=(4, 6))), "bias": _array(rng.normal(size=6))}}
    return lambda *inputs: AdaptiveInstanceNorm().apply({"params": params}, *inputs)


def _array(values):
    return jnp.asarray(values, jnp.float32)


def _styles(*shape):
    return _array(np.random.default_rng(1).normal(size=shape))


def _regions(*shape):
    weights = np.random.default_rng(5).random(shape)
    return _array(weights / weights.sum(-1, keepdims=True))


def test_regions_of_one_style_are_as_if_there_were_none(adain):
    x, style = _array(_images(shape=(2, 8, 8, 3))), _styles(2, 4)
    same = adain(x, jnp.repeat(style[:, None], 3, 1), _regions(2, 8, 8, 3))
    np.testing.assert_allclose(same, adain(x, style), rtol=1e-5, atol=1e-5)


def test_each_place_has_the_scale_and_bias_of_its_region(adain):
    x, styles = _array(_images(shape=(2, 4, 4, 3))), _styles(2, 2, 4)
    halves = jnp.zeros((2, 4, 4, 2)).at[:, :, :2, 0].set(1).at[:, :, 2:, 1].set(1)
    first, second = (adain(x, styles[:, region]) for region in range(2))
    expected = jnp.concatenate([first[:, :, :2], second[:, :, 2:]], 2)
    np.testing.assert_allclose(adain(x, styles, halves), expected, rtol=1e-5, atol=1e-5)


def test_regions_are_averaged_down_by_area(adain):
    x, styles, regions = _array(_images(shape=(2, 4, 4, 3))), _styles(2, 3, 4), _regions(2, 8, 8, 3)
    mean = regions.reshape(2, 4, 2, 4, 2, 3).mean((2, 4))
    np.testing.assert_allclose(adain(x, styles, regions), adain(x, styles, mean), rtol=1e-5, atol=1e-5)


def test_codes_and_regions_go_together(adain):
    x = _array(_images())
    with pytest.raises(ValueError, match=r"the style has the shape \(2, 3, 4\)"):
        adain(x, _styles(2, 3, 4))
    with pytest.raises(ValueError, match=r"with regions \(batch, region, style\)"):
        adain(x, _styles(2, 4), _regions(2, 5, 4, 3))
