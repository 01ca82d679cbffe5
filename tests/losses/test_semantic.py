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
    loss, (predicted, truth) = semantic.ANNOTATIONS[name].loss, shapes[name]
    alone = jnp.concatenate([loss(predicted[i : i + 1], truth[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(loss(predicted, truth), alone, rtol=1e-6)
    assert loss(predicted, truth).shape == semantic.ANNOTATIONS[name].error(predicted, truth).shape == (4,)
