"""Blurred changes of resolution against their filters written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.blur import blur_downsample, blur_upsample, gaussian_blur

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [6, 7])
def test_downsampling_is_the_filter_1_2_1_at_every_second_pixel_of_the_mirrored_picture(size):
    x = RNG.normal(size=(2, size, 6, 3))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    taps = np.outer([1, 2, 1], [1, 2, 1]) / 16
    want = np.zeros((2, (size + 1) // 2, 3, 3))
    for i in range(want.shape[1]):
        for j in range(3):
            want[:, i, j] = np.einsum("nyxc,yx->nc", padded[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3], taps)
    np.testing.assert_allclose(blur_downsample(jnp.asarray(x, jnp.float32)), want, atol=1e-5)


def test_upsampling_is_the_filter_1_3_3_1_over_the_picture_with_zeros_between_its_pixels():
    x = RNG.normal(size=(2, 4, 5, 3))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    spread = np.zeros((2, 12, 14, 3))
    spread[:, ::2, ::2] = padded
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    want = np.zeros((2, 8, 10, 3))
    for i in range(8):
        for j in range(10):
            want[:, i, j] = np.einsum("nyxc,yx->nc", spread[:, i : i + 4, j : j + 4], taps)
    np.testing.assert_allclose(blur_upsample(jnp.asarray(x, jnp.float32)), want, atol=1e-5)


def test_upsampling_interpolates_bilinearly():
    x = jnp.asarray(RNG.normal(size=(1, 4, 4, 2)), jnp.float32)
    np.testing.assert_allclose(blur_upsample(x), jax.image.resize(x, (1, 8, 8, 2), "bilinear"), atol=1e-6)


def test_a_flat_picture_stays_flat():
    x = jnp.full((1, 5, 8, 1), 0.7)
    np.testing.assert_allclose(blur_downsample(x), 0.7, rtol=1e-6)
    np.testing.assert_allclose(blur_upsample(x), 0.7, rtol=1e-6)


def test_gaussian_blur_leaves_flat_pictures_and_spreads_a_dot_as_far_as_asked():
    x = jnp.zeros((2, 33, 33, 1)).at[:, 16, 16].set(1.0)
    blurred = gaussian_blur(x, jnp.array([1.5, 3.0]))
    place = jnp.arange(33) - 16
    for picture, deviation in zip(blurred[..., 0], (1.5, 3.0), strict=True):
        assert float(picture.sum()) == pytest.approx(1, abs=1e-3)
        assert float((picture.sum(0) * place**2).sum()) ** 0.5 == pytest.approx(deviation, rel=0.01)
        assert float((picture.sum(1) * place**2).sum()) ** 0.5 == pytest.approx(deviation, rel=0.01)
    flat = jnp.full((1, 8, 12, 3), 0.7)  # borders too
    np.testing.assert_allclose(gaussian_blur(flat, jnp.array([2.0])), flat, atol=1e-6)
