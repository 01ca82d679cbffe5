"""ProGAN's growth, its losses by hand, and that levels which do not run yet stay where they are."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from configs import common
from configs import progan as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.algorithms.progan import fade_at
from semgan.errors import UserError
from tests.algorithms.batches import batch_of

COUNT = 4


def _config():
    config = experiment.get_config()
    config.image_size = 16
    config.networks.generator.update({"latent_dim": 6, "base_channels": 4, "max_channels": 8})
    config.networks.discriminator.update({"base_channels": 4, "max_channels": 8})
    config.losses.update({"gradient_penalty_weight": 3.0, "drift_weight": 0.5})
    return common.with_changes(config, experiment.phases(config, 10.0))


@pytest.fixture(scope="module")
def batch():
    return batch_of(COUNT, 16, keys=("image",))


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def made(algorithm, batch):
    return algorithm.init(jax.random.key(1), batch)


def test_stages_change_only_when_a_resolution_comes(algorithm):
    at = algorithm.stages.at
    assert at(0.0) is algorithm
    assert at(9.99) is algorithm
    assert at(10.0) is not algorithm
    assert at(10.0) is at(29.99)
    assert at(30.0) is at(10_000.0)
    assert at(30.0) is not at(29.99)
    assert at(30.0).stages is algorithm.stages
    assert [at(kimg).phases[0].updates for kimg in (0.0, 30.0)] == [("discriminator",)] * 2


def test_stages_describe_size_and_fade(algorithm):
    kimgs = (0.0, 10.0, 14.0, 20.0, 30.0, 39.0, 40.0, 999.0)
    expected = (
        "4 px",
        "8 px, fading in at 0.00",
        "8 px, fading in at 0.40",
        "8 px",
        "16 px, fading in at 0.00",
        "16 px, fading in at 0.90",
    )
    assert tuple(map(algorithm.stages.describe, kimgs)) == (*expected, "16 px", "16 px")


def test_a_depth_fades_in_over_its_first_phase_and_stays():
    assert [float(fade_at(jnp.float32(kimg), 10.0, 1)) for kimg in (5, 10, 14, 20, 25, 99)] == pytest.approx([0, 0, 0.4, 1, 1, 1])
    assert [float(fade_at(jnp.float32(kimg), 10.0, 2)) for kimg in (20, 30, 39, 45)] == pytest.approx([0, 0, 0.9, 1])


@pytest.fixture(scope="module")
def fading(algorithm):
    """At 8 px, 0.4 faded in."""
    return algorithm.stages.at(14.0)


@pytest.fixture(scope="module")
def gradients(fading, made, batch):
    """By phase: the loss, what it returns beside, and its gradient with respect to the network that it updates."""

    def run(phase):
        name = phase.updates[0]
        loss = lambda own: phase.loss({**made[0], name: own}, made[1], batch, jax.random.key(7), jnp.float32(14.0))  # noqa: E731
        return jax.jit(jax.value_and_grad(loss, has_aux=True))(made[0][name])

    return {phase.name: run(phase) for phase in fading.phases}


@pytest.fixture(scope="module")
def run(fading, made):
    jitted = {name: jax.jit(partial(module.apply, depth=1, fade=0.4)) for name, module in fading.networks.items()}
    return lambda name, inputs: jitted[name]({"params": made[0][name]}, inputs)


@pytest.fixture(scope="module")
def pictures(run, batch):
    """Real images faded by hand, and the fakes of key 7."""
    eight = np.asarray(batch["image"], np.float64).reshape(COUNT, 8, 2, 8, 2, 3).mean((2, 4))
    four = eight.reshape(COUNT, 4, 2, 4, 2, 3).mean((2, 4))
    real = 0.6 * np.repeat(np.repeat(four, 2, 1), 2, 2) + 0.4 * eight
    return jnp.asarray(real, jnp.float32), run("generator", draws.latents(jax.random.key(7), batch, 6))


def test_discriminator_loss_by_hand(fading, run, gradients, pictures, batch, made):
    (loss, aux), _ = gradients["d"]
    real, fake = pictures
    real_logits, fake_logits = (np.asarray(run("discriminator", images), np.float64) for images in pictures)
    mix = np.asarray(draws.uniform(jax.random.key(7), batch, stream=1)).reshape(-1, 1, 1, 1)
    module, variables = fading.networks["discriminator"], {"params": made[0]["discriminator"]}
    slope = jax.jit(jax.grad(lambda x: module.apply(variables, x, 1, 0.4).sum()))(real + mix * (fake - real))
    norm = np.sqrt(np.square(np.asarray(slope, np.float64)).sum((1, 2, 3)))
    expected = fake_logits.mean() - real_logits.mean() + 3.0 * np.square(norm - 1).mean() + 0.5 * np.square(real_logits).mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-3)
    assert float(aux.model_state["growing"]["kimg"]) == 14.0


def test_generator_loss_by_hand(run, gradients, pictures):
    (loss, aux), _ = gradients["g"]
    np.testing.assert_allclose(loss, -np.asarray(run("discriminator", pictures[1])).mean(), rtol=1e-3)
    assert float(aux.model_state["growing"]["kimg"]) == 0.0  # as it was handed in


def test_levels_that_do_not_run_get_no_gradient_and_adam_leaves_them(gradients, made):
    running = {
        "g": ("generator", {"from_z", "from_z_bias", "second_0", "first_1", "second_1", "to_rgb_0", "to_rgb_1"}),
        "d": ("discriminator", {"from_rgb_0", "from_rgb_1", "first_0", "first_1", "second_1", "dense", "logit"}),
    }
    adam = optax.adam(1e-3, 0.0, 0.99, 1e-8)
    for phase, (name, expected) in running.items():
        grads = gradients[phase][1]
        moving = {layer for layer, tree in grads.items() if any((leaf != 0).any() for leaf in jax.tree.leaves(tree))}
        assert moving == expected
        updates = jax.jit(lambda grads, params: adam.update(grads, adam.init(params))[0])(grads, made[0][name])
        assert {layer for layer, tree in updates.items() if any((leaf != 0).any() for leaf in jax.tree.leaves(tree))} == expected


def test_samples_are_full_size_and_know_their_fade(algorithm, fading, made, batch):
    params = {"generator": made[0]["generator"]}

    def sample(stage, kimg):
        return np.asarray(jax.jit(stage.sample)(params, {"growing": {"kimg": jnp.float32(kimg)}}, batch, jax.random.key(2))["sample"])

    first, start, end = sample(algorithm, 5.0), sample(fading, 10.0), sample(fading, 20.0)
    assert first.shape == (COUNT, 16, 16, 3)
    np.testing.assert_array_equal(first[:, :4, :4], np.broadcast_to(first[:, :1, :1], (COUNT, 4, 4, 3)))
    np.testing.assert_allclose(start, first, atol=1e-5)
    assert np.abs(end - start).max() > 0.01


def test_wrong_size_and_phase_length_are_refused():
    config = _config()
    config.image_size = 24
    with pytest.raises(UserError, match="power of two from 8"):
        algorithms.make(config)
    config = _config()
    config.losses.phase_kimg = 0.0
    with pytest.raises(UserError, match=r"phase_kimg is 0\.0"):
        algorithms.make(config)
