import numpy as np
import pytest

from semgan.evaluation.scores import moments
from semgan.evaluation.scores.frechet import distance_and_influences
from semgan.evaluation.scores.moments import Moments, moments_of
from tests.evaluation.scores.in_one_number import frechet_distance


def normal(mean, covariance, count=10**6):
    return Moments(np.array(mean, float), np.array(covariance, float), count)


def test_one_dimension_by_hand():
    # (3 - 1)^2 + (2 - 5)^2, with standard deviations 2 and 5
    assert frechet_distance(normal([3], [[4]]), normal([1], [[25]])) == pytest.approx(13, abs=1e-12)


def test_two_points_each_by_hand():
    # means 1 and 10, variances 2 and 8 (unbiased): 81 + 2 + 8 - 2 sqrt(16)
    distance = frechet_distance(moments_of(np.array([[0.0], [2.0]])), moments_of(np.array([[8.0], [12.0]])))
    assert distance == pytest.approx(83, abs=1e-12)


def test_commuting_covariances_have_a_closed_form():
    turn = np.linalg.qr(np.random.RandomState(0).standard_normal((5, 5)))[0]
    a, b = np.array([1, 2, 3, 4, 5.0]), np.array([9, 1, 4, 0.25, 0])
    first, second = normal(np.zeros(5), turn @ np.diag(a) @ turn.T), normal(np.ones(5), turn @ np.diag(b) @ turn.T)
    assert frechet_distance(first, second) == pytest.approx(5 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2), rel=1e-12)


def test_perpendicular_planes_have_a_closed_form():
    # no direction is shared, so nothing is taken off the traces: where a general matrix root fails
    assert frechet_distance(normal([0, 0], [[4, 0], [0, 0]]), normal([0, 0], [[0, 0], [0, 9]])) == pytest.approx(13, abs=1e-12)


def test_two_vectors_span_one_direction_whatever_rounding_says():
    noisy = normal([0, 0], [[4, 0], [0, 1e-6]], count=2)
    assert frechet_distance(noisy, normal([0, 0], [[0, 0], [0, 9]])) == pytest.approx(13 + 1e-6, abs=1e-9)


def test_constant_features_are_compared_by_their_means():
    assert frechet_distance(moments_of(np.zeros((3, 2))), moments_of(np.ones((4, 2)))) == pytest.approx(2, abs=1e-12)


def test_a_set_against_itself_is_at_zero_whatever_its_rank(feature_sets):
    for sets in feature_sets.values():
        for features in sets:
            assert frechet_distance(moments_of(features), moments_of(features[::-1])) < 1e-9


def test_distance_is_symmetric_and_does_not_turn(feature_sets):
    turn = np.linalg.qr(np.random.RandomState(0).standard_normal((256, 256)))[0]
    real, fake = feature_sets["mixed"]
    distance = frechet_distance(moments_of(real), moments_of(fake))
    assert frechet_distance(moments_of(fake), moments_of(real)) == pytest.approx(distance, rel=1e-10)
    assert frechet_distance(moments_of(real @ turn), moments_of(fake @ turn)) == pytest.approx(distance, rel=1e-10)


def test_other_features_are_refused():
    with pytest.raises(ValueError, match="features of 2 and of 3"):
        frechet_distance(normal(np.zeros(2), np.eye(2)), normal(np.zeros(3), np.eye(3)))
    with pytest.raises(ValueError, match="not finite"):
        frechet_distance(normal([np.nan], [[1]]), normal([0], [[1]]))


@pytest.mark.parametrize("name", ["many", "deficient"])
@pytest.mark.parametrize("side", [0, 1])
def test_influence_is_the_derivative_by_a_vectors_weight(name, side, feature_sets):
    sets = [features[:300] for features in feature_sets[name]]
    known = [moments_of(features) for features in sets]
    given = [None, None]
    given[side] = sets[side]
    distance, (influence,) = distance_and_influences(*known, *given)
    assert distance == pytest.approx(frechet_distance(*known), rel=1e-12)

    def distance_with(weight, place):
        centred = sets[side][place] - known[side].mean
        mean = known[side].mean + weight * centred
        covariance = (1 - weight) * known[side].covariance + weight * (1 - weight) * np.outer(centred, centred)
        moved = list(known)
        moved[side] = Moments(mean, covariance, known[side].count)
        return frechet_distance(*moved)

    slopes = np.array([(distance_with(1e-5, place) - distance_with(0, place)) / 1e-5 for place in range(4)])
    # influences are those of each vector less their mean, and the covariance is divided by count - 1
    np.testing.assert_allclose(slopes - slopes[0], influence[:4] - influence[0], rtol=0.01, atol=0.02 * np.abs(influence).max())


def test_moments_in_batches_are_those_of_all():
    features = np.random.RandomState(0).standard_normal((1000, 7)) * 1e-3 + 1e4  # a mean that would swamp sums of squares
    running = moments.nothing(7)
    for start, stop in ((0, 1), (1, 400), (400, 993), (993, 1000)):
        running = moments.add(running, features[start:stop])
    found = moments.finish(running)
    assert found.count == 1000
    np.testing.assert_allclose(found.mean, features.mean(0), rtol=1e-14)
    np.testing.assert_allclose(found.covariance, np.cov(features, rowvar=False), rtol=1e-6, atol=1e-15)
    halves = [moments.add(moments.nothing(7), half) for half in (features[:300], features[300:])]
    np.testing.assert_allclose(moments.finish(moments.merge(*halves)).covariance, found.covariance, rtol=1e-6, atol=1e-15)


def test_one_vector_has_no_covariance():
    with pytest.raises(ValueError, match="1 feature vectors have no covariance"):
        moments_of(np.zeros((1, 3)))
