import numpy as np
import pytest

from semgan.evaluation.scores.variety import distance_influences, diversity_share, pairwise_distances


def test_pairwise_distance_by_hand():
    # distances 3, 4 and 5 between the corners of a triangle; nothing between three equal points
    triangle = [[[0, 0], [3, 0], [0, 4]], [[1, 1], [1, 1], [1, 1]]]
    np.testing.assert_allclose(pairwise_distances(np.array(triangle, float)), [4, 0])


def test_influences_of_a_mean_distance_by_hand():
    # distances 3, 4 and 5: means 3.5, 4 and 4.5 of the corners
    np.testing.assert_allclose(distance_influences(np.array([[0.0, 0], [3, 0], [0, 4]])), [-1, 0, 1])


def test_a_share_of_the_real_distance_by_hand():
    real = np.array([[0.0, 0], [3, 0], [0, 4]])  # a triangle with sides 3, 4 and 5: 4 apart on average
    assert diversity_share(np.array([[1.0, 1], [1, 3]]), real) == pytest.approx(0.5)
    assert diversity_share(np.array([[1.0, 1]] * 3), real) == 0


def test_a_share_of_nothing_is_unknown():
    two, one = np.array([[0.0, 0], [1, 0]]), np.zeros((1, 2))
    assert [diversity_share(*sets) for sets in ((two, one), (one, two), (two, np.ones((5, 2))))] == [None, None, None]
