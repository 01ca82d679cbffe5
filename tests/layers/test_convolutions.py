"""The transposed convolution in its plain form, normalisations and initialisations by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.convolutions import INITIALIZERS, Normalization, TransposedConvolution, convolution

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [3, 4])
def test_transposed_convolution_spreads_every_pixel_by_its_kernel(size):
    """output[2 i + k - 1] += x[i] kernel[k] along rows and columns: stride 2, padding 1."""
    x = RNG.normal(size=(2, 3, 5, 4))
    module = TransposedConvolution(6, size)
    params = module.init(jax.random.key(0), jnp.asarray(x, jnp.float32))
    params["params"]["bias"] = jnp.asarray(RNG.normal(size=6), jnp.float32)
    kernel = np.asarray(params["params"]["kernel"], np.float64)
    spread = np.zeros((2, 2 * 3 + 2, 2 * 5 + 2, 6))
    for i in range(3):
        for j in range(5):
            spread[:, 2 * i : 2 * i + size, 2 * j : 2 * j + size] += np.einsum("ni,klio->nklo", x[:, i, j], kernel)
    want = spread[:, 1:7, 1:11] + np.asarray(params["params"]["bias"])
    np.testing.assert_allclose(module.apply(params, jnp.asarray(x, jnp.float32)), want, atol=1e-5)


def test_only_batch_norm_has_parameters_and_takes_each_example_by_itself():
    x = jnp.asarray(RNG.normal(2, 3, (2, 4, 4, 5)), jnp.float32)
    params = {kind: Normalization(kind).init(jax.random.key(0), x) for kind in ("instance", "batch", "none")}
    assert {kind: len(jax.tree.leaves(tree)) for kind, tree in params.items()} == {"instance": 0, "batch": 2, "none": 0}
    scale = params["batch"]["params"]["scale"]
    assert 0 < float(jnp.abs(scale - 1).max()) < 0.1
    centred = np.asarray(x, np.float64) - np.asarray(x, np.float64).mean((1, 2), keepdims=True)
    want = centred / np.sqrt(np.square(centred).mean((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(Normalization("instance").apply({}, x), want, atol=1e-4)
    np.testing.assert_allclose(Normalization("batch").apply(params["batch"], x), want * np.asarray(scale), atol=1e-4)
    np.testing.assert_array_equal(Normalization("none").apply({}, x), x)


@pytest.mark.parametrize(("name", "deviation"), [("normal", 0.02), ("xavier", 0.02 * np.sqrt(2 / (9 * 96))), ("he", np.sqrt(2 / (9 * 32)))])
def test_initial_weights_have_the_deviation_of_their_name(name, deviation):
    weights = INITIALIZERS[name](jax.random.key(0), (3, 3, 32, 64))
    np.testing.assert_allclose(np.std(weights), deviation, rtol=0.03)


def test_a_convolution_has_a_bias_no_border_and_normal_weights_unless_told_otherwise():
    module, x = convolution(64, 3, dtype=jnp.float32), jnp.ones((1, 5, 5, 32))
    output, variables = module.init_with_output(jax.random.key(0), x)
    assert output.shape == (1, 3, 3, 64)
    assert variables["params"].keys() == {"kernel", "bias"}
    np.testing.assert_array_equal(variables["params"]["bias"], np.zeros(64))
    np.testing.assert_allclose(np.std(variables["params"]["kernel"]), 0.02, rtol=0.03)
