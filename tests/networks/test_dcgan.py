"""DCGAN's networks: sizes, ranges, and which batches meet in their batch norms."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.dcgan import Discriminator, Generator


def _count(module, shape):
    made = jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))
    return sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(made["params"]))


def test_widths_at_64_pixels_are_the_papers():
    made = jax.eval_shape(Generator(64).init, jax.random.key(0), jnp.zeros((1, 100)))["params"]
    kernels = [made[name]["kernel"].shape[-1] for name in ("from_z", "conv1", "conv2", "conv3", "to_rgb")]
    assert kernels == [16 * 1024, 512, 256, 128, 3]


def test_parameter_count_by_hand():
    """3x3 convolutions up, 4x4 down, two numbers per normalised channel."""
    generator = 100 * 16 * 1024 + 9 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 3 + 2 * (1024 + 512 + 256 + 128)
    discriminator = 16 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024 + 1024) + 128 + 2 * (256 + 512 + 1024) + 1
    assert _count(Generator(64), (1, 100)) == generator
    assert _count(Discriminator(64), (1, 64, 64, 3)) == discriminator


@pytest.mark.parametrize("size", [16, 32, 128])
def test_any_power_of_two_size(size):
    generator, discriminator = Generator(size, 8, 4, 16), Discriminator(size, 4, 16)
    image, _ = jax.eval_shape(generator.init_with_output, jax.random.key(0), jnp.zeros((2, 8)))
    assert image.shape == (2, size, size, 3)
    logits, _ = jax.eval_shape(discriminator.init_with_output, jax.random.key(0), jnp.zeros((2, size, size, 3)))
    assert logits.shape == (2,)


def test_images_are_within_the_range_and_training_joins_the_batch():
    generator = Generator(16, 8, 4, 8)
    z = jax.random.normal(jax.random.key(1), (3, 8))
    variables = jax.jit(generator.init)(jax.random.key(0), z)
    plain = jax.jit(generator.apply)
    alone = jnp.concatenate([plain(variables, z[index : index + 1]) for index in range(3)])
    np.testing.assert_allclose(plain(variables, z), alone, atol=1e-6)
    trained, updated = jax.jit(partial(generator.apply, train=True, mutable="batch_stats"))(variables, z)
    assert float(jnp.abs(trained).max()) < 1
    assert float(jnp.abs(trained - alone).max()) > 1e-3
    changed = [(a != b).any() for a, b in zip(*map(jax.tree.leaves, (updated["batch_stats"], variables["batch_stats"])), strict=True)]
    assert all(changed)
