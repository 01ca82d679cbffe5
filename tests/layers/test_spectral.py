"""Spectral normalisation by hand, and that its power iteration ends at the largest singular value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.spectral import SpectralConv
from tests.layers.by_hand import convolved


@pytest.fixture(scope="module")
def spectral():
    """A spectral convolution of known weights, its input, and its variables."""
    rng = np.random.default_rng(0)
    module, x = SpectralConv(4), jnp.asarray(rng.normal(size=(2, 5, 5, 3)), jnp.float32)
    variables = module.init(jax.random.key(0), x, train=False)
    params = {"kernel": jnp.asarray(rng.normal(size=(3, 3, 3, 4)), jnp.float32), "bias": jnp.arange(4, dtype=jnp.float32)}
    return module, x, {"params": params, "batch_stats": variables["batch_stats"]}


def test_one_step_of_the_power_iteration_by_hand(spectral):
    module, x, variables = spectral
    matrix, u = np.asarray(variables["params"]["kernel"], np.float64).reshape(27, 4), np.asarray(variables["batch_stats"]["u"])
    assert np.linalg.norm(u) == pytest.approx(1, rel=1e-5)
    left = matrix @ u / np.linalg.norm(matrix @ u)
    right = left @ matrix / np.linalg.norm(left @ matrix)
    output, updated = module.apply(variables, x, train=True, mutable="batch_stats")
    np.testing.assert_allclose(updated["batch_stats"]["u"], right, atol=1e-5)
    kernel, bias = variables["params"]["kernel"], variables["params"]["bias"]
    np.testing.assert_allclose(output, convolved(x, np.asarray(kernel) / (left @ matrix @ right), bias), atol=1e-4)
    still = module.apply(variables, x, train=False)
    np.testing.assert_allclose(still, convolved(x, np.asarray(kernel) / np.linalg.norm(matrix @ u), bias), atol=1e-4)


def test_the_vectors_of_the_iteration_count_as_constants_in_the_gradient(spectral):
    """By the quotient rule along a direction: in (K * x) / (left K right) the vectors do not move with K."""
    module, x, variables = spectral
    rng = np.random.default_rng(1)
    kernel, u = np.asarray(variables["params"]["kernel"], np.float64), np.asarray(variables["batch_stats"]["u"], np.float64)
    direction, weights = rng.normal(size=kernel.shape), rng.normal(size=(2, 5, 5, 4))
    matrix, moved = kernel.reshape(27, 4), direction.reshape(27, 4)
    left = matrix @ u / np.linalg.norm(matrix @ u)
    right = left @ matrix / np.linalg.norm(left @ matrix)
    sigma, change = left @ matrix @ right, left @ moved @ right
    own, along = ((weights * np.asarray(convolved(x, each, np.zeros(4)), np.float64)).sum() for each in (kernel, direction))

    def weighted(kernel):
        inputs = {**variables, "params": {**variables["params"], "kernel": kernel}}
        return (module.apply(inputs, x, train=True, mutable="batch_stats")[0] * weights).sum()

    gradient = np.asarray(jax.grad(weighted)(variables["params"]["kernel"]), np.float64)
    np.testing.assert_allclose((gradient * direction).sum(), along / sigma - own * change / sigma**2, rtol=1e-3)


def test_many_steps_find_the_largest_singular_value(spectral):
    module, x, variables = spectral
    step = jax.jit(lambda variables: module.apply(variables, x, train=True, mutable="batch_stats")[1])
    for _ in range(60):
        variables = {"params": variables["params"], **step(variables)}
    largest = np.linalg.svd(np.asarray(variables["params"]["kernel"]).reshape(27, 4), compute_uv=False)[0]
    expected = convolved(x, np.asarray(variables["params"]["kernel"]) / largest, variables["params"]["bias"])
    for train in (False, True):
        np.testing.assert_allclose(module.apply(variables, x, train=train, mutable="batch_stats")[0], expected, atol=1e-3)
