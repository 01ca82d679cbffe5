"""Nearest rows and mean distances between feature vectors, by hand."""

import numpy as np
import pytest

from semgan.evaluation.scores.neighbours import mean_distance, nearest


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
