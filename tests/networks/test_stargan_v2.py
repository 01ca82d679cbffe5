"""StarGAN v2's networks: the official parameter counts, heads by domain, and the high-pass face branch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.stargan_v2 import Discriminator, Generator, MappingNetwork, StyleEncoder


def _image(size, count=1):
    return jax.ShapeDtypeStruct((count, size, size, 3), jnp.float32)


STYLE = jax.ShapeDtypeStruct((1, 64), jnp.float32)
Z = jax.ShapeDtypeStruct((1, 16), jnp.float32)
DOMAIN = jax.ShapeDtypeStruct((1,), jnp.int32)
MASKS = jax.ShapeDtypeStruct((1, 64, 64, 2), jnp.float32)


@pytest.mark.parametrize(
    ("module", "inputs", "count"),
    [
        (Generator(256, high_pass_weight=1.0), (_image(256), STYLE, MASKS), 43_467_395),
        (Generator(256), (_image(256), STYLE), 33_892_995),
        (MappingNetwork(2), (Z, DOMAIN), 2_438_272),
        (StyleEncoder(256, 2), (_image(256), DOMAIN), 20_916_928),
        (Discriminator(256, 2), (_image(256), DOMAIN), 20_852_290),
        (Discriminator(256, 3), (_image(256), DOMAIN), 20_852_803),
    ],
)
def test_parameter_counts_equal_the_official_ones(module, inputs, count):
    shapes = jax.eval_shape(module.init, jax.random.key(0), *inputs)
    assert sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(shapes)) == count


@pytest.fixture(scope="module")
def images():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)), jnp.float32)


def test_each_domain_has_a_head_of_its_own(images):
    module = Discriminator(32, 3, base_channels=4, max_channels=8)
    params = module.init(jax.random.key(0), images, jnp.zeros(2, jnp.int32))
    by_domain = [module.apply(params, images, jnp.full(2, domain)) for domain in range(3)]
    mixed = module.apply(params, images, jnp.asarray([2, 0]))
    np.testing.assert_allclose(mixed, [by_domain[2][0], by_domain[0][1]], rtol=1e-6)
    assert len({float(logits[0]) for logits in by_domain}) == 3


def test_examples_of_a_batch_do_not_touch_each_other(images):
    module = StyleEncoder(32, 2, style_dim=8, base_channels=4, max_channels=8)
    domain = jnp.asarray([0, 1])
    params = module.init(jax.random.key(0), images, domain)
    alone = jnp.concatenate([module.apply(params, images[i : i + 1], domain[i : i + 1]) for i in range(2)])
    np.testing.assert_allclose(module.apply(params, images, domain), alone, atol=1e-5)


def test_generator_output_is_linear_and_style_moves_it(images):
    module = Generator(32, style_dim=8, base_channels=4, max_channels=8, bottleneck_size=8)
    style = jnp.asarray(np.random.default_rng(1).normal(size=(2, 8)), jnp.float32)
    params = module.init(jax.random.key(0), images, style)
    out = module.apply(params, images, style)
    assert out.shape == images.shape
    assert out.dtype == jnp.float32
    assert float(jnp.abs(out).max()) > 1  # no tanh at the output
    assert float(jnp.abs(out - module.apply(params, images, style[::-1])).max()) > 0.01


def test_patches_keep_the_image_size_and_leave_the_full_resolution_alone(images):
    module = Generator(32, style_dim=8, base_channels=4, max_channels=8, bottleneck_size=8, patch_size=2)
    style = jnp.zeros((2, 8))
    params = module.init(jax.random.key(0), images, style)
    assert module.apply(params, images, style).shape == images.shape
    assert params["params"]["from_rgb"]["kernel"].shape == (3, 3, 12, 4)


@pytest.fixture(scope="module")
def face_branch(images):
    module = Generator(32, style_dim=8, base_channels=4, max_channels=8, bottleneck_size=16, high_pass_weight=1.0)
    style, masks = jnp.zeros((2, 8)), jnp.ones((2, 32, 32, 2))
    params = module.init(jax.random.key(0), images, style, masks)
    return lambda weight, masks: Generator(**{**_fields(module), "high_pass_weight": weight}).apply(params, images, style, masks)


def _fields(module):
    return {name: getattr(module, name) for name in ("image_size", "style_dim", "base_channels", "max_channels", "bottleneck_size")}


def test_masks_add_the_contents_details_and_a_larger_weight_adds_less(face_branch):
    nothing = face_branch(1.0, jnp.zeros((2, 32, 32, 2)))
    full, weak = face_branch(1.0, jnp.ones((2, 32, 32, 2))), face_branch(1000.0, jnp.ones((2, 32, 32, 2)))
    assert float(jnp.abs(full - nothing).max()) > 0.01
    assert float(jnp.abs(weak - nothing).max()) < 0.1 * float(jnp.abs(full - nothing).max())


def test_at_32_pixels_only_the_first_mask_counts(face_branch):
    first = jnp.zeros((2, 32, 32, 2)).at[..., 0].set(1)
    np.testing.assert_array_equal(face_branch(1.0, first), face_branch(1.0, jnp.ones((2, 32, 32, 2))))


def test_face_branch_without_masks_is_refused(images):
    module = Generator(32, style_dim=8, base_channels=4, high_pass_weight=1.0)
    with pytest.raises(ValueError, match="masks"):
        module.init(jax.random.key(0), images, jnp.zeros((2, 8)))


def test_bfloat16_compute_keeps_float32_parameters_and_outputs(images):
    module = Generator(32, style_dim=8, base_channels=4, max_channels=8, bottleneck_size=8, dtype=jnp.bfloat16)
    params = module.init(jax.random.key(0), images, jnp.zeros((2, 8)))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    out = module.apply(params, images, jnp.zeros((2, 8)))
    assert out.dtype == jnp.float32
    exact = Generator(32, style_dim=8, base_channels=4, max_channels=8, bottleneck_size=8).apply(params, images, jnp.zeros((2, 8)))
    np.testing.assert_allclose(out, exact, atol=0.1 * float(jnp.abs(exact).max()))
