import numpy as np
import pytest

from semgan.evaluation.scores import manifold
from semgan.evaluation.scores.manifold import membership
from tests.evaluation.scores.in_one_number import density_coverage, precision_recall


def column(*places):
    return np.array(places, float)[:, None]


def test_four_points_by_hand():
    real, fake = column(0, 1, 2, 10), column(2.4, 2.9, 30)
    found = membership(real, fake, precision_neighbours=1, density_neighbours=1)
    # the real balls reach 1, 1, 1 and 8: 2.4 and 2.9 are in those of 2 and 10, 30 is in none
    np.testing.assert_array_equal(found.precision, [1, 1, 0])
    np.testing.assert_array_equal(found.density, [2, 2, 0])
    np.testing.assert_array_equal(found.coverage, [0, 0, 1, 1])
    # the generated ones reach 0.5, 0.5 and 27.1: 2 is in 2.4's, 10 in 30's
    np.testing.assert_array_equal(found.recall, [0, 0, 1, 1])


def test_border_belongs_to_the_balls_of_precision_but_not_of_density():
    real, fake = column(0, 1, 5), column(2, 50)  # the balls reach 1, 1 and 4; 2 lies on the border of 1's and inside 5's
    both, border_alone = (membership(known, fake, precision_neighbours=1, density_neighbours=1) for known in (real, real[:2]))
    assert (both.precision[0], both.density[0]) == (1, 1)
    assert (border_alone.precision[0], border_alone.density[0]) == (1, 0)


def test_ball_is_not_covered_from_its_border():
    real = column(-2, 0, 2)
    nearest = {"precision_neighbours": 1, "density_neighbours": 1}
    assert density_coverage(real, column(4, 9), **nearest) == (0, 0)
    assert density_coverage(real, column(3.9, 9), **nearest) == (1 / 2, 1 / 3)


def test_copies_are_at_no_distance_and_near_things_at_theirs():
    features = np.random.RandomState(0).standard_normal((50, 300))
    near = features + 1e-4
    ((_, squares, _),) = manifold._squared_distances(features, np.concatenate([features, near]))
    np.testing.assert_array_equal(np.diagonal(squares[:, :50]), 0)
    np.testing.assert_allclose(np.diagonal(squares[:, 50:]), 300e-8, rtol=1e-3)


def test_a_set_against_itself_is_covered_whole(feature_sets):
    for real, _ in feature_sets.values():
        real = real[:300]
        assert precision_recall(real, real) == (1, 1)
        density, coverage = density_coverage(real, real)
        assert coverage == 1
        assert density == pytest.approx(1, abs=1e-9)  # each ball has k vectors inside its border, its own centre one of them


def test_rounding_decides_no_tie(feature_sets, monkeypatch):
    """Distances that another matrix product would give: a set against itself has each ball's k-th neighbour right on its border."""
    draw, exact = np.random.default_rng(0), manifold._squared_distances

    def rounded_otherwise(rows, others):
        for block, squares, rounding in exact(rows, others):
            yield block, squares * (1 + 1e-14 * draw.uniform(-1, 1, squares.shape)), rounding

    monkeypatch.setattr(manifold, "_squared_distances", rounded_otherwise)
    for real, _ in feature_sets.values():
        real = real[:300]
        assert precision_recall(real, real) == (1, 1)
        np.testing.assert_array_equal(membership(real, real).density.sum(), len(real))
        assert density_coverage(real, real)[1] == 1


def test_sets_far_apart_share_nothing(feature_sets):
    real = feature_sets["equal"][0]
    assert precision_recall(real, real + 100) == (0, 0)
    assert density_coverage(real, real + 100) == (0, 0)


def test_copies_of_few_pictures_are_precise_but_cover_little(feature_sets):
    real = feature_sets["equal"][0]
    few = np.tile(real[:10], (50, 1))
    precision, recall = precision_recall(real, few)
    assert (precision, recall) == (1, 10 / 500)  # balls of copies have no radius, so that only their own pictures are found
    assert density_coverage(real, few)[1] < 0.5


def test_blocks_change_nothing(feature_sets, monkeypatch):
    real, fake = (features[:200] for features in feature_sets["many"])
    whole = membership(real, fake)
    monkeypatch.setattr(manifold, "_BLOCK_NUMBERS", 200 * 7)
    for part, of_blocks in zip(whole, membership(real, fake), strict=True):
        np.testing.assert_array_equal(part, of_blocks)


def test_numbers_far_from_zero_lose_no_neighbours(feature_sets):
    real, fake = (features[:200] for features in feature_sets["many"])
    for part, moved in zip(membership(real, fake), membership(real + 1e4, fake + 1e4), strict=True):
        np.testing.assert_array_equal(part, moved)


def test_too_few_vectors_are_refused():
    with pytest.raises(ValueError, match="more than 5 of each"):
        membership(np.zeros((5, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="more than 3 of each"):
        membership(np.zeros((3, 2)), np.zeros((9, 2)), density_neighbours=1)
    with pytest.raises(ValueError, match="features of 2 and of 3"):
        precision_recall(np.zeros((9, 2)), np.zeros((9, 3)))
