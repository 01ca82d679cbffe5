"""DCGAN's phases and losses by hand from the networks' outputs, and whose running statistics move when."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import dcgan as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.errors import UserError
from tests.algorithms.batches import batch_of

COUNT = 4


def _config(**losses):
    config = experiment.get_config()
    config.image_size = 16
    config.networks.generator.update({"latent_dim": 6, "base_channels": 4, "max_channels": 8})
    config.networks.discriminator.update({"base_channels": 4, "max_channels": 8})
    config.losses.update(losses)
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of(COUNT, 16, keys=("image",))


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def made(algorithm, batch):
    return algorithm.init(jax.random.key(1), batch)


def _apply(algorithm, made, name, inputs):
    variables = {"params": made[0][name], "batch_stats": made[1][name]}
    return jax.jit(partial(algorithm.networks[name].apply, train=True, mutable="batch_stats"))(variables, inputs)


@pytest.fixture(scope="module")
def outputs(algorithm, made, batch):
    """The fakes of key 7 and the logits of real and fake, each batch by its own statistics."""
    fake, _ = _apply(algorithm, made, "generator", draws.latents(jax.random.key(7), batch, 6))
    return fake, *(np.asarray(_apply(algorithm, made, "discriminator", images)[0], np.float64) for images in (batch["image"], fake))


def _loss(algorithm, phase, made, batch):
    return jax.jit(algorithm.phases[phase].loss)(*made, batch, jax.random.key(7), jnp.float32(0))


def _moved(made, aux):
    names = ("generator", "discriminator")
    return [n for n in names if any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (made[1][n], aux.model_state[n])), strict=True))]


def test_phases_update_one_network_each(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", ("discriminator",)), ("g", ("generator",))]
    assert (algorithm.averaged, algorithm.kept) == (("generator",), ("generator",))


def test_discriminator_loss_by_hand(algorithm, made, batch, outputs):
    _, real, fake = outputs
    loss, aux = _loss(algorithm, 0, made, batch)
    np.testing.assert_allclose(loss, np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean(), rtol=1e-4)
    assert _moved(made, aux) == ["discriminator"]


def test_generator_loss_by_hand(algorithm, made, batch, outputs):
    loss, aux = _loss(algorithm, 1, made, batch)
    np.testing.assert_allclose(loss, np.logaddexp(0, -outputs[2]).mean(), rtol=1e-4)
    assert _moved(made, aux) == ["generator"]


def test_minimax_by_config(made, batch, outputs):
    loss, _ = _loss(algorithms.make(_config(objective="minimax")), 1, made, batch)
    np.testing.assert_allclose(loss, -np.logaddexp(0, outputs[2]).mean(), rtol=1e-4)


def test_samples_use_the_running_statistics_so_that_each_depends_on_its_position_alone(algorithm, made, batch):
    stats = jax.tree.map(lambda leaf: leaf + 0.3, made[1]["generator"])
    sample = jax.jit(
        lambda batch: algorithm.sample({"generator": made[0]["generator"]}, {"generator": stats}, batch, jax.random.key(2))["sample"]
    )
    whole, part = sample({"position": jnp.arange(COUNT)}), sample({"position": jnp.asarray([2])})
    assert whole.shape == (COUNT, 16, 16, 3)
    np.testing.assert_allclose(whole[2:3], part, atol=1e-5)


def test_wrong_size_and_objective_are_refused():
    config = _config()
    config.image_size = 48
    with pytest.raises(UserError, match="power of two from 16"):
        algorithms.make(config)
    with pytest.raises(UserError, match="did you mean 'minimax'"):
        algorithms.make(_config(objective="minmax"))


def test_r1_is_added_to_the_discriminator_s_loss_alone(batch):
    """By the definition: half the squared gradient of each image's own logit."""
    config = _config(r1_weight=3.0)
    config.networks.discriminator.batch_norm = False
    algorithm = algorithms.make(config)
    made = algorithm.init(jax.random.key(1), batch)
    assert made[1]["discriminator"] == {}
    discriminator = algorithm.networks["discriminator"]

    def logit(image):
        return discriminator.apply({"params": made[0]["discriminator"]}, image[None])[0]

    gradients = jax.jit(jax.vmap(jax.grad(logit)))(batch["image"])
    (loss, aux), (generator_loss, generator_aux) = (_loss(algorithm, phase, made, batch) for phase in range(2))
    np.testing.assert_allclose(aux.metrics["r1"], 0.5 * np.mean(np.sum(np.square(gradients), (1, 2, 3))), rtol=1e-5)
    np.testing.assert_allclose(loss, aux.metrics["adversarial"] + 3 * aux.metrics["r1"], rtol=1e-6)
    assert generator_loss == generator_aux.metrics["adversarial"]


def test_r1_beside_batch_norm_is_refused():
    with pytest.raises(UserError, match=r"batch norm mixes .* set config.networks.discriminator.batch_norm=False"):
        algorithms.make(_config(r1_weight=1.0))
