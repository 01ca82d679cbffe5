import numpy as np
import pytest

from semgan.evaluation.scores import agreement


def test_confusion_matrix_and_iou_by_hand():
    truth = np.array([[0, 0, 1, 1], [1, 2, 2, 0]])
    judged = np.array([[0, 1, 1, 1], [0, 2, 2, 0]])
    confusion = agreement.confusion_matrix(truth, judged, 4)
    np.testing.assert_array_equal(confusion, [[2, 1, 0, 0], [1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(agreement.class_iou(confusion), [2 / 4, 2 / 4, 1, np.nan])
    assert agreement.mean_iou(truth, judged, 4) == pytest.approx(2 / 3)


def test_iou_is_of_all_pictures_together():
    truth = np.array([[0, 0, 0, 0], [1, 1, 1, 0]])
    judged = np.array([[1, 0, 0, 0], [1, 1, 1, 0]])
    # class 1: 3 / 4 over both pictures, where a mean over pictures would take (0 + 1) / 2; class 0: 4 / 5
    assert agreement.mean_iou(truth, judged, 2) == pytest.approx((3 / 4 + 4 / 5) / 2)


def test_mean_iou_is_over_the_classes_that_are_true_somewhere():
    truth = np.array([[0, 0, 1, 1]])
    assert agreement.mean_iou(truth, np.array([[0, 0, 1, 2]]), 3) == pytest.approx((1 + 1 / 2) / 2)


def test_confusion_matrix_refuses_other_shapes():
    with pytest.raises(ValueError, match="shapes differ"):
        agreement.confusion_matrix(np.zeros((2, 3), int), np.zeros((3, 2), int), 2)


def test_landmark_distance_by_hand():
    truth = np.array([[[0.3, 0.4], [0.7, 0.4], [0.5, 0.6]]])
    judged = np.array([[[0.3, 0.4], [0.7, 0.44], [0.56, 0.68]]])
    # eyes 0.4 apart; moved by 0, 0.04 and 0.1 (a 6-8-10 triangle)
    np.testing.assert_allclose(agreement.landmark_distances(truth, judged), [[0, 0.1, 0.25]], atol=1e-12)
    assert agreement.landmarks_kept(truth, judged) == pytest.approx(2 / 3)


def test_landmark_distance_of_a_profile_stays_finite():
    truth = np.zeros((1, 5, 2))
    assert np.isfinite(agreement.landmark_distances(truth, truth + 0.1)).all()


def test_balanced_agreement_by_hand_and_of_constants():
    truth = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1]])
    judged = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1], [1, 0, 1]])
    # first: 1 of 2 and 1 of 2; second: always 0, so half; third: the truth never varies
    np.testing.assert_allclose(agreement.balanced_agreement(truth, judged), [0.5, 0.5, np.nan])


def test_mask_iou_of_single_pictures_by_hand():
    truth = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 0]]])
    judged = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 2]]])
    # ground 1 of 2 and square 2 of 3; then three of the four pixels of the only class that is true
    np.testing.assert_allclose(agreement.mask_iou_by_picture(truth, judged, 3), [(1 / 2 + 2 / 3) / 2, 3 / 4])
