"""R3GAN's networks: the official parameter counts, initialisation, and grouped convolutions written either way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks import r3gan
from semgan.networks.r3gan import Discriminator, Generator, GroupedConvolution, grouped_convolution


def _made(module, shape):
    return jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, jnp.float32))["params"]


def _count(tree):
    return sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree))


def test_parameter_counts_at_256_pixels_equal_the_official_ones():
    """23.06M and 23.01M in the paper; to the digit by hand from its widths."""
    widths = (768, 768, 768, 768, 384, 192, 96)
    blocks = sum(2 * (4 * width**2 + 9 * 16 * 2 * width + 4 * width) for width in widths)
    shared = blocks + 768 * 384 + 384 * 192 + 192 * 96 + 96 * 3 + 16 * 768
    assert _count(_made(Generator(256), (1, 64))) == shared + 64 * 768 == 23_057_952
    assert _count(_made(Discriminator(256), (1, 256, 256, 3))) == shared + 768 == 23_009_568


def test_groups_have_16_channels():
    made = _made(Generator(256), (1, 64))
    assert made["block0_0"]["mix"]["kernel"].shape == (3, 3, 16, 1536)
    assert made["block6_1"]["mix"]["kernel"].shape == (3, 3, 16, 192)
    assert "bias1" in made["block0_0"]
    assert [name for name in made if "bias" in name] == []


@pytest.mark.parametrize("groups", [1, 4])
def test_grouped_convolution_is_the_same_written_either_way(monkeypatch, groups):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(2, 6, 6, 8)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(3, 3, 8 // groups, 12)), jnp.float32)
    split = grouped_convolution(x, kernel)
    monkeypatch.setattr(r3gan, "SPLIT_GROUPS", 0)
    np.testing.assert_allclose(split, grouped_convolution(x, kernel), atol=1e-5)


def test_weights_keep_the_variance_and_blocks_start_as_the_identity():
    convolution = GroupedConvolution(256, 3, group_size=16, gain=1.5)
    kernel = jax.jit(convolution.init)(jax.random.key(0), jnp.zeros((1, 4, 4, 32)))["params"]["kernel"]
    assert abs(float(kernel.std()) / (1.5 / 12) - 1) < 0.02
    module = Generator(16, 8, 16, blocks=1, latent_dim=6)
    made = jax.jit(module.init)(jax.random.key(0), jnp.zeros((1, 6)))["params"]
    assert all(not made[f"block{stage}_0"]["project"]["kernel"].any() for stage in range(3))
    gain = np.sqrt(2 / 1.04) * 3**-0.25  # three blocks in all
    expand = np.concatenate(
        [np.ravel(made[f"block{stage}_0"]["expand"]["kernel"]) * np.sqrt(width) for stage, width in enumerate((16, 16, 8))]
    )
    assert abs(expand.std() / gain - 1) < 0.1


@pytest.mark.parametrize("patch_size", [1, 2])
def test_sizes_and_float32_outside_whatever_the_compute_type(patch_size):
    for size in (16, 64):
        options = {"base_channels": 4, "max_channels": 8, "blocks": 1, "group_size": 4, "patch_size": patch_size, "dtype": jnp.bfloat16}
        generator, discriminator = Generator(size, latent_dim=6, **options), Discriminator(size, **options)
        image, made = jax.eval_shape(generator.init_with_output, jax.random.key(0), jnp.zeros((2, 6)))
        assert (image.shape, image.dtype) == ((2, size, size, 3), jnp.float32)
        assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype("float32")}
        logits, _ = jax.eval_shape(discriminator.init_with_output, jax.random.key(0), jnp.zeros((2, size, size, 3)))
        assert (logits.shape, logits.dtype) == ((2,), jnp.float32)


def test_only_the_four_largest_resolutions_compute_in_bfloat16():
    plan = Generator(256, dtype=jnp.bfloat16).plan
    assert [width for width, _ in plan] == [768] * 4 + [384, 192, 96]
    assert [dtype for _, dtype in plan] == [jnp.float32] * 3 + [jnp.bfloat16] * 4
