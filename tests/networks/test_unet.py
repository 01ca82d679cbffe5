"""pix2pix's U-Net: the official size, its connections, and dropout that belongs to examples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks import unet
from semgan.networks.unet import UNetGenerator


def test_parameter_count_at_256_pixels_equals_the_official_one():
    image = jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    params = jax.eval_shape(UNetGenerator().init, jax.random.key(0), image)
    assert sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(params)) == 54_413_955
    assert params["params"]["down7"]["kernel"].shape == (4, 4, 512, 512)
    assert "bias" not in params["params"]["down0"]
    assert "down_norm7" not in params["params"]


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)), jnp.float32)


@pytest.fixture(scope="module")
def module_and_params(image):
    module = UNetGenerator(4)
    params = jax.jit(module.init)(jax.random.key(0), image)
    return module, jax.tree.map(lambda x: 5 * x if x.ndim == 4 else x, params)  # louder than N(0, 0.02)


def test_dropout_follows_each_examples_key_and_is_off_without_keys(image, module_and_params):
    module, params = module_and_params
    apply = jax.jit(module.apply)
    keys = jax.vmap(jax.random.key)(jnp.asarray([1, 2, 1]))
    same = jnp.stack([image[0]] * 3)
    out = apply(params, same, keys)
    assert float(jnp.abs(out[0] - out[1]).max()) > 1e-3
    np.testing.assert_allclose(out[0], out[2], atol=1e-6)
    order = jnp.asarray([2, 0, 1])
    np.testing.assert_allclose(apply(params, image[order], keys[order]), apply(params, image, keys)[order], atol=1e-5)
    assert float(jnp.abs(apply(params, same) - out).max()) > 1e-3
    assert out.shape == image.shape
    assert float(jnp.abs(out).max()) <= 1


def test_each_level_of_the_way_up_sees_that_of_the_way_down(image, module_and_params):
    """Without its skip half, the kernel of the last level alone decides what full-resolution details come through."""
    module, params = module_and_params
    apply = jax.jit(module.apply)
    kernel = params["params"]["to_rgb"]["kernel"]
    assert kernel.shape == (4, 4, 8, 3)
    for half in (slice(0, 4), slice(4, 8)):
        cut = {"params": {**params["params"], "to_rgb": {**params["params"]["to_rgb"], "kernel": kernel.at[:, :, half].set(0)}}}
        assert float(jnp.abs(apply(cut, image) - apply(params, image)).max()) > 1e-3


def test_dropout_drops_half_of_the_values_anew_at_every_place():
    keys = jax.vmap(jax.random.key)(jnp.arange(2))
    values = np.asarray(unet._dropout(jnp.ones((2, 16, 24, 32)), keys, 4))
    assert set(np.unique(values)) == {0, 2}
    assert abs(values.mean() - 1) < 0.03
    for other in (values[:, 1:], values[:, :, 1:], values[1:]):  # no row, column or example repeats another
        same = (other == values[: other.shape[0], : other.shape[1], : other.shape[2]]).mean()
        assert abs(same - 0.5) < 0.03
