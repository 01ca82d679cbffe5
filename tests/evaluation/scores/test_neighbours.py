"""Distances between feature vectors, beside those of all pairs."""

import numpy as np
import pytest

from semgan.evaluation.scores.neighbours import mean_distance, nearest, nearest_of_group


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
