"""Semantic losses: 0 for what is right, more for what is worse, by hand, and example by example."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses import semantic


def floats(values):
    return jnp.asarray(values, jnp.float32)


FACE = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.5], [0.4, 0.7], [0.6, 0.7]], np.float32)
RNG = np.random.default_rng(0)
MASK = jnp.asarray(RNG.integers(0, 3, (4, 6, 6)))


def sure(ids, classes=4, by=20.0):
    return by * jax.nn.one_hot(ids, classes)


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
