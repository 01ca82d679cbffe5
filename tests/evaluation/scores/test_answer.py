"""Distances from answers, by hand and by what they have to notice or overlook."""

import numpy as np
import pytest

from semgan.evaluation.scores import answer
from semgan.evaluation.scores.colors import luminance
from semgan.evaluation.scores.spectra import local_spectra


def plain(colour, size=32):
    return np.full((1, size, size, 3), colour, np.uint8)


def noise(seed=0, size=32):
    return np.random.default_rng(seed).integers(0, 256, (1, size, size, 3), dtype=np.uint8)


def stripes(period, shift=0, amplitude=60, size=64, axis=2):
    wave = 128 + amplitude * np.sin(2 * np.pi * (np.arange(size) + shift) / period)
    picture = np.repeat(np.repeat(wave[None, None, :, None], size, 1), 3, 3)
    return np.rint(picture.swapaxes(axis, 2)).astype(np.uint8)


def test_ssim_of_one_window_is_the_formula_with_gaussian_weights():
    a, b = noise(1, 11), noise(2, 11)
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    expected = []
    for channel in range(3):
        x, y = a[0, ..., channel].astype(float), b[0, ..., channel].astype(float)
        mx, my = (weights * x).sum(), (weights * y).sum()
        vx, vy, cov = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum(), (weights * (x - mx) * (y - my)).sum()
        expected.append((2 * mx * my + 6.5025) * (2 * cov + 58.5225) / ((mx**2 + my**2 + 6.5025) * (vx + vy + 58.5225)))
    np.testing.assert_allclose(answer.ssim(a, b), [np.mean(expected)], rtol=1e-9)


def test_ssim_of_equal_pictures_is_one_and_of_plain_ones_that_of_their_brightness():
    assert answer.ssim(noise(), noise()) == pytest.approx(1)
    assert answer.ssim(plain(100), plain(200)) == pytest.approx((2 * 100 * 200 + 6.5025) / (100**2 + 200**2 + 6.5025))


def test_ssim_refuses_pictures_smaller_than_its_window():
    with pytest.raises(ValueError, match="at least 11 pixels, not 10"):
        answer.ssim(noise(size=10), noise(size=10))


def test_psnr_by_hand():
    assert answer.squared_error(plain(10), plain(13)) == pytest.approx(9)
    assert answer.psnr(answer.squared_error(plain(0), plain(255))[0]) == pytest.approx(0)
    assert answer.psnr(65025 / 1000) == pytest.approx(30)
    assert answer.psnr(0.0) == float("inf")


def test_each_region_counts_the_same_however_large_it_is():
    a, b = plain(255), plain(255)
    b[:, :2] = 0
    regions = np.zeros((1, 32, 32), np.uint8)
    regions[:, :2] = 4  # of black against white, delta E 100
    assert answer.region_color_distance(a, b, regions) == pytest.approx(50, abs=0.01)
    assert answer.region_color_distance(a, b, np.zeros_like(regions)) < 10


def test_colours_count_by_their_mean_not_by_their_place():
    a = noise(3)
    regions = np.zeros((1, 32, 32), np.uint8)
    assert answer.region_color_distance(a, a[:, ::-1], regions) == pytest.approx(0, abs=1e-9)


def test_edges_agree_where_they_lie_whatever_the_colours():
    a = plain(30, 64)
    a[:, 16:48, 16:48] = 200
    assert answer.edge_agreement(a, 255 - a) == pytest.approx(1)
    near, far = (answer.edge_agreement(a, np.roll(a, by, 2))[0] for by in (1, 6))
    assert 1 > near > far
    assert far < 0.6
    assert answer.edge_agreement(a, plain(90, 64)) == 0


def test_a_texture_may_be_shifted_but_not_of_another_scale_direction_or_strength():
    here = stripes(8)
    moved = answer.spectrum_distance(here, stripes(8, shift=4))[0]
    others = [stripes(4), stripes(8, axis=1), stripes(8, amplitude=15), stripes(8, amplitude=0)]
    assert all(answer.spectrum_distance(here, other)[0] > 10 * max(moved, 0.01) for other in others)
    assert answer.spectrum_distance(plain(50), plain(200)) == pytest.approx(0, abs=1e-9)


def test_twice_the_contrast_is_six_decibels_where_there_is_any():
    distance = answer.spectrum_distance(stripes(8, amplitude=100), stripes(8, amplitude=50))[0]
    spectra = local_spectra(luminance(stripes(8, amplitude=100)), 2.55)
    loud = (spectra > 40).mean()  # bins far above the least that is seen
    assert loud > 0
    assert distance == pytest.approx(6.02 * loud, rel=0.6)


@pytest.mark.parametrize("distance", [answer.squared_error, answer.ssim, answer.edge_agreement, answer.spectrum_distance])
def test_a_distance_is_the_same_both_ways_and_pair_by_pair(distance):
    a, b = (np.concatenate([noise(seed), noise(seed + 1)]) for seed in (1, 5))
    np.testing.assert_allclose(distance(a, b), distance(b, a))
    np.testing.assert_allclose(distance(a, b)[1:], distance(a[1:], b[1:]))
