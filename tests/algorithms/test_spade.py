"""SPADE: its losses by hand, what each player trains and remembers, and where a translation's content and style come from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import drawn_faces_spade as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.errors import UserError
from tests.algorithms.batches import batch_of_domains

SIZE, CLASSES, STYLE = 16, 3, 4


def _config():
    config = experiment.get_config()
    config.image_size = SIZE
    config.networks.generator.update(
        {"mask_classes": CLASSES, "style_dim": STYLE, "base_channels": 4, "max_channels": 4, "hidden_channels": 4}
    )
    config.networks.style_encoder.update({"base_channels": 4, "max_channels": 4})
    config.networks.discriminator.update({"base_channels": 4, "max_channels": 4, "layers": 2})
    config.losses.update({"feature_matching_weight": 7.0, "kl_weight": 0.3})
    return config


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def batch():
    mask = np.random.default_rng(1).integers(0, CLASSES, (3, SIZE, SIZE), np.uint8)
    return batch_of_domains([0, 1, 0], [1, 0, 1], size=SIZE) | {"mask": jnp.asarray(mask)}


@pytest.fixture(scope="module")
def trained(algorithm, batch):
    """Parameters that are not small, and the state, which has been through a step of each phase."""
    params, model_state = algorithm.init(jax.random.key(1), batch)
    params = jax.tree.map(lambda leaf: 10 * leaf, params)
    for phase in algorithm.phases:
        _, aux = jax.jit(phase.loss)(params, model_state, batch, jax.random.key(9), jnp.float32(0))
        model_state = aux.model_state
    return params, model_state


@pytest.fixture(scope="module")
def run(algorithm, trained):
    params, model_state = trained

    def run(name, *inputs, method="__call__", train=True):
        variables = {"params": params[name], "batch_stats": model_state[name]}
        if not train:
            return algorithm.networks[name].apply(variables, *inputs, method=method)
        return algorithm.networks[name].apply(variables, *inputs, method=method, train=True, mutable="batch_stats")[0]

    return run


def test_losses_by_hand(algorithm, trained, batch, run):
    rng = jax.random.key(7)
    mean, log_variance = (np.asarray(each, np.float64) for each in run("style_encoder", batch["image"], method="moments"))
    style = jnp.asarray(mean + np.exp(log_variance / 2) * np.asarray(draws.normal(rng, batch, STYLE)), jnp.float32)
    fake = run("generator", style, batch["mask"], batch["domain"])
    real_scales, fake_scales = (run("discriminator", images, batch["mask"], batch["domain"]) for images in (batch["image"], fake))
    assert len(real_scales) == 2
    want = dict.fromkeys(("d", "adversarial", "feature_matching"), 0.0)
    for real, fakes in zip(real_scales, fake_scales, strict=True):
        want["d"] += (np.maximum(1 - real[-1], 0).mean() + np.maximum(1 + fakes[-1], 0).mean()) / 2
        want["adversarial"] -= np.mean(fakes[-1]) / 2
        want["feature_matching"] += sum(np.abs(a - b).mean() for a, b in zip(real[:-1], fakes[:-1], strict=True)) / 2
    want["kl"] = (-0.5 * (1 + log_variance - mean**2 - np.exp(log_variance))).sum() / 3  # pictures
    d, g = (jax.jit(phase.loss)(*trained, batch, rng, jnp.float32(0)) for phase in algorithm.phases)
    np.testing.assert_allclose(d[0], want["d"], rtol=1e-4)
    for side, scales in (("real", real_scales), ("fake", fake_scales)):  # of the whole picture's discriminator
        np.testing.assert_allclose(d[1].metrics[f"{side}_sign"], np.sign(scales[0][-1]).mean(), rtol=1e-6)
    for term in ("adversarial", "feature_matching", "kl"):
        np.testing.assert_allclose(g[1].metrics[term], want[term], rtol=1e-3, atol=1e-5, err_msg=term)
        assert abs(want[term]) > 1e-3
    np.testing.assert_allclose(g[0], want["adversarial"] + 7 * want["feature_matching"] + 0.3 * want["kl"], rtol=1e-3)


def test_each_player_trains_its_networks_and_moves_their_state_alone(algorithm, trained, batch):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", ("discriminator",)), ("g", ("generator", "style_encoder"))]
    params, model_state = trained
    for phase in algorithm.phases:
        _, aux = jax.jit(phase.loss)(params, model_state, batch, jax.random.key(2), jnp.float32(0))
        for name, before in model_state.items():
            pairs = zip(*map(jax.tree.leaves, (before, aux.model_state[name])), strict=True)
            assert any((a != b).any() for a, b in pairs) == (name in phase.updates), (phase.name, name)


def test_a_translation_takes_the_contents_mask_and_the_references_style(algorithm, trained, batch, run):
    sample = jax.jit(algorithm.sample)
    out = sample(*trained, batch, jax.random.key(3))
    style, latent = run("style_encoder", batch["reference"], train=False), draws.latents(jax.random.key(3), batch, STYLE)
    for name, code in {"reference": style, "latent": latent}.items():
        expected = run("generator", code, batch["mask"], batch["target_domain"], train=False)
        np.testing.assert_allclose(out[name], expected, atol=1e-4)
    unseen = sample(*trained, {**batch, "image": -batch["image"]}, jax.random.key(3))
    np.testing.assert_array_equal(unseen["reference"], out["reference"])
    masked = sample(*trained, {**batch, "mask": CLASSES - 1 - batch["mask"]}, jax.random.key(3))
    assert float(jnp.abs(masked["reference"] - out["reference"]).max()) > 1e-3


def test_styles_can_be_given_weakened_and_shortened(algorithm, trained, batch, run):
    sample, rng = jax.jit(algorithm.sample), jax.random.key(3)

    def generated(style):
        return run("generator", style, batch["mask"], batch["target_domain"], train=False)

    given = jnp.linspace(-1, 1, 3 * STYLE).reshape(3, STYLE)
    np.testing.assert_allclose(sample(*trained, {**batch, "style": given}, rng)["reference"], generated(given), atol=1e-4)
    own, style = (run("style_encoder", batch[name], train=False) for name in ("image", "reference"))
    quarter = sample(*trained, {**batch, "strength": jnp.full(3, 0.25)}, rng)["reference"]
    np.testing.assert_allclose(quarter, generated(0.75 * own + 0.25 * style), atol=1e-4)
    z = draws.latents(rng, batch, STYLE)
    np.testing.assert_allclose(sample(*trained, {**batch, "truncation": jnp.full(3, 0.5)}, rng)["latent"], generated(0.5 * z), atol=1e-4)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("networks.generator.mask_classes", 0, "paints from masks"),
        ("networks.style_encoder.norm", "batch", "choose 'instance' or 'none'"),
        ("losses.objective", "hing", "did you mean 'hinge'"),
        ("image_size", 24, "image_size"),
    ],
)
def test_what_cannot_be_is_a_clean_error(key, value, message):
    config = _config()
    config.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=message):
        algorithms.make(config)
