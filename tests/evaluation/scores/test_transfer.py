"""The transfer score's formulas, by hand."""

import numpy as np
import pytest

from semgan.evaluation.scores import transfer
from semgan.evaluation.scores.transfer import transfer_score

NAMES = {"mask": ("ground", "square"), "attributes": ("large", "red")}
MASKS = np.array([[[0, 0, 1, 1]]]), np.array([[[0, 1, 1, 1]]])
ATTRIBUTES = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]), np.array([[1, 0], [1, 1], [1, 0], [0, 1]])
LANDMARKS = np.array([[[0.2, 0.5], [0.6, 0.5], [0.4, 0.8]]]), np.array([[[0.2, 0.5], [0.6, 0.54], [0.4, 0.6]]])


def test_transfer_score_is_harmonic_and_never_negative():
    assert transfer_score(0.5, 1.0) == pytest.approx(2 / 3)
    assert transfer_score(-0.2, 1.0) == 0
    assert transfer_score(0.5, 0.0) == 0
    assert transfer_score(None, 1.0) is None


def test_a_share_is_how_far_from_the_copy_that_fails_to_the_best():
    assert transfer.share("retention", 0.6, 0.5, 0.7) == (pytest.approx(0.5), "")
    assert transfer.share("retention", 0.4, 0.5, 0.7) == (pytest.approx(-0.5), "")
    assert transfer.share("retention", 0.9, 0.5, 0.7) == (pytest.approx(2.0), "")


@pytest.mark.parametrize("values", [(0.6, 0.5, 0.5), (0.6, 0.7, 0.5)])
def test_a_share_is_unknown_where_nothing_tells_the_copies_apart(values):
    value, why = transfer.share("adoption", *values)
    assert value is None
    assert why == "adoption is unknown: the judge does not tell the contents from the references better than chance"


@pytest.mark.parametrize("values", [(None, 0.5, 0.7), (0.6, None, 0.7), (0.6, 0.5, None)])
def test_a_share_of_what_was_not_measured_is_unknown(values):
    value, why = transfer.share("retention", *values)
    assert value is None
    assert why == "retention is unknown: the data has neither masks nor landmarks nor attributes to compare"


def test_masks_alone_make_the_agreement_where_there_are_any():
    compared = {"mask": MASKS, "attributes": ATTRIBUTES, "landmarks": LANDMARKS}
    # the ground is 1 of 2 pixels, the square 2 of 3
    assert transfer.agreement(compared, NAMES, ("large",)) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert transfer.agreement_by(compared) == "masks"


def test_attributes_and_landmarks_count_alike_without_masks():
    compared = {"attributes": ATTRIBUTES, "landmarks": LANDMARKS}
    # "large": both of the true ones and one of the two others; 2 of 3 landmarks within a fifth of the eyes' distance of 0.4
    assert transfer.attributes_kept(compared, NAMES, ("large",)) == pytest.approx(0.75)
    assert transfer.agreement(compared, NAMES, ("large",)) == pytest.approx((0.75 + 2 / 3) / 2)
    assert transfer.agreement_by(compared) == "attributes and landmarks"
    # "red": one of two and one of two
    assert transfer.attributes_kept(compared, NAMES, ("large", "red")) == pytest.approx((0.75 + 0.5) / 2)


def test_attributes_that_need_not_be_kept_or_never_vary_say_nothing():
    constant = {"attributes": (np.ones((4, 2), int), ATTRIBUTES[1])}
    assert transfer.attributes_kept({"attributes": ATTRIBUTES}, NAMES, ()) is None
    assert transfer.attributes_kept(constant, NAMES, ("large", "red")) is None
    assert transfer.attributes_kept({}, NAMES, ("large",)) is None
    assert transfer.agreement({}, NAMES, ("large",)) is None


def test_landmark_errors_are_in_inter_ocular_distances():
    # nothing, 0.04 and 0.2 of eyes that are 0.4 apart
    assert transfer.landmark_error({"landmarks": LANDMARKS}) == pytest.approx((0 + 0.1 + 0.5) / 3)
    assert transfer.landmark_error({"mask": MASKS}) is None
