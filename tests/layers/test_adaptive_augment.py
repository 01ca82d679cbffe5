"""Discriminator augmentation: exact where it must be, invertible, and drawn with the right probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers import augment_geometry
from semgan.layers.adaptive_augment import AugmentDraws, augment, colour_matrix, draw, inverse_geometry
from semgan.layers.augment_geometry import rotation, scaling, translation

SIZE = 16
run = jax.jit(augment, static_argnums=3)
warp = jax.jit(augment_geometry.warp, static_argnums=2)
SUPERSAMPLING = pytest.mark.parametrize("supersampling", [1, 2])
geometries = jax.jit(jax.vmap(lambda key, p, size: inverse_geometry(draw(key), p, size), (0, None, None)), static_argnums=2)
SOMEWHERE = (
    rotation(jnp.cos(0.4), jnp.sin(0.4)) @ scaling(jnp.float32(0.9), jnp.float32(1.1)) @ translation(jnp.float32(1.3), jnp.float32(-2.6))
)
FAR = rotation(jnp.cos(2.0), jnp.sin(2.0)) @ scaling(jnp.float32(2.5), jnp.float32(1.8))
"""Whose corners lie beyond the mirror."""
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


@SUPERSAMPLING
def test_an_image_for_which_nothing_is_drawn_stays_as_it_is(images, supersampling):
    """At a tiny p almost no transform is drawn: the matrices are exact identities, and resampling by them changes rounding at most."""
    same = run(images, _keys(4), jnp.float32(1e-9), supersampling)
    np.testing.assert_allclose(same, images, rtol=0, atol=0 if supersampling == 1 else 1e-6)


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


UNIFORM = np.array([0.3, 0.3, 0.9, 0.2, 0.7, 0.1, 0.0, 0.0, 5 / 6, 0.2, 0.0, 0.0, 0.0])
NORMAL = np.array([0.5, -1.5, 2.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.5, -2.0, 0.5, 0.0, 0.0])
ROTATIONS = (4, 6)


def _turned(angle):
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def _moved(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


GEOMETRY = (
    np.diag([-1.0, 1, 1]),  # 0.3 is in the mirrored half
    np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),  # and in the second quarter
    _moved(2, -1),  # 1.6 and -1.2 pixels of 2 at most, to whole ones
    np.diag([2**0.1, 2**0.1, 1]),
    _turned(0.4 * np.pi),
    np.diag([2**-0.3, 2**0.3, 1]),
    _turned(-0.8 * np.pi),
    _moved(4, -2),  # an eighth of 16 pixels, times 2 and -1
)
GREY = np.full((3, 3), 1 / 3)
COLOUR = (
    np.block([[np.eye(3), np.full((3, 1), 0.3)], [np.zeros((1, 3)), 1]]),
    np.diag([0.5, 0.5, 0.5, 1]),
    np.block([[np.eye(3) - 2 * GREY, np.zeros((3, 1))], [np.zeros((1, 3)), 1]]),
    np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),  # by a third of a turn
    np.block([[GREY + np.sqrt(2) * (np.eye(3) - GREY), np.zeros((3, 1))], [np.zeros((1, 3)), 1]]),
)


def _draws(chance):
    return AugmentDraws(*(jnp.asarray(values, jnp.float32) for values in (chance, UNIFORM, NORMAL)))


def test_every_transform_by_hand_alone_and_in_order():
    """With p = 0.5: a chance below it, or below 1 - sqrt(0.5) = 0.293 for either rotation, applies a transform."""
    matrices = jax.jit(lambda draws: (inverse_geometry(draws, jnp.float32(0.5), 16), colour_matrix(draws, jnp.float32(0.5))))
    for number in range(13):
        chance = np.full(13, 0.51)
        chance[list(ROTATIONS)] = 0.3
        chance[number] = 0.29 if number in ROTATIONS else 0.49
        geometry, colour = matrices(_draws(chance))
        np.testing.assert_allclose(geometry, GEOMETRY[number] if number < 8 else np.eye(3), atol=1e-5, err_msg=str(number))
        np.testing.assert_allclose(colour, COLOUR[number - 8] if number >= 8 else np.eye(4), atol=1e-5, err_msg=str(number))
    geometry, colour = matrices(_draws(np.zeros(13)))
    np.testing.assert_allclose(geometry, np.linalg.multi_dot(GEOMETRY), atol=1e-4)
    np.testing.assert_allclose(colour, np.linalg.multi_dot(COLOUR[::-1]), atol=1e-5)


def test_an_image_has_one_draw_for_each_of_the_13_transforms():
    first, second = jax.random.split(jax.random.key(5))
    chance, uniform, normal = draw(jax.random.key(5))
    np.testing.assert_allclose([chance, uniform], jax.random.uniform(first, (2, 13)), rtol=1e-6)
    np.testing.assert_allclose(normal, jax.random.normal(second, (13,)), rtol=1e-6)


def test_geometry_is_invertible_and_its_area_has_the_papers_spread():
    matrices = np.asarray(geometries(_keys(5000), jnp.float32(1), SIZE), np.float64)
    np.testing.assert_allclose(matrices @ np.linalg.inv(matrices), np.broadcast_to(np.eye(3), matrices.shape), atol=1e-6)
    # mirrors, turns and stretches keep the area; the scale's square is left
    np.testing.assert_allclose(np.log2(np.abs(np.linalg.det(matrices))).std(), 2 * 0.2, rtol=0.05)


@SUPERSAMPLING
def test_warping_back_recovers_the_image(supersampling):
    size = 64
    image = _smooth(size)
    moved = warp(image, SOMEWHERE, supersampling)
    back = warp(moved, jnp.linalg.inv(SOMEWHERE), supersampling)
    inner = slice(20, -20)
    np.testing.assert_allclose(back[inner, inner], image[inner, inner], atol=0.01)
    assert np.abs(moved - image)[inner, inner].max() > 0.05


@SUPERSAMPLING
def test_whole_pixels_move_exactly(images, supersampling):
    moved = warp(images[1], translation(jnp.float32(3), jnp.float32(-2)), supersampling)
    want = np.pad(images[1], ((2, 0), (0, 3), (0, 0)), "reflect")[:SIZE, 3:]
    np.testing.assert_allclose(moved, want, rtol=0, atol=0 if supersampling == 1 else 1e-6)


def test_mirrors_and_quarter_turns_move_pixels_to_their_places(images):
    """Exactly without supersampling; its filter is not quite symmetric, which shifts by less than a fifth of a pixel."""
    image, one, zero = images[1], jnp.float32(1), jnp.float32(0)
    np.testing.assert_array_equal(warp(image, scaling(-one, one), 1), image[:, ::-1])
    np.testing.assert_array_equal(warp(image, rotation(zero, -one), 1), jnp.rot90(image, -1))
    smooth = _smooth(64)
    np.testing.assert_allclose(warp(smooth, scaling(-one, one), 2), smooth[:, ::-1], atol=0.02)
    np.testing.assert_allclose(warp(smooth, rotation(zero, -one), 2), jnp.rot90(smooth, -1), atol=0.02)


def test_fractions_are_bilinear_and_the_border_is_a_mirror_of_a_fixed_width(images):
    """One pixel less than the image wide, whatever is drawn; zeros beyond."""
    image = np.asarray(images[1], np.float64)
    at = np.pad(np.pad(image, ((0, SIZE - 1), (0, 0), (0, 0)), "reflect"), ((0, SIZE), (0, 0), (0, 0)))
    want = 0.75 * at[20 : 20 + SIZE] + 0.25 * at[21 : 21 + SIZE]
    assert (want[-4:] == 0).all()
    np.testing.assert_allclose(warp(images[1], translation(jnp.float32(0), jnp.float32(20.25)), 1), want, atol=1e-5)


def _dense_filter(size, taps):
    """(2 size, size): zeros between the pixels, five of them before, convolved with the taps."""
    matrix = np.zeros((2 * size, size))
    for fine in range(2 * size):
        for pixel in range(size):
            if 0 <= fine - 2 * pixel + 5 < len(taps):
                matrix[fine, pixel] = taps[fine - 2 * pixel + 5]
    return matrix


@pytest.mark.parametrize("inverse", [SOMEWHERE, FAR])
def test_supersampled_lookup_equals_the_formula_in_float64(images, inverse):
    """Mirrored border, doubled through the filter, one fine pixel at a time looked up in it, halved through the filter."""
    image, taps = np.asarray(images[1], np.float64), np.asarray(augment_geometry._SYM6)
    np.testing.assert_allclose([taps @ taps, taps[2:] @ taps[:-2], taps.sum()], [1, 0, np.sqrt(2)], atol=1e-7)
    wide, margin, around = 3 * SIZE - 2, SIZE - 1, 6
    up = _dense_filter(wide, taps)
    field = np.einsum("yi,xj,ijc->yxc", up, up, np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "reflect"))
    off = np.asarray([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    double = np.diag([2.0, 2.0, 1.0])
    fine = off @ double @ np.asarray(inverse, np.float64) @ np.linalg.inv(double) @ np.linalg.inv(off)
    looked_up = np.zeros((2 * SIZE + 2 * around,) * 2 + (3,))
    for y, x in np.ndindex(looked_up.shape[:2]):
        middle = (len(looked_up) - 1) / 2
        column, row, _ = fine @ (x - middle, y - middle, 1) + wide - 0.5
        for i, j in np.ndindex(2, 2):
            top, left = int(np.floor(row)) + i, int(np.floor(column)) + j
            if 0 <= top < 2 * wide and 0 <= left < 2 * wide:
                looked_up[y, x] += (1 - abs(row - top)) * (1 - abs(column - left)) * field[top, left]
    down = _dense_filter(SIZE + around, taps)[:, around // 2 : -around // 2].T
    want = np.einsum("iy,jx,yxc->ijc", down, down, looked_up)
    np.testing.assert_allclose(warp(images[1], inverse, 2), want, atol=2e-5)


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
