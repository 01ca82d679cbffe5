import numpy as np
import pytest

from semgan.faces import boxes, pyramid
from semgan.faces.detect import Detector, _corners
from tests.faces import fake_weights


def test_correction_counts_both_end_pixels():
    np.testing.assert_allclose(boxes.correct(np.array([[10.0, 20, 19, 29]]), np.array([[0.1, -0.1, 0.2, 0.0]])), [[11, 19, 21, 29]])


def test_square_keeps_the_centre_and_the_longer_side():
    np.testing.assert_allclose(boxes.to_squares(np.array([[0.0, 10, 10, 14]])), [[0, 7, 10, 17]])


def test_suppression_keeps_the_best_of_those_that_overlap():
    places = np.array([[0.0, 0, 10, 10], [0, 0, 10, 8], [20, 20, 30, 30], [0, 0, 5, 10]])
    scores = np.array([0.5, 0.9, 0.8, 0.1])
    assert boxes.suppress(places, scores, 0.7, "union").tolist() == [1, 2, 3]  # 80/100 goes, 40/90 stays
    assert boxes.suppress(places, scores, 0.7, "smaller").tolist() == [1, 2]  # 40/50 goes


def test_suppression_is_one_for_any_number_of_boxes():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 100, (1200, 2))
    places = np.concatenate([corner, corner + rng.uniform(5, 20, (1200, 2))], -1)
    scores = rng.permutation(1200) / 1200
    order = np.argsort(-scores)
    kept = []
    for rank, place in enumerate(order):
        one, before = places[place], places[order[:rank]]
        common = np.maximum(np.minimum(one[2:], before[:, 2:]) - np.maximum(one[:2], before[:, :2]), 0).prod(-1)
        union = (one[2:] - one[:2]).prod() + (before[:, 2:] - before[:, :2]).prod(-1) - common
        if not np.any(common / union > 0.3):
            kept.append(place)
    assert boxes.suppress(places, scores, 0.3, "union").tolist() == kept


def test_area_resize_counts_parts_of_pixels():
    image = np.array([[0.0, 3, 6]])[..., None].repeat(3, -1)
    np.testing.assert_allclose(pyramid.resize_by_area(image.astype(np.float32), 1, 2)[0, :, 0], [1, 5])  # (0 + 3 / 2) / 1.5


def test_scales_end_with_the_last_that_holds_a_window():
    levels = pyramid.scales(100, 400, 24, 12, 0.5)
    assert levels == [0.5, 0.25, 0.125]  # 12.5 pixels


def test_squares_are_sampled_with_their_corners_and_grey_outside():
    picture = np.arange(50, dtype=np.uint8).reshape(5, 10, 1).repeat(3, -1)
    # 9 / 10 of the way to a width of 10 is the last pixel: column 0 to 9, row 0 to 4
    whole = pyramid.cut_squares(picture, np.array([[0.0, 0, 10, 5]]), 3)[0, ..., 0]
    np.testing.assert_allclose(whole, [[0, 4.5, 9], [20, 24.5, 29], [40, 44.5, 49]])
    outside = pyramid.cut_squares(picture, np.array([[-10.0, 0, 0, 5]]), 3)[0, ..., 0]
    np.testing.assert_allclose(outside[:, :2], 127.5)
    np.testing.assert_allclose(outside[:, 2], [0, 20, 40])


@pytest.mark.parametrize(("height", "width"), [(12, 13), (128, 129), (130, 246), (300, 119)])
def test_every_window_lies_in_one_tile(height, width):
    windows = [
        (x + 2 * column, y + 2 * row)
        for x, y in _corners(np.zeros((height, width, 3), np.float32))
        for row in range((min(height - y, 128) - 1) // 2 - 4)
        for column in range((min(width - x, 128) - 1) // 2 - 4)
    ]
    expected = {(2 * column, 2 * row) for row in range((height - 1) // 2 - 4) for column in range((width - 1) // 2 - 4)}
    assert len(windows) == len(set(windows))
    assert set(windows) == expected


def test_nothing_is_found_in_a_picture_smaller_than_a_face():
    assert Detector(fake_weights.weights())(np.zeros((11, 40, 3), np.uint8)) == []
