"""MUNIT: what it reconstructs, by hand; whose encoder and decoder a sample goes through; and which networks each player trains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import munit as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.errors import UserError
from tests.algorithms.batches import batch_of_domains

COUNT = 3
SIDES = ("a", "b")


def _config():
    config = experiment.get_config()
    config.image_size = 8
    config.data.domains = SIDES
    for side in SIDES:
        config.networks[f"autoencoder_{side}"].update({"base_channels": 4, "blocks": 1, "style_dim": 3, "hidden_channels": 6})
        config.networks[f"discriminator_{side}"].update({"base_channels": 4, "scales": 2})
    config.losses.update({"reconstruction_weight": 3.0, "content_reconstruction_weight": 5.0, "style_reconstruction_weight": 7.0})
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 0], [1, 0, 1], size=8)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def params(algorithm, batch):
    return algorithm.init(jax.random.key(1), batch)[0]


@pytest.fixture(scope="module")
def run(algorithm, params):
    """A network of domain a or b by number, through one of its methods."""
    applied = jax.jit(
        lambda tree, name, method, *inputs: algorithm.networks[name].apply({"params": tree}, *inputs, method=method), static_argnums=(1, 2)
    )
    return lambda name, i, method, *inputs: applied(params[f"{name}_{SIDES[i]}"], f"{name}_{SIDES[i]}", method, *inputs)


def test_losses_by_hand(algorithm, params, batch, run):
    rng, first = jax.random.key(7), np.asarray(batch["domain"])[:, None, None, None] == 0
    images = [np.where(first, batch["image"], batch["reference"]), np.where(first, batch["reference"], batch["image"])]
    contents = [run("autoencoder", i, "content", images[i]) for i in range(2)]
    styles = [draws.normal(rng, batch, 3, stream=i) for i in range(2)]
    fakes = [run("autoencoder", i, "decode", contents[1 - i], styles[i]) for i in range(2)]
    want = dict.fromkeys(("d", "adversarial", "reconstruction", "content_reconstruction", "style_reconstruction"), 0.0)
    for i in range(2):
        real_logits, fake_logits = (run("discriminator", i, "__call__", x) for x in (images[i], fakes[i]))
        want["d"] += np.square(real_logits - 1).mean() + np.square(fake_logits).mean()
        want["adversarial"] += np.square(fake_logits - 1).mean()
        want["reconstruction"] += np.abs(run("autoencoder", i, "__call__", images[i]) - images[i]).mean()
        want["content_reconstruction"] += np.abs(run("autoencoder", i, "content", fakes[i]) - contents[1 - i]).mean()
        want["style_reconstruction"] += np.abs(run("autoencoder", i, "style", fakes[i]) - styles[i]).mean()
    d, g = (jax.jit(phase.loss)(params, {}, batch, rng, jnp.float32(0)) for phase in algorithm.phases)
    np.testing.assert_allclose(d[0], want.pop("d"), rtol=1e-3)
    for term, expected in want.items():
        np.testing.assert_allclose(g[1].metrics[term], expected, rtol=1e-3, err_msg=term)
    np.testing.assert_allclose(g[0], np.dot(list(want.values()), [1, 3, 5, 7]), rtol=1e-3)


def test_contents_are_read_in_their_own_domain_and_drawn_in_the_targets(algorithm, params, batch, run):
    sample = jax.jit(algorithm.sample)
    out = sample(params, {}, batch, jax.random.key(3))
    z = draws.latents(jax.random.key(3), batch, 3)
    weakened = sample(params, {}, {**batch, "strength": jnp.asarray([0.0, 0.25, 0.5])}, jax.random.key(3))
    for i, (own, target) in enumerate(zip(batch["domain"].tolist(), batch["target_domain"].tolist(), strict=True)):
        content = run("autoencoder", own, "content", batch["image"])
        style, still = (run("autoencoder", target, "style", batch[picture]) for picture in ("reference", "image"))
        guided = run("autoencoder", target, "decode", content, style)
        np.testing.assert_allclose(out["reference"][i], guided[i], atol=1e-4)
        np.testing.assert_allclose(out["latent"][i], run("autoencoder", target, "decode", content, z)[i], atol=1e-4)
        for name, code in (("reference", style), ("latent", z)):
            between = run("autoencoder", target, "decode", content, still + 0.25 * i * (code - still))
            np.testing.assert_allclose(weakened[name][i], between[i], atol=1e-4)


def test_style_moves_the_picture(params, run, batch):
    content = run("autoencoder", 0, "content", batch["image"])
    one, other = (run("autoencoder", 0, "decode", content, jnp.full((COUNT, 3), value)) for value in (-1.0, 1.0))
    assert float(jnp.abs(one - other).max()) > 0.01


def test_each_player_trains_both_of_its_networks(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [
        ("d", ("discriminator_a", "discriminator_b")),
        ("g", ("autoencoder_a", "autoencoder_b")),
    ]


def test_one_domain_is_refused():
    config = _config()
    config.data.domains = ("a",)
    with pytest.raises(UserError, match="exactly two"):
        algorithms.make(config)
