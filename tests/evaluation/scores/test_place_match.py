import numpy as np
import pytest

from semgan.evaluation.scores import place_match as matching


def one_hot(places):
    """Features that no two places share: (1, places, places)."""
    return np.eye(places, dtype=np.float32)[None]


def test_same_features_match_in_full():
    assert matching.place_match(one_hot(16), one_hot(16)) == pytest.approx([1])


def test_match_by_hand():
    """Of four places one finds itself first; the others find one, two and three places nearer than themselves."""
    cosines = np.array([[4, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2, 1]]) / 10  # row: place of a, column: place of b
    a, b = np.eye(4, dtype=np.float32)[None], cosines.T[None].astype(np.float32)
    expected = np.mean([1 - np.log(1 + rank) / np.log(4) for rank in range(4)])
    assert matching.place_match(a, b) == pytest.approx([expected])


def test_features_that_are_the_same_everywhere_match_as_if_half_were_nearer():
    flat = np.ones((1, 16, 3), np.float32)
    assert matching.place_match(flat, flat) == pytest.approx([1 - np.log(1 + 7.5) / np.log(16)])


def test_each_pair_is_matched_alone():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 60, 16, 8)).astype(np.float32)
    together = matching.place_match(a, b)
    np.testing.assert_allclose(together[37:38], matching.place_match(a[37:38], b[37:38]))
    assert together.shape == (60,)


def test_all_parts_of_a_large_grid_are_compared():
    """Places that are wrong in one quarter of the picture alone count for about a quarter."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(1, 32, 32, 24)).astype(np.float32)
    a /= np.linalg.norm(a, axis=-1, keepdims=True)
    b = a.copy()
    b[:, :16, 16:] = -b[:, :16, 16:]
    match = matching.place_match(a.reshape(1, -1, 24), b.reshape(1, -1, 24))
    assert match == pytest.approx([0.75], abs=0.01)


def test_standardized_features_are_of_unit_length_and_0_where_as_usual():
    features = np.array([[[3.0, 1.0], [2.0, 1.0]]], np.float32)
    mean, deviation = np.array([[[1.0, 1.0], [2.0, 1.0]]], np.float32), np.array([[[2.0, 1.0]]], np.float32)
    np.testing.assert_allclose(matching.standardize(features, mean, deviation), [[[1, 0], [0, 0]]], atol=1e-5)


def test_nearness_allows_one_place_and_no_more():
    features = one_hot(16)
    grid = features.reshape(1, 4, 4, 16)
    for shift, near in ((1, True), (2, False)):
        moved = np.roll(grid, shift, 2).reshape(1, 16, 16)
        inner = matching.nearness(features, moved).reshape(4, 4)[:, : 4 - shift]
        assert (inner == near).all()
