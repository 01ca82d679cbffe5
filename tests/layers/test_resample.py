"""Resampling checked by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.resample import average_pool, depth_to_space, high_pass, resize_bilinear, space_to_depth, upsample_nearest


@pytest.fixture
def ramp():
    return jnp.arange(16, dtype=jnp.float32).reshape(1, 4, 4, 1)


def test_average_pool_takes_the_mean_of_two_by_two(ramp):
    np.testing.assert_array_equal(average_pool(ramp)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])


def test_upsample_repeats_pixels_and_pooling_undoes_it(ramp):
    up = upsample_nearest(ramp)
    np.testing.assert_array_equal(up[0, :2, :4, 0], [[0, 0, 1, 1], [0, 0, 1, 1]])
    np.testing.assert_array_equal(average_pool(up), ramp)


def test_bilinear_has_half_pixel_centres_and_no_antialiasing(ramp):
    # down by two: each output pixel's centre lies midway between four input pixels, so only those four count
    np.testing.assert_allclose(resize_bilinear(ramp, 2)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])
    up = resize_bilinear(jnp.asarray([0.0, 4.0]).reshape(1, 1, 2, 1).repeat(2, 1), 4)
    np.testing.assert_allclose(up[0, 0, :, 0], [0, 1, 3, 4])


def test_high_pass_is_eight_times_the_centre_less_its_neighbours_divided_by_the_weight():
    x = np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    sums = sum(padded[:, i : i + 5, j : j + 5] for i in range(3) for j in range(3))
    np.testing.assert_allclose(high_pass(jnp.asarray(x), 4.0), (9 * x - sums) / 4, atol=1e-6)


def test_depth_to_space_inverts_space_to_depth_and_keeps_patches_together(ramp):
    folded = space_to_depth(ramp, 2)
    np.testing.assert_array_equal(folded[0, 0, 1], [2, 3, 6, 7])
    np.testing.assert_array_equal(depth_to_space(folded, 2), ramp)
    np.testing.assert_array_equal(space_to_depth(ramp, 1), ramp)
