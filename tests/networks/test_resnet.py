"""The residual generator: the official size, CUT's numbering of its layers, and what each of its options changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.resnet import ResNetGenerator


def _count(tree):
    return sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize("antialiased", [False, True])
def test_nine_blocks_have_the_official_number_of_parameters(antialiased):
    image = jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    assert _count(jax.eval_shape(ResNetGenerator(antialiased=antialiased).init, jax.random.key(0), image)) == 11_378_179


def test_cuts_layers_are_the_margin_both_halvings_convolutions_and_two_blocks():
    module, image = ResNetGenerator(antialiased=True), jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    params = jax.eval_shape(module.init, jax.random.key(0), image)
    features = jax.eval_shape(lambda p, x: module.apply(p, x, (0, 4, 8, 12, 16), method="features"), params, image)
    sizes = [feature.shape[1:] for feature in features]
    assert sizes == [(262, 262, 3), (256, 256, 128), (128, 128, 256), (64, 64, 256), (64, 64, 256)]
    assert module.layer_count == 21


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)), jnp.float32)


@pytest.mark.parametrize("antialiased", [False, True])
def test_output_is_an_image_of_the_same_size_within_bounds(image, antialiased):
    module = ResNetGenerator(4, 1, antialiased)
    out, params = jax.jit(module.init_with_output)(jax.random.key(0), image)
    assert out.shape == image.shape
    assert float(jnp.abs(out).max()) <= 1
    last = jax.eval_shape(lambda p, x: module.apply(p, x, (module.layer_count - 1,), method="features"), params, image)[0]
    assert last.shape == (2, 2, 2, 16)


def test_features_are_those_of_the_layers_asked_for(image):
    module = ResNetGenerator(4, 1, antialiased=True)
    params = jax.jit(module.init)(jax.random.key(0), image)
    margin, after_conv, block = jax.jit(lambda p, x: module.apply(p, x, (0, 1, 12), method="features"))(params, image)
    padded = np.pad(np.asarray(image), ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(margin, padded)
    kernel = np.asarray(params["params"]["encoder"]["from_rgb"]["kernel"])
    np.testing.assert_allclose(after_conv[:, 2, 3], np.einsum("nyxi,yxio->no", padded[:, 2:9, 3:10], kernel), atol=1e-5)
    assert block.shape == (2, 2, 2, 16)


def test_bfloat16_compute_keeps_float32_parameters_and_output(image):
    module = ResNetGenerator(4, 1, dtype=jnp.bfloat16)
    out, params = jax.jit(module.init_with_output)(jax.random.key(0), image)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    assert out.dtype == jnp.float32
    np.testing.assert_allclose(out, jax.jit(ResNetGenerator(4, 1).apply)(params, image), atol=0.1)
