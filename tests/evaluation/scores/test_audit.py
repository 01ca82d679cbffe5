"""The memorisation audit: its tests against values known otherwise, and what it accuses."""

import itertools
import math

import numpy as np
import pytest

from semgan.evaluation.figures.audit_figures import audit_figures
from semgan.evaluation.figures.passport import new_passport
from semgan.evaluation.report.evaluation_json import audit_json
from semgan.evaluation.scores import audit
from semgan.evaluation.scores.neighbours import nearest

PASSPORT = new_passport({}, real="", real_count=300, fake_count=200)


def _audited(samples, held_out, trained):
    return audit.run_audit(samples, held_out, trained, nearest(samples, trained)[0], nearest(held_out, trained)[0])


def _audit(samples, held_out, trained):
    return audit_json(audit_figures(_audited(samples, held_out, trained), PASSPORT))


def test_u_is_counted_pair_by_pair_with_its_exact_variance():
    """The z-score against the mean and variance of U over all ways to deal the same values."""
    values = np.asarray([1.0, 2, 2, 3, 5, 5, 7])
    counts = []
    for chosen in itertools.combinations(range(7), 3):
        mine, rest = values[list(chosen)], np.delete(values, chosen)
        counts.append(sum((a > b) + 0.5 * (a == b) for a in mine for b in rest))
    for chosen in ([0, 3, 6], [2, 4, 6], [0, 1, 2]):
        mine, rest = values[chosen], np.delete(values, chosen)
        u = sum((a > b) + 0.5 * (a == b) for a in mine for b in rest)
        assert audit.mann_whitney(mine, rest) == pytest.approx((u - np.mean(counts)) / np.std(counts))
    assert audit.mann_whitney(np.ones(30), np.ones(40)) == 0


def test_fishers_test_against_all_ways_to_draw():
    """3 of 4 marked against 1 of 5: of the 126 ways to choose 4 of 9, those with at least 3 of the 4 marked."""
    ways = [len({0, 1, 2, 3} & set(chosen)) >= 3 for chosen in itertools.combinations(range(9), 4)]
    assert audit.fisher_p_value(3, 4, 1, 5) == pytest.approx(np.mean(ways))
    assert audit.fisher_p_value(0, 4, 0, 5) == 1
    assert audit.fisher_p_value(0, 4, 3, 5) == 1
    assert audit.fisher_p_value(4, 4, 0, 5) == pytest.approx(1 / math.comb(9, 4))


def test_p_values_of_what_does_not_copy_are_uniform():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        distances, real = rng.exponential(size=100), rng.exponential(size=150)
        cells, real_cells = rng.integers(0, 3, 100), rng.integers(0, 3, 150)
        found.append(audit.copying_test(distances, real, cells, real_cells).p_value)
    np.testing.assert_allclose(np.quantile(found, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.06)


def test_new_pictures_pass_and_memorised_ones_are_accused():
    rng = np.random.default_rng(1)
    trained, held_out, new = (rng.normal(size=(count, 8)) for count in (2000, 1000, 500))
    assert not _audit(new, held_out, trained)["copying"]
    few = trained[:50]
    memorised = few[rng.integers(0, 50, 500)] + 0.2 * rng.normal(size=(500, 8))
    accused = _audit(memorised, held_out, few)
    assert accused["copying"]
    assert accused["statistic"] < -10
    assert accused["copies"] > 0.5


def test_a_few_copies_among_worse_pictures_are_found():
    """On the whole such samples are farther away than real ones."""
    rng = np.random.default_rng(2)
    trained, held_out = rng.normal(size=(2000, 8)), rng.normal(size=(1000, 8))
    samples = 1.5 * rng.normal(size=(500, 8))
    assert not _audit(samples, held_out, trained)["copying"]
    samples[:40] = trained[:40]
    found = _audit(samples, held_out, trained)
    assert found["statistic"] > 0
    assert found["copying"]
    assert found["copies_p_value"] < 1e-3


def test_cells_are_found_and_their_scores_weighted_by_samples():
    rng = np.random.default_rng(3)
    features = np.concatenate([rng.normal(at, 0.1, size=(50, 2)) for at in ((0, 0), (5, 0), (0, 5))])
    centres = audit.cell_centres(features, 3)
    np.testing.assert_allclose(np.sort(centres.round(), 0), [[0, 0], [0, 0], [5, 5]], atol=0.1)
    cells = audit.cells_of(features, centres)
    assert [len(set(cells[start : start + 50])) for start in (0, 50, 100)] == [1, 1, 1]
    distances, real = rng.exponential(size=150), rng.exponential(size=150)
    scores = [audit.mann_whitney(distances[cells == cell], real[cells == cell]) for cell in range(3)]
    found = audit.copying_test(distances, real, cells, cells)
    assert (found.statistic, found.cells) == (pytest.approx(sum(scores) / math.sqrt(3)), 3)


def test_intervals_are_as_wide_as_the_statistics_of_other_draws_are_apart():
    rng = np.random.default_rng(4)

    def draw():
        distances, real = rng.exponential(size=200), 1.2 * rng.exponential(size=300)
        cells, real_cells = rng.integers(0, 2, 200), rng.integers(0, 2, 300)
        return audit.copying_test(distances, real, cells, real_cells)

    drawn = [draw() for _ in range(200)]
    copies, statistic, *_ = audit_figures(audit.Audit(drawn[0], np.arange(200) < 20, 0.5), PASSPORT)
    assert (statistic.interval[1] - statistic.interval[0]) / 3.92 == pytest.approx(np.std([each.statistic for each in drawn]), rel=0.25)
    assert statistic.interval[0] < drawn[0].statistic < statistic.interval[1]
    assert (copies.interval[1] - copies.interval[0]) / 3.92 == pytest.approx((0.1 * 0.9 / 200) ** 0.5, rel=0.15)
