import jax
import jax.numpy as jnp
import numpy as np

from semgan.losses.reconstruction import dissimilarity


def pictures(seed, smooth=False):
    noise = np.random.default_rng(seed).uniform(-0.9, 0.9, (2, 16, 16, 3))
    return np.cumsum(noise, 1).clip(-1, 1) if smooth else noise


def by_hand(a, b, row, column):
    """(1 - SSIM) / 2 around one pixel, from its Gaussian window's weighted moments."""
    a, b = (a + 1) / 2, (b + 1) / 2
    y, x = np.mgrid[:16, :16]
    window = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.5**2))
    window = (window / window.sum())[None, :, :, None]
    mean_a, mean_b = ((window * each).sum((1, 2)) for each in (a, b))
    variance_a, variance_b = ((window * (each - mean[:, None, None]) ** 2).sum((1, 2)) for each, mean in ((a, mean_a), (b, mean_b)))
    covariance = (window * (a - mean_a[:, None, None]) * (b - mean_b[:, None, None])).sum((1, 2))
    light = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
    return (1 - light * (2 * covariance + 9e-4) / (variance_a + variance_b + 9e-4)) / 2


def test_dissimilarity_of_a_pixel_is_that_of_its_window():
    a, b = pictures(0), pictures(1, smooth=True)
    got = np.asarray(jax.jit(dissimilarity)(jnp.asarray(a), jnp.asarray(b)))
    for row, column in ((8, 8), (0, 5), (15, 15)):
        np.testing.assert_allclose(got[:, row, column], by_hand(a, b, row, column), rtol=1e-4, atol=1e-5)


def test_equal_pictures_are_similar_and_negatives_are_not():
    a = jnp.asarray(pictures(2))
    assert float(jnp.abs(dissimilarity(a, a)).max()) < 1e-4
    assert float(dissimilarity(a, -a).mean()) > 0.6


def test_flat_pictures_have_a_gradient():
    flat = jnp.zeros((1, 16, 16, 3))
    gradient = jax.grad(lambda x: dissimilarity(x, flat + 0.5).mean())(flat)
    assert np.isfinite(gradient).all()
    assert float(gradient.mean()) < 0
