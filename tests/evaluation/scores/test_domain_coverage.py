import numpy as np
import pytest

from semgan.evaluation.scores.domain_coverage import coverage_interval, domain_coverage, domain_shares


def test_coverage_by_hand():
    assert domain_coverage(np.array([1.0, 0, 0]), np.array([0.5, 0.25, 0.25])) == 0.5
    assert domain_coverage(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 1


def test_shares_by_hand():
    np.testing.assert_array_equal(domain_shares(np.array([0, 2, 2, 0, 2, 2, 2, 2]), 4), [0.25, 0, 0.75, 0])


def test_coverage_moves_by_the_samples_that_are_missing():
    train, judged = np.array([0, 1] * 50), np.array([0] * 30 + [1] * 10)
    low, high = coverage_interval(judged, train)
    assert low < 0.75 < high <= 1
    # the standard deviation of a share of a quarter among forty
    assert (high - low) / 3.92 == pytest.approx((0.25 * 0.75 / 40) ** 0.5, rel=0.15)
