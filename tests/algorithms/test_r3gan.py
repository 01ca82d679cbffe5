"""R3GAN's losses by hand, its schedules, and where augmentation stands."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import r3gan as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.algorithms.r3gan import _augmentations, cosine
from semgan.errors import UserError
from tests.algorithms.batches import batch_of

COUNT = 3


def _config(**losses):
    config = experiment.get_config()
    config.image_size = 16
    small = {"base_channels": 4, "max_channels": 8, "blocks": 1, "group_size": 8}
    config.networks.generator.update({**small, "latent_dim": 6})
    config.networks.discriminator.update(small)
    config.losses.update({"gamma": 4.0, "final_gamma": 1.0, "augment_probability": 0.0, "burn_in_kimg": 10.0} | losses)
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of(COUNT, 16)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def params(algorithm, batch):
    """Every weight moved off its start, where blocks are the identity."""
    made, state = algorithm.init(jax.random.key(1), batch)
    assert state == {}
    leaves, structure = jax.tree.flatten(made)
    rng = np.random.default_rng(5)
    return structure.unflatten([leaf + jnp.asarray(0.1 * rng.normal(size=leaf.shape), jnp.float32) for leaf in leaves])


@pytest.fixture(scope="module")
def run(algorithm, params):
    applied = {name: jax.jit(module.apply) for name, module in algorithm.networks.items()}
    return lambda name, inputs: applied[name]({"params": params[name]}, inputs)


@pytest.fixture(scope="module")
def fake(run, batch):
    return run("generator", draws.latents(jax.random.key(7), batch, 6))


@pytest.fixture(scope="module")
def losses(algorithm, params, batch):
    jitted = {phase.name: jax.jit(phase.loss) for phase in algorithm.phases}
    return lambda name, kimg: jitted[name](params, {}, batch, jax.random.key(7), jnp.float32(kimg))


@pytest.fixture(scope="module")
def penalties(algorithm, params, batch, fake):
    """Half the squared norms of the discriminator's slopes at the real and at the fake images, their means added."""
    module = algorithm.networks["discriminator"]
    slope = jax.jit(jax.grad(lambda x: module.apply({"params": params["discriminator"]}, x).sum()))
    return sum(0.5 * np.square(np.asarray(slope(images), np.float64)).sum((1, 2, 3)).mean() for images in (batch["image"], fake))


@pytest.mark.parametrize(("kimg", "gamma"), [(0.0, 4.0), (5.0, 2.5), (30.0, 1.0)])
def test_discriminator_loss_by_hand(run, batch, fake, penalties, losses, kimg, gamma):
    real_logits, fake_logits = (np.asarray(run("discriminator", images), np.float64) for images in (batch["image"], fake))
    loss, aux = losses("d", kimg)
    np.testing.assert_allclose(aux.metrics["adversarial"], np.logaddexp(0, fake_logits - real_logits).mean(), rtol=1e-4)
    np.testing.assert_allclose(loss, aux.metrics["adversarial"] + gamma * penalties, rtol=1e-3)


def test_generator_is_compared_with_a_real_batch_of_its_own(run, batch, fake, losses):
    real_logits, fake_logits = (np.asarray(run("discriminator", images), np.float64) for images in (batch["reference"], fake))
    np.testing.assert_allclose(losses("g", 0.0)[0], np.logaddexp(0, real_logits - fake_logits).mean(), rtol=1e-4)


def test_cosine_against_numpy():
    for kimg, share in ((0.0, 0.0), (2.5, 0.25), (10.0, 1.0), (50.0, 1.0)):
        expected = 7.0 + (3.0 - 7.0) * 0.5 * (1 - np.cos(np.pi * share))
        np.testing.assert_allclose(cosine(7.0, 3.0, jnp.float32(kimg), 10.0), expected, rtol=1e-6)
    assert [float(cosine(7.0, 3.0, jnp.float32(kimg), 0.0)) for kimg in (0.0, 0.001)] == pytest.approx([7, 3])  # over no images, a step


def test_augmentation_starts_at_probability_0_and_penalties_reach_through_it(params, batch, losses):
    """At 0 images seen nothing is changed; later the logits are those of changed images."""
    augmented = algorithms.make(_config(augment_probability=1.0)).phases[0]
    loss = jax.jit(augmented.loss)
    at = {kimg: loss(params, {}, batch, jax.random.key(7), jnp.float32(kimg))[1].metrics for kimg in (0.0, 10.0)}
    plain = losses("d", 0.0)[1].metrics
    for term in ("adversarial", "r1", "r2"):
        np.testing.assert_allclose(at[0.0][term], plain[term], rtol=1e-3)
        assert abs(float(at[10.0][term] / plain[term]) - 1) > 1e-3


def test_real_and_fake_images_are_changed_by_draws_of_their_own(batch, monkeypatch):
    """Streams 1 and 2: the latents have stream 0. The probability is half way up at half of the burn-in."""
    monkeypatch.setattr("semgan.algorithms.r3gan.augment", lambda images, keys, p, supersampling: (images, keys, p, supersampling))
    weights = _config(augment_probability=0.4, augment_supersampling=1).losses
    for stream, change in enumerate(_augmentations(weights, batch, jax.random.key(7), jnp.float32(5)), start=1):
        images, keys, p, supersampling = change(batch["image"])
        expected = [jax.random.fold_in(jax.random.fold_in(jax.random.key(7), stream), position) for position in batch["position"].tolist()]
        np.testing.assert_array_equal(jax.random.key_data(keys), [jax.random.key_data(key) for key in expected])
        assert (images is batch["image"], float(p), supersampling) == (True, pytest.approx(0.2), 1)


def test_phases_size_groups_and_objective(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", ("discriminator",)), ("g", ("generator",))]
    config = _config()
    config.image_size = 100
    with pytest.raises(UserError, match="power of two from 16"):
        algorithms.make(config)
    config = _config()
    config.networks.discriminator.update({"base_channels": 6, "max_channels": 24})
    with pytest.raises(UserError, match=r"discriminator\.group_size is 8, which does not divide the 12 channels"):
        algorithms.make(config)
    with pytest.raises(UserError, match="did you mean 'relativistic'"):
        algorithms.make(_config(objective="relativist"))
