"""Distances of styles by hand, and statistics that do not know what a picture shows."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from semgan.evaluation.scores import style_distance
from semgan.evaluation.scores.style_distance import Distances
from semgan.evaluation.scores.style_statistics import color_statistics, pattern_statistics, spectrum_statistics


def plain(colour, size=64):
    return np.full((1, size, size, 3), colour, np.uint8)


def noise(seed, blur=0.0, size=64, low=60, high=190):
    values = np.random.default_rng(seed).standard_normal((1, size, size, 3))
    values = ndimage.gaussian_filter(values, (0, blur, blur, 0), mode="wrap")
    values = (values - values.min()) / (values.max() - values.min())
    return np.rint(low + (high - low) * values).astype(np.uint8)


def all_counted(values):
    values = np.asarray(values, float)
    return Distances(values, np.ones(values.shape, bool))


def without_own(values):
    values = np.asarray(values, float)
    return Distances(values, ~np.eye(len(values), dtype=bool))


def test_white_is_a_hundred_from_black_along_luminance_and_less_along_diagonals():
    """Mean of |100 d_L| over the 13 directions: 1 along L*, 1 / sqrt(2) in four, 1 / sqrt(3) in four, and 0 in the others."""
    expected = 100 * (1 + 4 / 2**0.5 + 4 / 3**0.5) / 13
    (apart,) = style_distance.picture_distances(color_statistics(plain(255)), color_statistics(plain(0))).ravel()
    assert apart == pytest.approx(expected, rel=1e-3)


def test_colours_count_wherever_they_are():
    picture = noise(0, blur=3)
    cells = picture.reshape(1, 16, 4, 16, 4, 3)
    moved = cells[:, ::-1, :, ::-1].reshape(picture.shape)
    apart = style_distance.picture_distances(*map(color_statistics, (picture, moved)))
    assert apart == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("statistics", [spectrum_statistics, pattern_statistics])
def test_texture_is_that_of_the_luminance_at_any_brightness_and_contrast(statistics):
    fine, wide = noise(1, blur=1), noise(2, blur=4)
    fainter = np.rint(0.6 * fine + 60).astype(np.uint8)
    of = [statistics(each) for each in (fine, fainter, wide)]
    same, other = (style_distance.picture_distances(of[0], each).item() for each in of[1:])
    assert same < 0.1 * other


def test_strokes_of_another_direction_are_another_texture():
    wave = np.rint(128 + 60 * np.sin(np.arange(64) * 2 * np.pi / 5))
    across = np.broadcast_to(wave[None, None, :, None], (1, 64, 64, 3)).astype(np.uint8)
    apart = style_distance.picture_distances(spectrum_statistics(across), spectrum_statistics(across.swapaxes(1, 2))).item()
    moved = style_distance.picture_distances(spectrum_statistics(across), spectrum_statistics(np.roll(across, 2, axis=2))).item()
    assert apart > 20 * max(moved, 0.01)


def test_the_energy_distance_by_hand():
    """X in {0, 2} and y in {5, 7}: E|x - y| = 5, E|x - x'| = 2, E|y - y'| = 2, so the distance is the root of 2 * 5 - 2 - 2."""
    to_real = all_counted([[5, 7], [3, 5]])
    among = without_own([[0, 2], [2, 0]])
    assert style_distance.set_distances(np.ones((1, 2)), to_real, among, 2.0) == pytest.approx([6**0.5])


def test_weights_count_pictures_as_often_as_they_are_drawn():
    to_real = all_counted([[5, 7], [3, 5], [4, 4]])
    among = without_own([[0, 2, 1], [2, 0, 3], [1, 3, 0]])
    weighted = style_distance.set_distances(np.array([[2.0, 1.0, 0.0]]), to_real, among, 1.0)
    to, within = (2 * 12 + 8) / (2 * 2 + 2), 2.0  # two of the three drawn are one picture, which is no pair with itself
    assert weighted == pytest.approx([(2 * to - within - 1) ** 0.5])


def test_a_picture_that_has_an_origin_in_common_does_not_count():
    to_real = Distances(np.array([[0.0, 4.0], [6.0, 0.0]]), np.array([[False, True], [True, False]]))
    assert to_real.mean() == 5
    assert np.isnan(Distances(np.zeros((2, 2)), np.zeros((2, 2), bool)).mean())
    assert np.isnan(style_distance.set_distances(np.ones((1, 1)), all_counted([[1.0]]), without_own([[0.0]]), 1.0))


def test_equal_sets_are_at_no_distance_however_small_they_are():
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(400):
        x, y = rng.standard_normal((2, 6, 1))
        to, among, real = (np.abs(a - b.T) for a, b in ((x, y), (x, x), (y, y)))
        squares.append(2 * to.mean() - without_own(among).mean() - without_own(real).mean())
    assert np.mean(squares) == pytest.approx(0, abs=3 * np.std(squares) / 20)


def test_shares_by_hand():
    share = style_distance.adopted_share(np.array([4.0, 1.0, 2.5, 7.0]), np.array([4.0] * 4), np.array([1.0] * 4))
    np.testing.assert_allclose(share, [0, 1, 0.5, (4 - 7) / (7 - 1)])
    assert np.isnan(style_distance.adopted_share(np.array([1.0]), np.array([1.0]), np.array([1.0]))).all()
    assert style_distance.adopted_share(np.array([1e9]), np.array([4.0]), np.array([1.0])) > -1


def test_neither_share_makes_up_for_the_other():
    for a, b in itertools.permutations((0.0, 1.0)):
        assert style_distance.combined_share(np.array([a]), np.array([b])) == pytest.approx(0.15)
    assert style_distance.combined_share(np.array([0.4]), np.array([0.4])) == pytest.approx(0.4)


def test_a_match_is_the_share_of_others_that_are_farther():
    to_real = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(style_distance.reference_matches(to_real, np.array([0, 1, 2, 1])), [1, 0.5, 0, 0.5])
