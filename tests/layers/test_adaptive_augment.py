"""Discriminator augmentation: exact where it must be, invertible, and drawn with the right probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers import augment_geometry
from semgan.layers.adaptive_augment import augment, colour_matrix, draw, inverse_geometry
from semgan.layers.augment_geometry import rotation, scaling, translation

SIZE = 16
run = jax.jit(augment)
warp = jax.jit(augment_geometry.warp)
geometries = jax.jit(jax.vmap(lambda key, p, size: inverse_geometry(draw(key), p, size), (0, None, None)), static_argnums=2)
colours = jax.jit(jax.vmap(lambda key, p: colour_matrix(draw(key), p), (0, None)))


def _keys(count):
    return jax.random.split(jax.random.key(0), count)


@pytest.fixture
def images():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (4, SIZE, SIZE, 3)), jnp.float32).at[0, 0, 0, 0].set(-0.0)


def _smooth(size):
    line = np.linspace(0, np.pi, size)
    return jnp.asarray(np.stack([np.sin(line)[:, None] * np.cos(k * line)[None] for k in range(3)], -1), jnp.float32)


def test_probability_zero_changes_not_one_bit(images):
    bits = [np.asarray(x).view(np.uint32) for x in (run(images, _keys(4), jnp.float32(0)), images)]
    np.testing.assert_array_equal(*bits)


def test_an_image_for_which_nothing_is_drawn_stays_as_it_is(images):
    """At a tiny p almost no transform is drawn: the matrices are exact identities, and so is resampling by them."""
    np.testing.assert_array_equal(run(images, _keys(4), jnp.float32(1e-9)), images)


def test_each_image_has_the_draws_of_its_own_key(images):
    order = jnp.asarray([2, 0, 3, 1])
    whole = run(images, _keys(4), jnp.float32(0.8))
    np.testing.assert_allclose(run(images[order], _keys(4)[order], jnp.float32(0.8)), whole[order], atol=1e-6)
    same = run(jnp.repeat(images[:1], 4, 0), _keys(4), jnp.float32(0.8))
    assert np.abs(np.asarray(same[1:] - same[:1])).mean() > 0.05


def test_every_transform_is_drawn_with_probability_p():
    """Shares of identities among many draws; two of a flip's, one of a quarter turn's four outcomes change nothing."""
    keys, p = _keys(8000), jnp.float32(0.5)
    unmoved = (np.asarray(geometries(keys, p, 1000)) == np.eye(3)).all((1, 2)).mean()
    # flip, quarter turns, whole pixels, scale, both rotations together, stretch, fractions of pixels
    np.testing.assert_allclose(unmoved, 0.75 * 0.625 * 0.5**5, atol=0.005)
    uncoloured = (np.asarray(colours(keys, p)) == np.eye(4)).all((1, 2)).mean()
    np.testing.assert_allclose(uncoloured, 0.75 * 0.5**4, atol=0.01)


def test_geometry_is_invertible_and_its_area_has_the_papers_spread():
    matrices = np.asarray(geometries(_keys(5000), jnp.float32(1), SIZE), np.float64)
    np.testing.assert_allclose(matrices @ np.linalg.inv(matrices), np.broadcast_to(np.eye(3), matrices.shape), atol=1e-6)
    # mirrors, turns and stretches keep the area; the scale's square is left
    np.testing.assert_allclose(np.log2(np.abs(np.linalg.det(matrices))).std(), 2 * 0.2, rtol=0.05)


def test_warping_back_recovers_the_image():
    size = 64
    image = _smooth(size)
    there = (
        rotation(jnp.cos(0.4), jnp.sin(0.4))
        @ scaling(jnp.float32(0.9), jnp.float32(1.1))
        @ translation(jnp.float32(1.3), jnp.float32(-2.6))
    )
    moved = warp(image, there)
    back = warp(moved, jnp.linalg.inv(there))
    inner = slice(20, -20)
    np.testing.assert_allclose(back[inner, inner], image[inner, inner], atol=0.01)
    assert np.abs(moved - image)[inner, inner].max() > 0.05


def test_whole_pixels_mirrors_and_quarter_turns_move_pixels_exactly(images):
    image, one, zero = images[1], jnp.float32(1), jnp.float32(0)
    np.testing.assert_array_equal(warp(image, scaling(-one, one)), image[:, ::-1])
    np.testing.assert_array_equal(warp(image, rotation(zero, -one)), jnp.rot90(image, -1))
    moved = warp(image, translation(3 * one, -2 * one))
    np.testing.assert_array_equal(moved, np.pad(image, ((2, 0), (0, 3), (0, 0)), "reflect")[:SIZE, 3:])


def test_fractions_are_bilinear_and_the_border_is_a_mirror(images):
    image = np.asarray(images[1], np.float64)
    at = np.pad(image, ((0, 40), (0, 0), (0, 0)), "reflect")[30 : 31 + SIZE]  # NumPy reflects again and again, too
    want = 0.75 * at[:-1] + 0.25 * at[1:]
    np.testing.assert_allclose(warp(images[1], translation(jnp.float32(0), jnp.float32(30.25))), want, atol=1e-5)


def test_colours_turn_and_stretch_about_the_grey_axis():
    matrices = np.asarray(colours(_keys(2000), jnp.float32(1)), np.float64)
    grey = np.ones(3) / np.sqrt(3)
    along = matrices[:, :3, :3] @ grey
    np.testing.assert_allclose(along, (along @ grey)[:, None] * grey, atol=1e-4)  # grey stays grey
    np.testing.assert_allclose(np.log2(np.abs(along @ grey)).std(), 0.5, rtol=0.08)  # by the contrast alone
    np.testing.assert_allclose((along @ grey < 0).mean(), 0.5, atol=0.05)  # the luma flip
    across = np.linalg.det(matrices[:, :3, :3]) / (along @ grey) ** 3
    np.testing.assert_allclose(np.log2(np.abs(across)).std(), 2.0, rtol=0.08)  # the saturation's square


def test_gradient_reaches_the_raw_images(images):
    direction = jnp.asarray(np.random.default_rng(1).normal(size=images.shape), jnp.float32)
    keys, p = _keys(4), jnp.float32(0.7)
    seen, pull = jax.vjp(lambda x: run(x, keys, p), images)
    slope = run(images + direction, keys, p) - seen  # affine in the images
    np.testing.assert_allclose(jnp.vdot(pull(seen)[0], direction), jnp.vdot(slope, seen), rtol=1e-3)
