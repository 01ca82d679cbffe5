"""CycleGAN's order, its losses recomputed by hand, and the pool of earlier translations on one device and on several."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import cyclegan as experiment
from semgan import algorithms
from semgan.algorithms.cyclegan import empty_pool, through_pool
from semgan.errors import UserError
from semgan.layers.devices import AXIS_NAME
from tests.algorithms.batches import batch_of_domains

COUNT = 4


def _config(architecture="resnet"):
    config = experiment.get_config(architecture)
    config.image_size = 8
    config.data.domains = ("a", "b")
    for name in config.networks:
        config.networks[name].update({"base_channels": 4, "blocks": 1} if "blocks" in config.networks[name] else {"base_channels": 4})
    config.losses.pool_size = 3
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 1, 0], [1, 0, 0, 1], size=8)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def state(algorithm, batch):
    params, model_state = algorithm.init(jax.random.key(1), batch)
    return jax.tree.map(lambda x: 5 * x if x.ndim == 4 else x, params), model_state  # louder than N(0, 0.02)


@pytest.fixture(scope="module")
def run(algorithm, state):
    applied = {name: jax.jit(module.apply) for name, module in algorithm.networks.items()}
    return lambda name, image: np.asarray(applied[name]({"params": state[0][name]}, image), np.float64)


@pytest.fixture(scope="module")
def sides(batch):
    """What is of domain a and what is of domain b, example by example."""
    image, reference, first = batch["image"], batch["reference"], np.asarray(batch["domain"]) == 0
    pairs = [(image[i], reference[i]) if first[i] else (reference[i], image[i]) for i in range(COUNT)]
    return jnp.stack([a for a, _ in pairs]), jnp.stack([b for _, b in pairs])


def test_generators_come_before_discriminators(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [
        ("g", ("generator_ab", "generator_ba")),
        ("d", ("discriminator_a", "discriminator_b")),
    ]


def test_generator_loss_by_hand(algorithm, state, batch, run, sides):
    a, b = sides
    value, aux = jax.jit(algorithm.phases[0].loss)(*state, batch, jax.random.key(7), jnp.float32(0))
    fake_a, fake_b = (run(name, x).astype(np.float32) for name, x in (("generator_ba", b), ("generator_ab", a)))
    want = {
        "adversarial": np.square(run("discriminator_a", fake_a) - 1).mean() + np.square(run("discriminator_b", fake_b) - 1).mean(),
        "cycle": np.abs(run("generator_ba", fake_b) - a).mean() + np.abs(run("generator_ab", fake_a) - b).mean(),
        "identity": np.abs(run("generator_ba", a) - a).mean() + np.abs(run("generator_ab", b) - b).mean(),
    }
    for term, expected in want.items():
        np.testing.assert_allclose(aux.metrics[term], expected, rtol=1e-3, err_msg=term)
    np.testing.assert_allclose(value, want["adversarial"] + 10 * want["cycle"] + 5 * want["identity"], rtol=1e-3)


def test_discriminator_loss_by_hand_with_an_empty_pool_that_the_fakes_fill(algorithm, state, batch, run, sides):
    a, b = sides
    roomy = {name: empty_pool(COUNT, 8) for name in ("pool_a", "pool_b")}
    value, aux = jax.jit(algorithm.phases[1].loss)(state[0], roomy, batch, jax.random.key(7), jnp.float32(0))
    fake_a, fake_b = (run(name, x).astype(np.float32) for name, x in (("generator_ba", b), ("generator_ab", a)))
    terms = [
        np.square(run(f"discriminator_{side}", real) - 1).mean() + np.square(run(f"discriminator_{side}", fake)).mean()
        for side, real, fake in (("a", a, fake_a), ("b", b, fake_b))
    ]
    np.testing.assert_allclose(value, sum(terms) / 2, rtol=1e-3)
    np.testing.assert_allclose(aux.model_state["pool_a"]["images"], fake_a, atol=1e-5)
    np.testing.assert_allclose(aux.model_state["pool_b"]["images"], fake_b, atol=1e-5)
    assert int(aux.model_state["pool_a"]["count"]) == COUNT


def _numbered(first, count):
    """Images that are told apart by their value."""
    return jnp.broadcast_to(jnp.arange(first, first + count, dtype=jnp.float32)[:, None, None, None], (count, 2, 2, 3))


def _values(images):
    return np.asarray(images)[:, 0, 0, 0].tolist()


def test_full_pool_swaps_at_half_chance_with_the_place_drawn():
    pool, out = through_pool(empty_pool(3, 2), _numbered(1, 4), jnp.asarray([[0.1, 0.9]] * 3 + [[0.4, 0.5]]))
    assert _values(out) == [1, 2, 3, 2]  # three are stored; the fourth takes the place of the second
    assert _values(pool["images"]) == [1, 4, 3]
    pool, out = through_pool(pool, _numbered(5, 3), jnp.asarray([[0.6, 0.0], [0.2, 0.99], [0.3, 0.99]]))
    assert _values(out) == [5, 3, 6]  # kept out; swapped for the third; swapped for the one just stored
    assert _values(pool["images"]) == [1, 4, 7]
    assert int(pool["count"]) == 3


def test_pool_of_several_devices_is_the_same_on_all_and_equals_that_of_one():
    chance = jnp.asarray(np.random.default_rng(1).uniform(size=(3, 4, 2)), jnp.float32)
    alone = shared = empty_pool(3, 2)
    mapped = jax.pmap(through_pool, axis_name=AXIS_NAME, in_axes=(None, 0, 0), devices=jax.devices()[:2])
    single = jax.jit(through_pool)
    for step in range(3):
        fakes = _numbered(4 * step, 4)
        alone, want = single(alone, fakes, chance[step])
        pools, out = mapped(shared, fakes.reshape(2, 2, 2, 2, 3), chance[step].reshape(2, 2, 2))
        assert _values(out.reshape(4, 2, 2, 3)) == _values(want)
        for device in range(2):
            jax.tree.map(lambda one, other, device=device: np.testing.assert_array_equal(one[device], other), pools, alone)
        shared = jax.tree.map(lambda x: jnp.asarray(np.asarray(x)[0]), pools)


def test_without_a_pool_there_is_no_state_and_the_newest_fakes_are_judged(batch):
    config = _config()
    config.losses.pool_size = 0
    assert jax.eval_shape(algorithms.make(config).init, jax.random.key(0), batch)[1] == {}
    fakes = _numbered(0, 4)
    assert through_pool(None, fakes, jnp.zeros((4, 2))) == (None, fakes)


def test_sample_sends_each_content_through_the_generator_of_its_direction(algorithm, state, batch, run):
    out = jax.jit(algorithm.sample)(*state, batch, jax.random.key(0))["translated"]
    for index, domain in enumerate(batch["domain"].tolist()):
        want = run(("generator_ab", "generator_ba")[domain], batch["image"])[index]
        np.testing.assert_allclose(out[index], want, atol=1e-5)


def test_the_u_net_is_a_choice_of_architecture_and_bad_settings_are_refused(batch):
    params = jax.eval_shape(algorithms.make(_config("unet")).init, jax.random.key(0), batch)[0]
    assert "down1" in params["generator_ab"]
    config = _config()
    config.networks.generator_ab.architecture = "unet"
    with pytest.raises(UserError, match=r"generator_ab\.\w+ is not a setting of the unet"):
        algorithms.make(config)
    config.networks.generator_ab.architecture = "vit"
    with pytest.raises(UserError, match="'resnet' or 'unet'"):
        algorithms.make(config)
    for changes, message in (({"image_size": 48}, "power of two"), ({"data": {"domains": ("a", "b", "c")}}, "names 3 domain")):
        config = _config()
        config.update(changes)
        with pytest.raises(UserError, match=message):
            algorithms.make(config)


def test_papers_values_give_the_papers_networks(batch):
    config = experiment.get_config()
    config.data.domains = ("a", "b")
    params, state = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), batch)
    counts = {name: sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree)) for name, tree in params.items()}
    assert counts["generator_ab"] == counts["generator_ba"] == 11_378_179
    assert counts["discriminator_a"] == counts["discriminator_b"] == 2_764_737
    assert state["pool_a"]["images"].shape == (50, 256, 256, 3)
