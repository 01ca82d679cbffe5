import numpy as np
import pytest

from semgan.evaluation.scores import frechet
from semgan.evaluation.scores.bootstrap import mean_interval, percentile_interval
from semgan.evaluation.scores.moments import moments_of
from tests.evaluation.scores.in_one_number import frechet_distance


def test_interval_of_a_mean_is_the_textbooks():
    values = np.random.RandomState(0).standard_normal(400)
    low, high = mean_interval(values, resamples=4000)
    reach = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.1 * reach)


def test_two_sets_and_chance_add_their_variances():
    draw = np.random.RandomState(0)
    sets = [draw.choice([-1.0, 1.0], 100), draw.choice([-3.0, 3.0], 300)]
    low, high = percentile_interval(7, [part - part.mean() for part in sets], noise=0.2, resamples=4000)
    reach = 1.96 * (1 / 100 + 9 / 300 + 0.04) ** 0.5
    assert (low, high) == pytest.approx((7 - reach, 7 + reach), abs=0.1 * reach)


def test_the_seed_decides_and_shares_stay_shares():
    values = np.random.RandomState(0).random(50)
    assert mean_interval(values, seed=1) == mean_interval(values, seed=1) != mean_interval(values, seed=2)
    low, high = mean_interval(np.array([1.0] * 99 + [0.0]))
    assert 0 < low < high <= 1
    assert mean_interval(np.ones(5)) == (1, 1)


def test_intervals_are_of_95_percent_of_1000_resamples_drawn_from_seed_0():
    values = np.random.RandomState(0).random(50)
    assert mean_interval(values) == mean_interval(values, level=0.95, resamples=1000, seed=0)
    moved = values - values.mean()
    assert percentile_interval(values.mean(), [moved]) == percentile_interval(values.mean(), [moved], level=0.95, resamples=1000, seed=0)
    assert mean_interval(values) == percentile_interval(values.mean(), [moved])


def test_intervals_of_the_frechet_distance_hold_its_mean_where_resampling_pictures_would_not():
    draw = np.random.RandomState(0)
    found, intervals = [], []
    for _ in range(40):
        real, fake = draw.standard_normal((200, 12)), 1.3 * draw.standard_normal((150, 12)) + 0.3
        known = moments_of(real), moments_of(fake)
        distance, influences = frechet.distance_and_influences(*known, real, fake)
        found.append(distance)
        intervals.append(percentile_interval(distance, influences, resamples=300))
    held = [low <= np.mean(found) <= high for low, high in intervals]
    assert np.mean(held) >= 0.85
    width = np.mean([high - low for low, high in intervals]) / (2 * 1.96)
    assert width == pytest.approx(np.std(found), rel=0.3)

    resampled = [
        frechet_distance(moments_of(real[draw.randint(200, size=200)]), moments_of(fake[draw.randint(150, size=150)])) for _ in range(40)
    ]
    assert np.mean(resampled) > found[-1] + width
