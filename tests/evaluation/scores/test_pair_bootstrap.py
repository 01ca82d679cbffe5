"""Resampled scores: each weight once is the score itself; intervals hold it and narrow as pairs are added."""

import numpy as np
import pytest

from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.strength import strength_figures
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures
from semgan.evaluation.judge.judged_pairs import compare_with_truth, judge_pairs, judge_translations
from semgan.evaluation.scores import agreement, pair_bootstrap, transfer


def noisy(oracle):
    """Translates well, but for every third pair, which stays the content, and every fourth, whose picture is shifted."""

    def translate(batch):
        position = batch["position"][:, None, None, None]
        moved = np.where(position % 4 == 0, np.roll(oracle(batch), 3, axis=2), oracle(batch))
        return np.where(position % 3 == 0, batch["image"], moved).astype(np.uint8)

    return translate


def measured(judge, data, oracle, pairs):
    judged = judge_pairs(judge, data, pairs=pairs)
    verdict = judge_translations(noisy(oracle), judged, 20).verdict
    return by_name(transfer_score_figures(judged, verdict, transfer_origin(judged))[0])


@pytest.mark.parametrize("names", [("mask",), ("attributes", "landmarks"), ("landmarks",), ("attributes",)])
def test_every_pair_once_gives_the_agreement_itself(judge, test_squares, oracle, names):
    data = test_squares._replace(annotations={name: test_squares.annotations[name] for name in names})
    judged = judge_pairs(judge, data, pairs=30)
    verdict = judge_translations(noisy(oracle), judged, 15).verdict
    compared = compare_with_truth(judged, verdict)
    once = pair_bootstrap.resampled_agreement(np.ones((1, 30)), compared, data.names, judged.kept_names)
    np.testing.assert_allclose(once, [transfer.agreement(compared, data.names, judged.kept_names)], rtol=1e-12)


def test_weights_are_the_pairs_drawn_with_replacement():
    rng = np.random.default_rng(0)
    truth, judged = rng.integers(0, 3, (2, 12, 4, 4))
    weights = pair_bootstrap.pair_weights(12, resamples=5, seed=1)
    assert np.all(weights.sum(1) == 12)
    drawn = [np.repeat(np.arange(12), row.astype(int)) for row in weights]
    expected = [agreement.mean_iou(truth[rows], judged[rows], 3) for rows in drawn]
    np.testing.assert_allclose(pair_bootstrap.resampled_iou(weights, pair_bootstrap.confusions(truth, judged, 3)), expected, rtol=1e-12)
    attributes, said = rng.integers(0, 2, (2, 12, 2)).astype(bool)
    balanced = [agreement.balanced_agreement(attributes[rows], said[rows]).mean() for rows in drawn]
    np.testing.assert_allclose(pair_bootstrap.resampled_balance(weights, attributes, said), balanced, rtol=1e-12)


def test_a_class_of_one_pixel_counts_and_one_of_none_does_not():
    truth, judged = np.array([[[0, 0], [0, 1]]]), np.zeros((1, 2, 2), int)
    counts = pair_bootstrap.confusions(truth, judged, 3)
    np.testing.assert_allclose(pair_bootstrap.resampled_iou(np.ones((1, 1)), counts), [(3 / 4 + 0) / 2])


def test_intervals_hold_the_values_and_narrow_with_the_pairs(judge, test_squares, oracle):
    few_figures, many_figures = (measured(judge, test_squares, oracle, pairs) for pairs in (24, 120))
    for figures in (few_figures, many_figures):
        assert list(figures)[:3] == ["transfer_score", "retention", "adoption"]
        for figure in figures.values():
            assert figure.interval[0] <= figure.value <= figure.interval[1]
    for name in ("transfer_score", "retention", "adoption", "agreement", "landmark_error/reference"):
        widths = [figures[name].interval[1] - figures[name].interval[0] for figures in (few_figures, many_figures)]
        assert 0 < widths[1] < 0.75 * widths[0]
    assert few_figures["retention"].passport.parameters["agreement"] == "masks"


def test_an_interval_over_too_few_known_resamples_is_not_given():
    values = np.linspace(0, 1, 1000)
    assert pair_bootstrap.interval_of_resamples(values) == (pytest.approx(0.025), pytest.approx(0.975))
    values[:100] = np.nan
    assert pair_bootstrap.interval_of_resamples(values) is None


def test_shares_that_nothing_tells_apart_are_unknown_and_scores_never_negative():
    share = pair_bootstrap.resampled_share(np.array([0.5, 0.5]), np.array([0.2, 0.6]), np.array([0.8, 0.6]))
    np.testing.assert_allclose(share, [0.5, np.nan])
    np.testing.assert_allclose(pair_bootstrap.resampled_score(np.array([0.5, -0.1, np.nan]), np.array([1.0, 1.0, 1.0])), [2 / 3, 0, np.nan])


def test_figures_of_a_strength_name_it_in_their_passports(judge, test_squares, oracle):
    asked = judge_pairs(judge, test_squares, pairs=10), (0.5,)
    by_strength = strength_figures(lambda batch, strength: oracle(batch), *asked)
    assert list(by_strength) == [0.5]
    assert {figure.passport.parameters["strength"] for figure in by_strength[0.5]} == {0.5}
    assert not [figure for figure in by_strength[0.5] if "/" in figure.name]
