"""Semantic losses: 0 for what is right, more for what is worse, by hand, and example by example."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses import semantic
from tests.losses import by_hand


def floats(values):
    return jnp.asarray(values, jnp.float32)


FACE = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.5], [0.4, 0.7], [0.6, 0.7]], np.float32)
RNG = np.random.default_rng(0)
MASK = jnp.asarray(RNG.integers(0, 3, (4, 6, 6)))


def sure(ids, classes=4, by=20.0):
    return by * jax.nn.one_hot(ids, classes)


def _boxes(*shape):
    """Boxes inside of the picture, none empty."""
    corners = np.sort(RNG.random((*shape, 2, 2)), -2)
    return np.concatenate([corners[..., 0, :], corners[..., 1, :] + 0.05], -1)


def _by_annotation():
    """What is judged and what is true, by annotation: classes, landmarks and boxes that are absent among them."""
    mask = np.array(RNG.integers(0, 5, (4, 6, 6)))
    mask[1], mask[2][mask[2] == 3] = 2, 0  # one class alone; four
    places, landmarks = RNG.random((2, 4, 5, 2)) * 1.2 - 0.1
    landmarks[:2, :2], landmarks[2], landmarks[3, 1] = FACE[:2], -1, landmarks[3, 0] + 0.01
    boxes, true_boxes = _boxes(4, 3), _boxes(4, 3)
    boxes[3], true_boxes[0, 1], true_boxes[2] = true_boxes[3] + RNG.uniform(-0.15, 0.15, (3, 4)), -1, -1
    return {
        "mask": (RNG.normal(size=(4, 6, 6, 5)), mask),
        "landmarks": (places, landmarks),
        "attributes": (3 * RNG.normal(size=(4, 3)), RNG.integers(0, 2, (4, 3))),
        "category": (3 * RNG.normal(size=(4, 3)), RNG.integers(0, 3, 4)),
        "boxes": (boxes, true_boxes),
    }


JUDGED = _by_annotation()
BY_HAND = {
    "mask": (by_hand.mask_loss, by_hand.lost_iou),
    "landmarks": (by_hand.landmark_loss, by_hand.landmark_error),
    "attributes": (by_hand.attribute_loss, by_hand.attribute_error),
    "category": (by_hand.category_loss, by_hand.category_error),
    "boxes": (by_hand.box_loss, by_hand.box_error),
}


def _arrays(name):
    predicted, truth = JUDGED[name]
    return floats(predicted), jnp.asarray(truth, jnp.int32 if np.issubdtype(truth.dtype, np.integer) else jnp.float32)


@pytest.mark.parametrize("name", sorted(semantic.ANNOTATIONS))
def test_every_annotation_s_loss_and_error_equal_their_formulas(name):
    loss, error = BY_HAND[name]
    np.testing.assert_allclose(semantic.ANNOTATIONS[name].loss(*_arrays(name)), loss(*JUDGED[name]), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(semantic.ANNOTATIONS[name].error(*_arrays(name)), error(*JUDGED[name]), rtol=1e-4, atol=1e-6)


def test_right_masks_lose_nothing_and_the_error_is_the_lost_iou():
    np.testing.assert_allclose(semantic.mask_loss(sure(MASK), MASK), 0, atol=1e-5)
    np.testing.assert_allclose(semantic.lost_iou(sure(MASK), MASK), 0, atol=1e-6)
    truth, found = jnp.array([[[0, 0], [1, 1]]]), jnp.array([[[0, 1], [1, 1]]])  # IoU 1/2 and 2/3; class 2 is nowhere
    np.testing.assert_allclose(semantic.lost_iou(sure(found, 3), truth), 1 - (1 / 2 + 2 / 3) / 2, rtol=1e-6)


def test_a_mask_s_loss_by_hand():
    """Even shares: every pixel's cross-entropy is log 2 whatever its weight; Dice of 3 pixels and of 1."""
    truth, logits = jnp.array([[[0, 0], [0, 1]]]), jnp.zeros((1, 2, 2, 2))
    dice = [(2 * 1.5 + 1) / (2 + 3 + 1), (2 * 0.5 + 1) / (2 + 1 + 1)]
    np.testing.assert_allclose(semantic.mask_loss(logits, truth), np.log(2) + 1 - np.mean(dice), rtol=1e-6)


def test_a_rare_class_counts_more_than_its_pixels():
    truth = np.zeros((2, 8, 8), int)
    truth[:, 0, :4] = 1
    rare, common = truth.copy(), truth.copy()
    rare[:, 0, :4], common[:, 7, :4] = 0, 1
    worse, better = (semantic.mask_loss(sure(ids, 2, 4.0), jnp.asarray(truth)) for ids in (rare, common))
    assert np.all(worse > 1.5 * better)


def test_landmarks_outside_the_picture_do_not_count():
    truth, places = np.stack([FACE, FACE]), np.stack([FACE, FACE])
    places[0, 2] += [0.03, 0.04]
    truth[1, 4], places[1, 4] = [1.2, 0.7], [0.9, 0.7]
    places, truth = floats(places), floats(truth)
    np.testing.assert_allclose(semantic.landmark_error(places, truth), [0.05 / 0.4 / 5, 0], rtol=1e-5, atol=1e-6)
    loss = semantic.landmark_loss(places, truth)
    np.testing.assert_allclose(loss, [(np.sqrt(0.05**2 + 1e-4) - 0.01) / 5, 0], rtol=1e-4, atol=1e-7)
    assert np.isfinite(jax.grad(lambda places: semantic.landmark_loss(places, truth).sum())(truth)).all()


def test_attributes_by_hand():
    logits, truth = jnp.array([[2.0, -1.0], [0.5, 3.0]]), jnp.array([[1, 1], [0, 1]])
    expected = [(np.log1p(np.exp(-2)) + np.log1p(np.exp(1))) / 2, (np.log1p(np.exp(0.5)) + np.log1p(np.exp(-3))) / 2]
    np.testing.assert_allclose(semantic.attribute_loss(logits, truth), expected, rtol=1e-6)
    np.testing.assert_allclose(semantic.attribute_error(logits, truth), [0.5, 0.5])


def test_a_category_by_hand():
    logits, truth = jnp.array([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), jnp.array([0, 1])
    np.testing.assert_allclose(semantic.category_loss(logits, truth), [np.log(np.exp(2) + 2) - 2, np.log(2 + np.e)], rtol=1e-6)
    np.testing.assert_array_equal(semantic.category_error(logits, truth), [0, 1])


def test_right_boxes_lose_nothing_and_absent_ones_do_not_count():
    truth = floats([[[0.1, 0.2, 0.5, 0.4], [-1, -1, -1, -1]], [[-1, -1, -1, -1], [-1, -1, -1, -1]]])
    boxes = floats(truth).at[0, 1].set(0.5).at[1].set(0.3)
    for values in (semantic.box_loss(boxes, truth), semantic.box_error(boxes, truth)):
        np.testing.assert_allclose(values, 0, atol=1e-6)
    slopes = jax.jit(jax.grad(lambda boxes: semantic.box_loss(boxes, truth).sum()))(boxes + 0.01)
    assert np.isfinite(slopes).all()
    np.testing.assert_array_equal(np.abs(slopes).max(-1) > 0, [[True, False], [False, False]])


def test_boxes_by_hand():
    """Two that share a quarter of each, and two that share nothing; sides off by a quarter and by three."""
    truth = floats([[[0, 0, 0.5, 0.5]], [[0, 0, 0.25, 0.25]]])
    boxes = floats([[[0.25, 0.25, 0.75, 0.75]], [[0.75, 0.75, 1, 1]]])
    overlap, least = np.array([1 / 7, 0]), np.array([2 / 9, 7 / 8])  # the hulls' shares that neither covers
    np.testing.assert_allclose(semantic.box_error(boxes, truth), 1 - overlap, rtol=1e-6)
    sides = 4 * (np.array([0.25, 0.75]) - 0.05)
    np.testing.assert_allclose(semantic.box_loss(boxes, truth), sides + 1 - overlap + least, rtol=1e-6)
    np.testing.assert_allclose(semantic.box_loss(truth + 0.02, truth)[0], 4 * 0.02**2 / 0.2 + 1 - _generalised(0.02), rtol=1e-5)


def _generalised(moved, side=0.5):
    """IoU of a square with itself moved along the diagonal, generalised."""
    both, hull = (side - moved) ** 2, (side + moved) ** 2
    either = 2 * side**2 - both
    return both / either - (hull - either) / hull


def test_consistency_is_the_weighted_sum_of_what_is_asked_for():
    judged = SimpleNamespace(mask=0.5 * sure(MASK, 4, 1.0), landmarks=floats(np.tile(FACE + 0.05, (4, 1, 1))), attributes=None)
    truth = {"mask": MASK, "landmarks": floats(np.tile(FACE, (4, 1, 1)))}
    total, errors = semantic.consistency(judged, truth, {"mask": 2.0, "landmarks": 10.0})
    parts = 2 * semantic.mask_loss(judged.mask, MASK) + 10 * semantic.landmark_loss(judged.landmarks, truth["landmarks"])
    np.testing.assert_allclose(total, parts, rtol=1e-6)
    assert errors.keys() == {"mask", "landmarks"}
    np.testing.assert_allclose(errors["landmarks"], np.sqrt(2) * 0.05 / 0.4, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(semantic.ANNOTATIONS))
def test_an_example_s_loss_does_not_depend_on_the_others(name):
    """So any number of devices gives the same gradients."""
    shapes = {"mask": (floats(RNG.normal(size=(4, 6, 6, 3))), MASK), "landmarks": tuple(map(floats, RNG.random((2, 4, 5, 2))))}
    shapes["attributes"] = (floats(RNG.normal(size=(4, 3))), jnp.asarray(RNG.integers(0, 2, (4, 3))))
    shapes["category"] = (floats(RNG.normal(size=(4, 3))), jnp.asarray(RNG.integers(0, 3, 4)))
    corners = np.sort(RNG.random((2, 4, 3, 2, 2)), 3).reshape(2, 4, 3, 4)
    shapes["boxes"] = (floats(corners[0]), floats(corners[1]).at[0, 1].set(-1).at[2].set(-1))
    loss, (predicted, truth) = semantic.ANNOTATIONS[name].loss, shapes[name]
    alone = jnp.concatenate([loss(predicted[i : i + 1], truth[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(loss(predicted, truth), alone, rtol=1e-6)
    assert loss(predicted, truth).shape == semantic.ANNOTATIONS[name].error(predicted, truth).shape == (4,)


def test_annotations_are_those_that_data_can_have_each_in_its_unit():
    assert {name: annotation.unit for name, annotation in semantic.ANNOTATIONS.items()} == {
        "mask": "lost intersection over union",
        "landmarks": "inter-ocular distances",
        "attributes": "share wrong",
        "category": "share wrong",
        "boxes": "lost intersection over union",
    }


def test_absent_classes_weigh_nothing_in_a_mask_s_loss():
    """The picture has one of three classes: equal logits for all three cost log 3 and the Dice of that one class."""
    truth, logits = jnp.zeros((1, 2, 2), jnp.int32), jnp.zeros((1, 2, 2, 3))
    dice = (2 * 4 / 3 + 1) / (4 / 3 + 4 + 1)
    np.testing.assert_allclose(semantic.mask_loss(logits, truth), np.log(3) + 1 - dice, rtol=1e-6)


def test_absent_classes_count_nothing_in_the_lost_iou():
    """A class that is seen where it is not costs the class whose place it takes, and is itself not averaged in."""
    truth, seen = jnp.array([[[0, 0], [0, 0]]]), jnp.array([[[0, 0], [0, 2]]])
    np.testing.assert_allclose(semantic.lost_iou(sure(seen, 3), truth), 1 - 3 / 4, rtol=1e-6)


def test_pictures_without_a_landmark_or_a_box_lose_nothing():
    outside, absent = jnp.full((1, 5, 2), -1.0), jnp.full((1, 2, 4), -1.0)
    for name, truth in (("landmarks", outside), ("boxes", absent)):
        predicted = jnp.full_like(truth, 0.3)
        np.testing.assert_array_equal(semantic.ANNOTATIONS[name].loss(predicted, truth), [0])
        np.testing.assert_array_equal(semantic.ANNOTATIONS[name].error(predicted, truth), [0])


def test_landmarks_on_the_edge_are_inside():
    truth = floats([[[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]]])
    np.testing.assert_allclose(semantic.landmark_loss(truth + 0.1, truth), np.sqrt(2 * 0.1**2 + 1e-4) - 0.01, rtol=1e-5)


def test_a_box_at_the_edge_is_there_and_empty_boxes_are_finite():
    truth, empty = floats([[[0.0, 0.0, 0.5, 0.5]]]), jnp.zeros((1, 1, 4))
    np.testing.assert_allclose(semantic.box_error(truth / 2, truth), 1 - 1 / 4, rtol=1e-6)
    np.testing.assert_allclose(semantic.box_error(empty, empty), [1], rtol=1e-6)
    assert np.isfinite(jax.grad(lambda boxes: semantic.box_loss(boxes, empty).sum())(empty)).all()


def test_all_annotations_together_are_the_weighted_sum_of_their_formulas():
    judged = SimpleNamespace(**{name: _arrays(name)[0] for name in JUDGED})
    weights = {name: float(weight) for weight, name in enumerate(JUDGED, 2)}
    total, errors = semantic.consistency(judged, {name: _arrays(name)[1] for name in JUDGED}, weights)
    np.testing.assert_allclose(total, sum(weight * BY_HAND[name][0](*JUDGED[name]) for name, weight in weights.items()), rtol=1e-4)
    for name, error in errors.items():
        np.testing.assert_allclose(error, BY_HAND[name][1](*JUDGED[name]), rtol=1e-4, atol=1e-6, err_msg=name)
    assert errors.keys() == JUDGED.keys()


def test_logits_in_bfloat16_are_judged_in_float32():
    for name in ("mask", "attributes", "category", "boxes"):
        predicted, truth = _arrays(name)
        narrow = predicted.astype(jnp.bfloat16)
        loss = semantic.ANNOTATIONS[name].loss(narrow, truth)
        assert loss.dtype == jnp.float32, name
        np.testing.assert_allclose(loss, semantic.ANNOTATIONS[name].loss(narrow.astype(jnp.float32), truth), rtol=1e-6, err_msg=name)
