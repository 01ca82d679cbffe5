"""U-GAT-IT's losses by hand, from what each network gives, and the networks that its paper's values make."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import ugatit as experiment
from semgan import algorithms
from semgan.algorithms.ugatit import DISCRIMINATORS, GENERATORS, OF_A, OF_B
from semgan.errors import UserError
from tests.algorithms.batches import batch_of_domains

COUNT = 4


def _config():
    config = experiment.get_config()
    config.image_size = 8
    config.data.domains = ("a", "b")
    for network in config.networks.values():
        network.update({"base_channels": 4, "initializer": "he"} | ({"blocks": 1} if "blocks" in network else {}))
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 1, 0], [1, 0, 0, 1], size=8)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def state(algorithm, batch):
    return algorithm.init(jax.random.key(1), batch)


@pytest.fixture(scope="module")
def translate(algorithm, state):
    """A generator's images and its attention's logits."""
    applied = jax.jit(algorithm.networks["generator_ab"].apply)
    return lambda name, image: [np.asarray(values) for values in applied({"params": state[0][name]}, image)]


@pytest.fixture(scope="module")
def judge(algorithm, state):
    """A discriminator's logits by place and its attention's, after its step of the power iteration, and the vectors after that."""
    applied = {
        name: jax.jit(lambda v, x, m=algorithm.networks[name]: m.apply(v, x, train=True, mutable="batch_stats")) for name in DISCRIMINATORS
    }

    def run(name, image):
        judged, updated = applied[name]({"params": state[0][name], "batch_stats": state[1][name]}, image)
        return [np.asarray(values, np.float64) for values in judged], updated["batch_stats"]

    return run


@pytest.fixture(scope="module")
def sides(batch):
    """What is of domain a and what is of domain b, example by example."""
    image, reference, first = batch["image"], batch["reference"], np.asarray(batch["domain"]) == 0
    pairs = [(image[i], reference[i]) if first[i] else (reference[i], image[i]) for i in range(COUNT)]
    return np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs])


def test_discriminators_come_before_generators(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", DISCRIMINATORS), ("g", GENERATORS)]
    assert {*OF_A, *OF_B} == {f"discriminator_{reach}_{domain}" for reach in ("local", "global") for domain in "ab"}


def test_discriminator_loss_by_hand(algorithm, state, batch, translate, judge, sides):
    a, b = sides
    value, aux = jax.jit(algorithm.phases[0].loss)(*state, batch, jax.random.key(7), jnp.float32(0))
    fake_a, fake_b = translate("generator_ba", b)[0], translate("generator_ab", a)[0]
    places = attention = 0.0
    for names, real, fake in ((OF_A, a, fake_a), (OF_B, b, fake_b)):
        for name in names:
            (real_logits, real_cam), _ = judge(name, real)
            (fake_logits, fake_cam), after = judge(name, fake)
            places += np.square(real_logits - 1).mean() + np.square(fake_logits).mean()
            attention += np.square(real_cam - 1).mean() + np.square(fake_cam).mean()
            jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=1e-5), aux.model_state[name], after)
    np.testing.assert_allclose(aux.metrics["adversarial"], places, rtol=1e-3)
    np.testing.assert_allclose(aux.metrics["adversarial_cam"], attention, rtol=1e-3)
    np.testing.assert_allclose(value, places + attention, rtol=1e-3)


def _cross_entropy(logits, target):
    share = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return -(target * np.log(share) + (1 - target) * np.log(1 - share)).mean()


def test_generator_loss_by_hand(algorithm, state, batch, translate, judge, sides):
    a, b = sides
    value, aux = jax.jit(algorithm.phases[1].loss)(*state, batch, jax.random.key(7), jnp.float32(0))
    want = dict.fromkeys(("adversarial", "adversarial_cam", "cycle", "identity", "cam"), 0.0)
    for there, back, source, target, judges in (("ab", "ba", a, b, OF_B), ("ba", "ab", b, a, OF_A)):
        fake, of_source = translate(f"generator_{there}", source)
        same, of_target = translate(f"generator_{there}", target)
        for name in judges:
            (logits, cam_logits), _ = judge(name, fake)
            want["adversarial"] += np.square(logits - 1).mean()
            want["adversarial_cam"] += np.square(cam_logits - 1).mean()
        want["cycle"] += np.abs(translate(f"generator_{back}", fake)[0] - source).mean()
        want["identity"] += np.abs(same - target).mean()
        want["cam"] += _cross_entropy(of_source, 1) + _cross_entropy(of_target, 0)
    for term, expected in want.items():
        np.testing.assert_allclose(aux.metrics[term], expected, rtol=1e-3, err_msg=term)
    total = want["adversarial"] + want["adversarial_cam"] + 10 * want["cycle"] + 10 * want["identity"]
    np.testing.assert_allclose(value - 1000 * aux.metrics["cam"], total, rtol=1e-3)  # which the CAM term would drown
    np.testing.assert_allclose(value, total + 1000 * want["cam"], rtol=1e-3)


def test_no_gradient_of_the_generator_loss_is_missing(algorithm, state, batch):
    """All of both generators is trained, the attention's classifiers included."""
    loss = jax.jit(
        jax.grad(lambda trained: algorithm.phases[1].loss(state[0] | trained, state[1], batch, jax.random.key(7), jnp.float32(0))[0])
    )
    gradients = loss({name: state[0][name] for name in GENERATORS})
    assert {path[-1].key for path, leaf in jax.tree.leaves_with_path(gradients) if not np.abs(leaf).max()} <= {"rho"}


def test_sample_sends_each_content_through_the_generator_of_its_direction(algorithm, state, batch, translate):
    out = jax.jit(algorithm.sample)(*state, batch, jax.random.key(0))["translated"]
    for index, domain in enumerate(batch["domain"].tolist()):
        np.testing.assert_allclose(out[index], translate(GENERATORS[domain], batch["image"])[0][index], atol=1e-5)


def test_bad_settings_are_refused():
    for changes, message in (
        ({"image_size": 48}, "power of two"),
        ({"data": {"domains": ("a", "b", "c")}}, "names 3 domain"),
        ({"losses": {"objective": "least_square"}}, "did you mean 'least_squares'"),
    ):
        config = _config()
        config.update(changes)
        with pytest.raises(UserError, match=message):
            algorithms.make(config)
