"""The resampling filter, alone and joined with a convolution, against float64 sums on a canvas of zeros."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.fir import blur, convolve_down, convolve_up, downsample, upsample

TAPS = np.array([1, 3, 3, 1]) / 8
FILTER = np.outer(TAPS, TAPS)
MARGIN = 8
SIZE = 6


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.fixture
def kernel():
    return np.random.default_rng(1).normal(size=(3, 3, 3, 5)).astype(np.float32)


def _canvas(x, spread=1):
    """`x` in float64 amid zeros, its pixels `spread` apart."""
    side = spread * x.shape[1]
    canvas = np.zeros((len(x), side + 2 * MARGIN, side + 2 * MARGIN, x.shape[3]))
    canvas[:, MARGIN : MARGIN + side : spread, MARGIN : MARGIN + side : spread] = x
    return canvas


def _correlate(canvas, kernel, start):
    """sum_jk kernel[j, k] x[m + start + j, n + start + k]; a kernel of four axes mixes channels too."""
    total = 0
    for j, k in np.ndindex(kernel.shape[:2]):
        moved = np.roll(canvas, (-(start + j), -(start + k)), (1, 2))
        total = total + (moved @ kernel[j, k] if kernel.ndim == 4 else moved * kernel[j, k])
    return total


def _crop(canvas, side, step=1):
    return canvas[:, MARGIN : MARGIN + side : step, MARGIN : MARGIN + side : step]


def test_blur_is_the_outer_product_of_the_taps(image):
    want = _crop(_correlate(_canvas(image), FILTER, -2), SIZE + 1)
    np.testing.assert_allclose(blur(jnp.asarray(image), 2, 2, gain=4.0), 4 * want, atol=1e-5)


def test_upsampling_filters_inserted_zeros_with_a_gain_of_four(image):
    want = 4 * _crop(_correlate(_canvas(image, 2), FILTER, -2), 2 * SIZE)
    np.testing.assert_allclose(upsample(jnp.asarray(image)), want, atol=1e-5)
    flat = upsample(jnp.ones((1, SIZE, SIZE, 1)))[0, 1:-1, 1:-1]
    np.testing.assert_allclose(flat, 1, atol=1e-6)  # brightness is kept


def test_downsampling_keeps_every_second_filtered_pixel(image):
    want = _crop(_correlate(_canvas(image), FILTER, -1), SIZE, 2)
    np.testing.assert_allclose(downsample(jnp.asarray(image)), want, atol=1e-5)


def test_convolution_up_is_zeros_inserted_kernel_and_filter_with_gain(image, kernel):
    want = 4 * _crop(_correlate(_correlate(_canvas(image, 2), kernel, -1), FILTER, -2), 2 * SIZE)
    np.testing.assert_allclose(convolve_up(jnp.asarray(image), jnp.asarray(kernel)), want, atol=1e-4)


def test_convolution_down_is_the_filter_and_the_kernel_at_every_second_pixel(image, kernel):
    want = _crop(_correlate(_correlate(_canvas(image), FILTER, -2), kernel, 0), SIZE, 2)
    np.testing.assert_allclose(convolve_down(jnp.asarray(image), jnp.asarray(kernel)), want, atol=1e-4)


def test_downsampling_is_the_transpose_of_upsampling_up_to_the_gain(image):
    small, large = jnp.asarray(image), jnp.asarray(np.random.default_rng(2).normal(size=(2, 2 * SIZE, 2 * SIZE, 3)), jnp.float32)
    np.testing.assert_allclose(jax.vjp(upsample, small)[1](large)[0], 4 * downsample(large), atol=1e-5)
