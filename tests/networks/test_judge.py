"""The judge's network: what is not asked for costs nothing, and boxes are those of the heat."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses import semantic
from semgan.networks import judge
from semgan.networks.judge import Heads, JudgeNetwork

OLD = {"channels": 4, "domains": 3, "mask_classes": 2, "landmarks": 5, "attributes": 2}
IMAGES = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)), jnp.float32)


@pytest.fixture(scope="module")
def judged():
    """A judgement and the parameters that it comes from, drawn by numpy: that takes no time to compile."""
    rng, network = np.random.default_rng(1), JudgeNetwork(Heads(**OLD, categories=4, boxes=3))
    shapes = jax.eval_shape(network.init, jax.random.key(0), IMAGES)["params"]
    params = jax.tree.map(lambda leaf: 0.3 * rng.standard_normal(leaf.shape, np.float32), shapes)
    return jax.jit(network.apply)({"params": params}, IMAGES), params


def test_heads_give_what_they_are_named_for(judged):
    found = {name: value.shape[1:] for name, value in judged[0]._asdict().items() if name != "features"}
    expected = {"domain": (3,), "mask": (16, 16, 2), "landmarks": (5, 2), "attributes": (2,), "category": (4,), "boxes": (3, 4)}
    assert found == expected


def test_further_heads_leave_older_judges_as_they_are(judged):
    """Their parameters are still found, by name, and say the same."""
    judgement, params = judged
    older = JudgeNetwork(Heads(**OLD))
    shapes = jax.eval_shape(older.init, jax.random.key(0), IMAGES)["params"]
    assert params.keys() - shapes.keys() == {"Dense_3", "Conv_3"}
    kept = {name: params[name] for name in shapes}
    assert jax.tree.map(jnp.shape, kept) == jax.tree.map(lambda leaf: leaf.shape, shapes)
    alone = jax.jit(older.apply)({"params": kept}, IMAGES)
    assert (alone.category, alone.boxes) == (None, None)
    for name in ("domain", "features", "mask", "landmarks", "attributes"):
        np.testing.assert_allclose(getattr(alone, name), getattr(judgement, name), atol=1e-5)


def test_even_heat_is_the_whole_picture_and_heat_over_a_part_its_box():
    heat = np.full((1, 8, 8, 3), -50.0, np.float32)
    heat[..., 0] = 3.0
    heat[0, 2:7, 1:3, 1] = 0.0
    heat[0, 5, 6, 2] = 0.0
    boxes = judge._expected_box(jnp.asarray(heat))[0] * 8
    np.testing.assert_allclose(boxes, [[0, 0, 8, 8], [1, 2, 3, 7], [6, 5, 7, 6]], atol=1e-4)


def test_boxes_are_learned_from_anywhere():
    """Gradient descent on the heat alone, from the whole picture, with a rate that falls to 0 so that it settles."""
    truth = jnp.array([[[0.1, 0.2, 0.4, 0.9], [0.7, 0.05, 0.95, 0.3]]])

    def slide(i, heat):
        return heat - 5.0 * (1 - i / 600) * jax.grad(lambda heat: semantic.box_loss(judge._expected_box(heat), truth).sum())(heat)

    @jax.jit
    def errors(heat):
        heats = (heat, jax.lax.fori_loop(0, 600, slide, heat))
        return [semantic.box_error(judge._expected_box(heat), truth)[0] for heat in heats]

    first, last = errors(jnp.zeros((1, 8, 8, 2)))
    assert first > 0.8
    assert last < 0.01
