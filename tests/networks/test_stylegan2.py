"""StyleGAN2's networks: parameter counts of the released models, and what each input of them reaches."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.stylegan2 import Discriminator, Generator, MappingNetwork

SMALL = {"image_size": 16, "channel_base": 64, "max_channels": 6}


def _count(module, *shapes):
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(jax.eval_shape(module.init, jax.random.key(0), *inputs)))


@pytest.fixture(scope="module")
def small():
    """Parameters, normal in every leaf, w's and noise keys of two images, and the jitted network."""
    generator, rng = Generator(**SMALL), np.random.default_rng(0)
    w_plus = jnp.asarray(rng.normal(size=(2, generator.num_ws, 5)), jnp.float32)
    shapes = jax.eval_shape(generator.init, jax.random.key(0), w_plus)["params"]
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), shapes)
    return params, w_plus, jax.random.split(jax.random.key(2), 2), jax.jit(generator.apply)


@pytest.mark.parametrize(
    ("size", "base", "generator", "discriminator"), [(256, 16384, 24_767_458, 24_001_089), (1024, 32768, 30_370_060, 29_012_513)]
)
def test_parameter_counts_are_those_of_the_released_models(size, base, generator, discriminator):
    """Mapping and synthesis together; constants of fixed noise and the mean w are not parameters."""
    synthesis = Generator(size, base)
    assert _count(MappingNetwork(), (1, 512)) + _count(synthesis, (1, synthesis.num_ws, 512)) == generator
    assert _count(Discriminator(size, base), (1, size, size, 3)) == discriminator
    assert synthesis.num_ws == 2 * int(math.log2(size)) - 2


def test_mapping_normalises_z_and_has_unit_scale():
    mapping = MappingNetwork(64, 256, 4)
    z = jax.random.normal(jax.random.key(0), (32, 64))
    variables = mapping.init(jax.random.key(1), z)
    w = mapping.apply(variables, z)
    np.testing.assert_allclose(mapping.apply(variables, 7 * z), w, atol=1e-5)
    assert 0.5 < float(jnp.square(w).mean()) < 2
    np.testing.assert_allclose(np.std(variables["params"]["dense1"]["kernel"]), 100, rtol=0.02)  # drawn 1 / 0.01 larger


def test_each_w_reaches_the_image_and_the_last_only_its_colours(small):
    params, w_plus, _, apply = small
    image = apply({"params": params}, w_plus)
    assert image.shape == (2, 16, 16, 3)
    for layer in range(w_plus.shape[1]):
        assert np.abs(apply({"params": params}, w_plus.at[:, layer].add(1.0)) - image).max() > 1e-4, layer
    muted = {**params, "to_rgb16": jax.tree.map(jnp.zeros_like, params["to_rgb16"])}
    np.testing.assert_array_equal(apply({"params": muted}, w_plus.at[:, -1].add(1.0)), apply({"params": muted}, w_plus))


def test_noise_is_each_examples_own_given_as_keys_or_as_maps(small):
    params, w_plus, keys, apply = small
    image = apply({"params": params}, w_plus, keys)
    np.testing.assert_allclose(apply({"params": params}, w_plus[::-1], keys[::-1]), image[::-1], atol=1e-5)
    silent = [jnp.zeros((1, size, size)) for size in (4, 8, 8, 16, 16)]
    plain = apply({"params": params}, w_plus)
    np.testing.assert_allclose(apply({"params": params}, w_plus, silent), plain, rtol=1e-5)
    assert np.abs(image - plain).max() > 0.01


@pytest.mark.parametrize("architecture", ["skip", "residual"])
def test_either_architecture_has_outputs_of_the_same_shape(architecture):
    generator, discriminator = Generator(**SMALL, architecture=architecture), Discriminator(**SMALL, architecture=architecture)
    image, params = jax.eval_shape(generator.init_with_output, jax.random.key(0), jnp.zeros((2, 6, 5)))
    assert image.shape == (2, 16, 16, 3)
    outputs = {name for name in params["params"] if name.startswith("to_rgb")}
    assert outputs == ({"to_rgb4", "to_rgb8", "to_rgb16"} if architecture == "skip" else {"to_rgb16"})
    assert jax.eval_shape(discriminator.init_with_output, jax.random.key(0), jnp.zeros((2, 16, 16, 3)))[0].shape == (2,)


def test_bfloat16_networks_agree_with_float32(small):
    params, w_plus, keys, apply = small
    exact = apply({"params": params}, w_plus, keys)
    rounded = jax.jit(Generator(**SMALL, dtype=jnp.bfloat16).apply)({"params": params}, w_plus, keys)
    assert rounded.dtype == jnp.float32
    np.testing.assert_allclose(rounded, exact, atol=0.05 * np.abs(exact).max())
