"""StarGAN v2's blocks and heads by their formulas, in NumPy and float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.blocks import AdaptiveResidualBlock, DomainHeads, ResidualBlock, UpsamplingBlock, he_normal, select_domain
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


def _interpolated(x):
    """Twice the resolution: each pixel mixes its nearest one and the next 3 to 1, along rows and columns, edges repeated."""
    for axis in (1, 2):
        after = np.concatenate([np.delete(x, 0, axis), np.take(x, [-1], axis)], axis)
        before = np.concatenate([np.take(x, [0], axis), np.delete(x, -1, axis)], axis)
        pairs = np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
        x = pairs.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


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


def test_an_upsampling_block_by_hand():
    """Interpolated after the first convolution, and so is the shortcut."""
    output, p = _with_parameters(UpsamplingBlock(6), X, STYLE)

    def norm(name, x):
        gamma, beta = np.split((STYLE @ p[name]["style"]["kernel"] + p[name]["style"]["bias"])[:, None, None], 2, -1)
        return (1 + gamma) * _normal(x) + beta

    h = _interpolated(convolved(_leaky(norm("norm1", X)), p["conv1"]["kernel"], p["conv1"]["bias"]))
    h = convolved(_leaky(norm("norm2", h)), p["conv2"]["kernel"], p["conv2"]["bias"])
    want = (_interpolated(X @ p["shortcut"]["kernel"][0, 0]) + h) / np.sqrt(2)
    np.testing.assert_allclose(output, want, atol=1e-4 * np.abs(want).max())


def test_an_upsampling_block_doubles_the_resolution_and_follows_its_style():
    module, x, style = UpsamplingBlock(6), jnp.asarray(X[:, :, :2], jnp.float32), jnp.asarray(STYLE, jnp.float32)
    params = module.init(jax.random.key(0), x, style)
    output, other = (module.apply(params, x, each) for each in (style, style.at[1].multiply(-1)))
    assert output.shape == (2, 8, 4, 6)
    np.testing.assert_array_equal(output[0], other[0])
    assert np.abs(output[1] - other[1]).mean() > 0.1 * np.abs(output[1]).mean()


def test_an_upsampling_block_gives_each_region_its_style():
    """One region that is the whole picture, at the higher resolution, is as if there were none."""
    module, x, codes = UpsamplingBlock(6), jnp.asarray(X, jnp.float32), jnp.asarray(RNG.normal(size=(2, 3, 5)), jnp.float32)
    params = module.init(jax.random.key(0), x, codes[:, 0])
    regions = jnp.zeros((2, 8, 8, 3)).at[..., 1].set(1)
    plain, whole = module.apply(params, x, codes[:, 1]), module.apply(params, x, codes, regions)
    np.testing.assert_allclose(whole, plain, atol=1e-4 * np.abs(plain).max())


def test_an_upsampling_block_makes_no_lattice_of_a_flat_picture():
    """What differs is the rim, which the zeros outside reach; inside, all pixels of the doubled grid are the same."""
    output, _ = _with_parameters(UpsamplingBlock(6), np.broadcast_to(X[:, :1, :1], (2, 12, 12, 3)), STYLE)
    inside = np.asarray(output)[:, 5:-5, 5:-5]
    assert np.ptp(inside, axis=(1, 2)).max() < 1e-4 * np.abs(output).max()
    assert np.ptp(output, axis=(1, 2)).min() > 1e-2 * np.abs(output).max()
