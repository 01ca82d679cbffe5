"""Modulated convolution against its definition, one example's weights at a time in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.fir import convolve_up
from semgan.layers.modulated import ModulatedConv

BATCH, SIZE, IN, OUT, DIM = 3, 5, 4, 6, 7


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(BATCH, SIZE, SIZE, IN)), jnp.float32), jnp.asarray(rng.normal(size=(BATCH, DIM)), jnp.float32)


def _params(module, inputs):
    return jax.jit(module.init)(jax.random.key(0), *inputs)["params"]


def _run(module, params, x, w):
    return jax.jit(module.apply)({"params": params}, x, w)


def _weights(params, w, size, demodulate):
    """(batch, size, size, in, out): equations 1 and 3 as they stand."""
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    style = np.asarray(w, np.float64) @ params["style"]["kernel"] / np.sqrt(DIM) + params["style"]["bias"]
    weights = style[:, None, None, :, None] * params["kernel"] / np.sqrt(size * size * IN)
    return weights / np.sqrt(np.square(weights).sum((1, 2, 3), keepdims=True) + 1e-8) if demodulate else weights


@pytest.mark.parametrize(("size", "demodulate", "scale"), [(3, True, 1.0), (3, True, 1e-4), (1, False, 1.0)])
def test_output_is_that_of_each_examples_own_weights(inputs, size, demodulate, scale):
    x, w = inputs
    module = ModulatedConv(OUT, size, demodulate)
    params = _params(module, inputs)
    params = params | {"style": jax.tree.map(lambda leaf: scale * leaf, params["style"])}  # weak styles: the 1e-8 counts
    weights, margin = _weights(params, w, size, demodulate), size // 2
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    want = sum(
        np.einsum("nyxi,nio->nyxo", padded[:, j : j + SIZE, k : k + SIZE], weights[:, j, k]) for j in range(size) for k in range(size)
    )
    np.testing.assert_allclose(_run(module, params, x, w), want, atol=2e-5)


def test_upsampling_output_is_that_of_each_examples_own_weights(inputs):
    x, w = inputs
    module = ModulatedConv(OUT, upsample=True)
    params = _params(module, inputs)
    weights = _weights(params, w, 3, True).astype(np.float32)
    want = np.concatenate([convolve_up(x[n : n + 1], jnp.asarray(weights[n])) for n in range(BATCH)])
    np.testing.assert_allclose(_run(module, params, x, w), want, atol=2e-5)


def test_styles_start_at_one_and_so_does_the_outputs_scale():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 16, 16, 32)), jnp.float32)
    module = ModulatedConv(64)
    y = module.init_with_output(jax.random.key(0), x, jnp.zeros((4, DIM)))[0]
    assert 0.9 < np.std(y[:, 1:-1, 1:-1]) < 1.1


def test_demodulation_takes_out_the_styles_size_and_nothing_overflows(inputs):
    x, w = inputs
    module = ModulatedConv(OUT)
    params = _params(module, inputs)
    large, huge = (_run(module, params, x, w * scale) for scale in (1e12, 1e30))
    np.testing.assert_allclose(large, huge, rtol=1e-3, atol=1e-5)
    gradient = jax.grad(lambda w: _run(module, params, x, w).sum())(w * 1e30)
    assert np.isfinite(gradient).all()


def test_bfloat16_agrees_with_float32(inputs):
    x, w = inputs
    exact, rounded = ModulatedConv(OUT), ModulatedConv(OUT, dtype=jnp.bfloat16)
    params = _params(exact, inputs)
    want, got = _run(exact, params, x, w), _run(rounded, params, x, w)
    assert got.dtype == jnp.bfloat16
    np.testing.assert_allclose(got.astype(jnp.float32), want, atol=0.05)
