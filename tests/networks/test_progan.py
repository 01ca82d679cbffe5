"""ProGAN's networks: the official parameter counts, runtime scaling, and how a resolution fades in."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.progan import Discriminator, Generator, pixel_norm

SIZE, Z = 16, 6


def _count(module, shape):
    made = jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))
    return sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(made["params"]))


def test_parameter_counts_at_1024_pixels_equal_the_official_ones():
    assert _count(Generator(1024), (1, 512)) == 23_079_115
    assert _count(Discriminator(1024), (1, 1024, 1024, 3)) == 23_087_249


@pytest.fixture(scope="module")
def generator():
    module = Generator(SIZE, Z, base_channels=4, max_channels=8)
    z = jax.random.normal(jax.random.key(1), (2, Z))
    variables = jax.jit(module.init)(jax.random.key(0), z)
    return lambda depth, fade=1.0, z=z: jax.jit(partial(module.apply, depth=depth))(variables, z, fade=fade)


@pytest.fixture(scope="module")
def discriminator():
    module = Discriminator(SIZE, base_channels=4, max_channels=8)
    variables = jax.jit(module.init)(jax.random.key(0), jnp.zeros((1, SIZE, SIZE, 3)))
    return lambda image, depth, fade=1.0: jax.jit(partial(module.apply, depth=depth))(variables, image, fade=fade)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_fade_leads_from_the_repeated_lower_resolution_to_the_new_one(generator, depth):
    lower = np.repeat(np.repeat(generator(depth - 1), 2, 1), 2, 2)
    none, half, full = (np.asarray(generator(depth, fade)) for fade in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, lower, atol=1e-5)
    np.testing.assert_allclose(half, (none + full) / 2, atol=1e-5)
    assert np.abs(full - lower).max() > 0.01


def test_a_new_resolution_at_fade_0_leaves_the_discriminator_as_it_was(discriminator):
    image = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)), jnp.float32)
    pooled = image.reshape(4, 8, 2, 8, 2, 3).mean((2, 4))
    np.testing.assert_allclose(discriminator(image, 2, 0.0), discriminator(pooled, 1), atol=1e-5)
    assert float(jnp.abs(discriminator(image, 2, 1.0) - discriminator(image, 2, 0.0)).max()) > 1e-3


def test_latents_count_by_direction_alone(generator):
    z = jax.random.normal(jax.random.key(3), (2, Z))
    np.testing.assert_allclose(generator(0, z=z), generator(0, z=7 * z), atol=1e-5)


def test_pixel_norm_against_numpy():
    x = np.random.default_rng(0).normal(0, 3, (2, 4, 4, 5)).astype(np.float32)
    expected = x.astype(np.float64) / np.sqrt(np.square(x.astype(np.float64)).mean(-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(pixel_norm(jnp.asarray(x)), expected, rtol=1e-5)


def test_weights_are_unit_normal_and_scaled_when_they_run():
    """First dense layer: gain sqrt 2 / 4 over the root of its inputs; what comes out has that gain's deviation."""
    module = Generator(8, 64, base_channels=64, max_channels=64)
    z = jax.random.normal(jax.random.key(1), (8, 64))
    variables = jax.jit(module.init)(jax.random.key(0), z)
    kernel = variables["params"]["from_z"]["kernel"]
    assert abs(float(kernel.std()) - 1) < 0.02
    out = module.bind(variables).from_z(pixel_norm(z)[:, None, None, :])
    assert abs(float(out.std()) / (np.sqrt(2) / 4) - 1) < 0.05
