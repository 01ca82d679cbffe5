"""U-GAT-IT's layers by hand: equation 1 and the clipping of rho, the attention, the modulation; and the sizes of the authors' networks."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.ugatit import LIN, AdaLIN, Attention, Discriminator, Generator, Modulation, clip_rho


def _count(tree):
    return sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree))


@pytest.fixture(scope="module")
def features():
    return jnp.asarray(np.random.default_rng(0).normal(1, 2, (2, 4, 4, 3)) * [1, 3, 0.2], jnp.float32)


def _mixed(x, rho):
    """Rho a_I + (1 - rho) a_L in float64."""
    x = np.asarray(x, np.float64)
    by_channel = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    by_layer = (x - x.mean((1, 2, 3), keepdims=True)) / np.sqrt(x.var((1, 2, 3), keepdims=True) + 1e-5)
    return rho * by_channel + (1 - rho) * by_layer


def test_equation_1_by_hand_with_gamma_and_beta_of_each_image(features):
    rho, rng = np.array([0.0, 0.3, 1.0]), np.random.default_rng(1)
    gamma, beta = jnp.asarray(rng.normal(size=(2, 2, 3)), jnp.float32)
    output = AdaLIN().apply({"params": {"rho": jnp.asarray(rho, jnp.float32)}}, features, gamma, beta)
    np.testing.assert_allclose(output, gamma[:, None, None] * _mixed(features, rho) + beta[:, None, None], atol=1e-4)


def test_learned_gamma_and_beta_by_hand(features):
    params = {"rho": jnp.array([0.9, 0.5, 0.1]), "gamma": jnp.array([2.0, -1.0, 0.5]), "beta": jnp.array([0.0, 3.0, -1.0])}
    want = np.array([2, -1, 0.5]) * _mixed(features, np.array([0.9, 0.5, 0.1])) + np.array([0, 3, -1])
    np.testing.assert_allclose(LIN().apply({"params": params}, features), want, atol=1e-4)


def test_adalin_begins_nearly_by_channel_and_lin_by_layer(features):
    ones = jnp.ones((2, 3))
    assert AdaLIN().init(jax.random.key(0), features, ones, ones)["params"]["rho"].tolist() == [np.float32(0.9)] * 3
    np.testing.assert_allclose(LIN().init_with_output(jax.random.key(0), features)[0], _mixed(features, 0.0), atol=1e-4)


def test_rho_is_clipped_and_only_its_way_out_is_closed():
    rho = jnp.array([-0.2, 0.0, 0.4, 1.0, 1.5])
    np.testing.assert_allclose(clip_rho(rho), [0, 0, 0.4, 1, 1])
    raising, lowering = (jax.grad(lambda rho, sign=sign: sign * clip_rho(rho).sum())(rho) for sign in (-1, 1))
    assert raising.tolist() == [-1, -1, -1, 0, 0]  # descent raises rho
    assert lowering.tolist() == [0, 0, 1, 1, 1]


def test_rho_out_of_bounds_normalises_as_at_the_bound(features):
    params = {"gamma": jnp.ones(3), "beta": jnp.zeros(3)}
    output = LIN().apply({"params": params | {"rho": jnp.array([-1.0, 0.5, 2.0])}}, features)
    np.testing.assert_allclose(output, _mixed(features, np.array([0, 0.5, 1])), atol=1e-4)


@pytest.mark.parametrize("spectral", [False, True])
def test_attention_by_hand(features, spectral):
    module, rng = Attention(spectral), np.random.default_rng(2)
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), module.init(jax.random.key(0), features)["params"])
    average, maximum, x = params["average"][:, 0], params["maximum"][:, 0], np.asarray(features, np.float64)
    if spectral:
        average, maximum = (weights / np.linalg.norm(weights) for weights in (average, maximum))
    attended, logits = module.apply({"params": jax.tree.map(jnp.float32, params)}, features)
    np.testing.assert_allclose(logits, np.stack([x.mean((1, 2)) @ average, x.max((1, 2)) @ maximum], -1), rtol=1e-4)
    weighted = np.concatenate([x * average, x * maximum], -1)
    np.testing.assert_allclose(attended, weighted @ params["mix"]["kernel"][0, 0] + params["mix"]["bias"], rtol=1e-4, atol=1e-4)


def test_modulation_sees_the_means_alone(features):
    module, rng = Modulation(), np.random.default_rng(3)
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), module.init(jax.random.key(0), features)["params"])
    h = np.asarray(features, np.float64).mean((1, 2))
    for name in ("dense1", "dense2"):
        h = np.maximum(h @ params[name]["kernel"], 0)
    gamma, beta = module.apply({"params": jax.tree.map(jnp.float32, params)}, features)
    np.testing.assert_allclose(gamma, h @ params["gamma"]["kernel"], rtol=1e-4)
    np.testing.assert_allclose(beta, h @ params["beta"]["kernel"], rtol=1e-4)
    assert float(jnp.abs(gamma).max()) > 0


def test_generator_has_the_authors_number_of_parameters():
    image = jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    params = jax.eval_shape(Generator().init, jax.random.key(0), image)["params"]
    halves, blocks = 9 * (64 * 128 + 128 * 256), 4 * 2 * 9 * 256**2
    attention, modulation = 2 * 256 + 512 * 256 + 256, 4 * 256**2
    assert _count(params["encoder"]) == 49 * 3 * 64 + halves + blocks
    assert _count(params["attention"]) + _count(params["modulation"]) == attention + modulation
    assert _count(params["decoder"]) == blocks + 4 * 2 * 256 + halves + 3 * (128 + 64) + 49 * 64 * 3


@pytest.mark.parametrize(("layers", "places", "width"), [(3, 30, 512), (5, 6, 2048)])
def test_discriminators_have_the_authors_sizes(layers, places, width):
    module, image = Discriminator(layers=layers), jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    judged, variables = jax.eval_shape(module.init_with_output, jax.random.key(0), image)
    assert judged.logits.shape == (1, places, places)
    assert judged.cam_logits.shape == (1, 2)
    widths = [3, *(64 * 2**index for index in range(layers + 1))]
    assert widths[-1] == width
    convolutions = sum(16 * a * b + b for a, b in pairwise(widths))
    assert _count(variables["params"]) == convolutions + 2 * width + 2 * width**2 + width + 16 * width


def test_networks_work_on_small_pictures_and_keep_within_bounds():
    image = jnp.asarray(np.random.default_rng(4).uniform(-1, 1, (2, 8, 8, 3)), jnp.float32)
    translated = jax.jit(Generator(4, 1, "he").init_with_output)(jax.random.key(0), image)[0]
    assert translated.image.shape == image.shape
    assert float(jnp.abs(translated.image).max()) <= 1
    judged = jax.jit(Discriminator(4, 5).init_with_output)(jax.random.key(0), image)[0]
    assert judged.logits.shape == (2, 2, 2)


def test_bfloat16_compute_keeps_float32_parameters_and_outputs():
    image = jnp.asarray(np.random.default_rng(5).uniform(-1, 1, (2, 8, 8, 3)), jnp.float32)
    for network in (Generator(4, 1, dtype=jnp.bfloat16), Discriminator(4, dtype=jnp.bfloat16)):
        outputs, variables = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
        assert {leaf.dtype for leaf in jax.tree.leaves((outputs, variables))} == {jnp.dtype("float32")}
