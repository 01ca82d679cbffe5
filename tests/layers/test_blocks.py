"""StarGAN v2's blocks and heads by their formulas, in NumPy and float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.blocks import AdaptiveResidualBlock, DomainHeads, ResidualBlock, he_normal, select_domain
from tests.layers.by_hand import convolved

RNG = np.random.default_rng(0)
X, STYLE = RNG.normal(size=(2, 4, 4, 3)), RNG.normal(size=(2, 5))


def _with_parameters(module, *inputs):
    """The module's output for parameters that are normal in every leaf, and these parameters in float64."""
    inputs = [jnp.asarray(each, jnp.float32) for each in inputs]
    shapes = jax.eval_shape(module.init, jax.random.key(0), *inputs)["params"]
    params = jax.tree.map(lambda leaf: RNG.normal(size=leaf.shape), shapes)
    return module.apply({"params": jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)}, *inputs), params


def _normal(x):
    centred = x - x.mean((1, 2), keepdims=True)
    return centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + 1e-5)


def _leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def _halved(x):
    return x.reshape(len(x), 2, 2, 2, 2, -1).mean((2, 4))


def _doubled(x):
    return np.repeat(np.repeat(x, 2, 1), 2, 2)


@pytest.mark.parametrize(("normalize", "downsample", "channels"), [(False, False, 3), (True, False, 6), (True, True, 6)])
def test_a_residual_block_by_hand(normalize, downsample, channels):
    output, p = _with_parameters(ResidualBlock(channels, normalize, downsample), X)
    pool = _halved if downsample else lambda x: x

    def norm(name, x):
        return _normal(x) * p[name]["scale"] + p[name]["bias"] if normalize else x

    h = pool(convolved(_leaky(norm("norm1", X)), p["conv1"]["kernel"], p["conv1"]["bias"]))
    h = convolved(_leaky(norm("norm2", h)), p["conv2"]["kernel"], p["conv2"]["bias"])
    x = X @ p["shortcut"]["kernel"][0, 0] if channels != 3 else X
    np.testing.assert_allclose(output, (pool(x) + h) / np.sqrt(2), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("upsample", "skip", "channels"), [(False, True, 3), (True, True, 6), (True, False, 6)])
def test_an_adaptive_residual_block_by_hand(upsample, skip, channels):
    output, p = _with_parameters(AdaptiveResidualBlock(channels, upsample, skip), X, STYLE)
    resize = _doubled if upsample else lambda x: x

    def norm(name, x):
        gamma, beta = np.split((STYLE @ p[name]["style"]["kernel"] + p[name]["style"]["bias"])[:, None, None], 2, -1)
        return (1 + gamma) * _normal(x) + beta

    h = convolved(resize(_leaky(norm("norm1", X))), p["conv1"]["kernel"], p["conv1"]["bias"])
    h = convolved(_leaky(norm("norm2", h)), p["conv2"]["kernel"], p["conv2"]["bias"])
    x = X @ p["shortcut"]["kernel"][0, 0] if channels != 3 else X
    np.testing.assert_allclose(output, (resize(x) + h) / np.sqrt(2) if skip else h, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3)], ids=["one code", "one code per domain"])
def test_each_domain_has_a_head_of_its_own(shape):
    x = RNG.normal(size=shape)
    output, p = _with_parameters(DomainHeads(5, 4), x)
    heads = [(x if x.ndim == 2 else x[:, domain]) @ p["kernel"][domain] + p["bias"][domain] for domain in range(4)]
    np.testing.assert_allclose(output, np.stack(heads, 1), rtol=1e-4, atol=1e-5)
    for rest in ((), (2, 3)):
        values = RNG.normal(size=(3, 4, *rest))
        chosen = select_domain(jnp.asarray(values, jnp.float32), jnp.array([2, 0, 3]))
        np.testing.assert_allclose(chosen, values[[0, 1, 2], [2, 0, 3]], rtol=1e-6)


def test_weights_begin_with_two_over_the_inputs_as_variance():
    dense = DomainHeads(64, 20).init(jax.random.key(0), jnp.ones((1, 50)))["params"]["kernel"]
    np.testing.assert_allclose([np.std(dense), np.std(he_normal(jax.random.key(0), (3, 3, 32, 64)))], np.sqrt([2 / 50, 2 / 288]), rtol=0.03)
