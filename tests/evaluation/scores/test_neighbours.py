"""Nearest rows and mean distances between feature vectors, by hand."""

import numpy as np
import pytest

from semgan.evaluation.scores.neighbours import mean_distance, nearest, nearest_of_group


def test_the_nearest_row_and_its_distance():
    features, others = np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([[9.0, 9.0], [3.0, 4.0], [5.0, 5.0]])
    distances, rows = nearest(features, others)
    assert distances.tolist() == [5.0, 0.0]
    assert rows.tolist() == [1, 2]


def test_distances_are_taken_exactly_where_float32_products_would_not_tell():
    features = np.full((1, 4), 1000.0, np.float32)
    distances, rows = nearest(features, np.stack([features[0] + np.float32(0.25), features[0] + 8]))
    assert (distances.tolist(), rows.tolist()) == ([0.5], [0])
    assert distances.dtype == np.float64


def test_rows_beyond_the_first_block_are_measured_too():
    features = np.arange(600.0)[:, None]
    distances, rows = nearest(features, features[::-1] + 0.25)
    np.testing.assert_array_equal(distances, np.full(600, 0.25))
    np.testing.assert_array_equal(rows, np.arange(600)[::-1])
    assert mean_distance(features) == pytest.approx(601 / 3)  # of places 0 to n - 1: (n + 1) / 3


def test_the_mean_distance_leaves_out_each_row_s_own():
    assert mean_distance(np.array([[0.0, 0.0], [3.0, 4.0]])) == 5
    assert mean_distance(np.array([[0.0], [1.0], [3.0]])) == 2


def test_equal_rows_are_at_no_distance_though_squares_are_rounded():
    rows = np.tile(np.array([[0.1, 1e4, 3.3]]), (5, 1))
    assert 0 <= mean_distance(rows) < 1e-2


def test_distances_are_those_of_all_pairs():
    draw = np.random.default_rng(0)
    features, others = draw.normal(size=(300, 5)).astype(np.float32), draw.normal(size=(70, 5)).astype(np.float32)
    full = np.linalg.norm(features[:, None].astype(np.float64) - others, axis=-1)
    distances, rows = nearest(features, others)
    np.testing.assert_allclose(distances, full.min(1), rtol=1e-6)
    np.testing.assert_array_equal(rows, full.argmin(1))
    assert nearest(others[:3], others)[0].tolist() == [0, 0, 0]
    among = np.linalg.norm(features[:, None].astype(np.float64) - features, axis=-1)
    assert mean_distance(features) == pytest.approx(among.sum() / (300 * 299))


def test_neighbours_are_sought_in_the_own_domain_alone():
    features, others = np.array([[0.0, 0], [0, 1]], np.float32), np.array([[0.0, 0.1], [3, 0], [0, 1]], np.float32)
    distances, rows = nearest_of_group(features, np.array([1, 0]), others, np.array([0, 1, 0]))
    assert rows.tolist() == [1, 2]
    np.testing.assert_allclose(distances, [3, 0])
    same = np.zeros(2, int), np.zeros(3, int)
    np.testing.assert_allclose(nearest_of_group(features, same[0], others, same[1])[0], nearest(features, others)[0])
