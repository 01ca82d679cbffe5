"""The controller of adaptive augmentation, step by step with literal numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from semgan.algorithms.common import ada
from semgan.errors import UserError

LOSSES = ConfigDict({"ada_target": 0.6, "ada_kimg": 0.1, "augment_supersampling": 1})
"""From 0 to 1 in 100 images."""
RIGHT, WRONG = jnp.array([3.0, 0.1, 2.0, 5.0, 1.0]), jnp.array([-3.0, -0.1, -2.0, -5.0, -1.0])
"""Logits of batches of five that are all taken for real, and all not."""


def state_of(p, sign=0.0, steps=0):
    return {"augment_p": jnp.float32(p), "augment_sign": jnp.float32(sign), "augment_steps": jnp.int32(steps)}


def adapted(state, *logits, most=1.0):
    for each in logits:
        state = ada.adapt(LOSSES, state, each, most)
    return {name: float(value) for name, value in state.items()}


def test_it_starts_without_augmentation_and_not_at_all_without_a_target():
    assert {name: float(value) for name, value in ada.initial_state(LOSSES).items()} == adapted(state_of(0.0))
    assert ada.initial_state(LOSSES)["augment_steps"].dtype == jnp.int32
    assert ada.initial_state(ConfigDict({"ada_target": 0.0})) == {}


def test_signs_are_summed_for_three_steps_and_move_the_probability_at_the_fourth():
    mixed = jnp.array([1.0, 1.0, 1.0, 1.0, -1.0])
    assert adapted(state_of(0.3), RIGHT, mixed, WRONG) == pytest.approx({"augment_p": 0.3, "augment_sign": 0.6, "augment_steps": 3})
    four = adapted(state_of(0.3), RIGHT, RIGHT, mixed, mixed)  # a mean sign of 0.8
    assert four == pytest.approx({"augment_p": 0.3 + 0.2, "augment_sign": 0, "augment_steps": 0})  # 4 x 5 images of 100


def test_the_probability_falls_where_the_mean_sign_is_below_the_target():
    assert adapted(state_of(0.5), RIGHT, RIGHT, RIGHT, WRONG)["augment_p"] == pytest.approx(0.3)  # a mean sign of 0.5


def test_the_probability_stays_between_0_and_the_most():
    assert adapted(state_of(0.9, 4.0, 3), RIGHT)["augment_p"] == 1
    assert adapted(state_of(0.5, 4.0, 3), RIGHT, most=0.6)["augment_p"] == pytest.approx(0.6)
    assert adapted(state_of(0.1, -4.0, 3), WRONG)["augment_p"] == 0


def test_other_state_goes_through_as_it_is():
    assert adapted(state_of(0.3) | {"path_mean": jnp.float32(7.0)}, RIGHT)["path_mean"] == 7


def test_all_devices_batches_count():
    logits = jnp.array([[1.0, 1.0], [1.0, -1.0]])
    spread = jax.pmap(lambda x: ada.adapt(LOSSES, state_of(0.3, 2.5, 3), x), axis_name="data", devices=jax.devices()[:2])(logits)
    np.testing.assert_allclose(spread["augment_p"], 0.3 + 4 * 4 / 100, rtol=1e-6)  # (2.5 + 0.5) / 4 is above the target
    spread = jax.pmap(lambda x: ada.adapt(LOSSES, state_of(0.3), x), axis_name="data", devices=jax.devices()[:2])(logits)
    np.testing.assert_allclose(spread["augment_sign"], 0.5)


def test_logits_one_per_place_count_alike():
    places = jnp.stack([jnp.ones((2, 2)), jnp.array([[1.0, -1.0], [-1.0, -1.0]])])
    assert adapted(state_of(0.0), places)["augment_sign"] == pytest.approx(0.25)
    assert adapted(state_of(0.0, 4.0, 3), places)["augment_p"] == pytest.approx(4 * 2 / 100)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ada_target": 1.0}, "ada_target is 1.0"),
        ({"ada_target": -0.1}, "ada_target is -0.1"),
        ({"augment_supersampling": 3}, "augment_supersampling is 3"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        ada.check(ConfigDict(LOSSES.to_dict() | changes))
    for good in ({"ada_target": 0.0}, {"ada_target": 0.99}, {"augment_supersampling": 2}):
        ada.check(ConfigDict(LOSSES.to_dict() | good))
