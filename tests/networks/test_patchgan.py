"""The patch discriminator: the official sizes, and how far a logit sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.patchgan import PatchGAN


@pytest.mark.parametrize(
    ("module", "channels", "count"),
    [(PatchGAN(), 3, 2_764_737), (PatchGAN(antialiased=True), 3, 2_764_737), (PatchGAN(norm="batch"), 6, 2_768_705)],
)
def test_parameter_counts_equal_the_official_ones(module, channels, count):
    image = jax.ShapeDtypeStruct((1, 256, 256, channels), jnp.float32)
    params = jax.eval_shape(module.init, jax.random.key(0), image)
    assert sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(params)) == count
    assert jax.eval_shape(module.apply, params, image).shape == (1, 30, 30)


def test_three_layers_see_seventy_pixels():
    module, image = PatchGAN(2, norm="none"), jnp.zeros((1, 128, 128, 1))
    params = jax.jit(module.init)(jax.random.key(0), image)
    params = jax.tree.map(jnp.abs, params)  # so that nothing cancels
    slope = jax.jit(jax.grad(lambda x: module.apply(params, x)[0, 6, 7]))(image)[0, :, :, 0]
    rows, columns = (np.flatnonzero(np.abs(slope).sum(axis)) for axis in (1, 0))
    assert (len(rows), len(columns)) == (70, 70)
    np.testing.assert_array_equal(rows, np.arange(rows[0], rows[0] + 70))


@pytest.mark.parametrize("size", [8, 16, 32])
@pytest.mark.parametrize("antialiased", [False, True])
def test_small_pictures_leave_logits_as_well(size, antialiased):
    module, image = PatchGAN(4, antialiased=antialiased), jax.ShapeDtypeStruct((2, size, size, 3), jnp.float32)
    logits = jax.eval_shape(lambda x: module.init_with_output(jax.random.key(0), x)[0], image)
    assert logits.shape == (2, 2, 2)


def test_examples_of_a_batch_do_not_touch_each_other():
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)), jnp.float32)
    module = PatchGAN(4, norm="batch", antialiased=True)
    logits, params = jax.jit(module.init_with_output)(jax.random.key(0), images)
    moved = jax.jit(module.apply)(params, images.at[1].multiply(-0.5))
    assert float(jnp.abs(moved[1] - logits[1]).max()) > 1e-4
    np.testing.assert_allclose(moved[0], logits[0], atol=1e-5)
