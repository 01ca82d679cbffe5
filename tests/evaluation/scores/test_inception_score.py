import numpy as np
import pytest

from semgan.evaluation.scores.inception_score import influences, score_logits


def test_sure_and_even_classes_score_their_number():
    logits = 1000.0 * np.tile(np.eye(4), (25, 1))
    assert score_logits(logits, seed=None, splits=5) == pytest.approx((4, 0), abs=1e-9)  # every split has five of each


def test_pictures_that_say_nothing_score_one(class_scores):
    assert score_logits(np.zeros((20, 5))) == pytest.approx((1, 0))
    assert score_logits(np.tile(class_scores[:1], (20, 1))).mean == pytest.approx(1)


def test_huge_scores_stay_finite():
    assert np.isfinite(score_logits(np.random.RandomState(0).standard_normal((30, 5)) * 1e5).mean)


def test_influences_average_to_nothing_and_foretell_a_resampling(class_scores):
    influence = influences(class_scores, splits=1, seed=None)
    assert abs(influence.mean()) < 1e-12
    score = score_logits(class_scores, splits=1, seed=None).mean
    chosen = np.concatenate([np.arange(1003), np.arange(100)])  # the first hundred count twice
    foretold = score + influence[chosen].mean()
    true = score_logits(class_scores[chosen], splits=1, seed=None).mean
    assert foretold == pytest.approx(true, abs=0.2 * abs(true - score))


def test_fewer_pictures_than_splits_are_refused():
    with pytest.raises(ValueError, match="9 pictures cannot be scored in 10 splits"):
        score_logits(np.zeros((9, 5)))
