"""pix2pix's losses recomputed by hand, and the discriminator's view of input and output together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import pix2pix as experiment
from semgan import algorithms
from semgan.algorithms.common import draws
from semgan.errors import UserError
from tests.algorithms.batches import batch_of_domains

COUNT = 3


def _config():
    config = experiment.get_config()
    config.image_size = 8
    config.data.domains = ("a", "b")
    config.networks.generator.base_channels = config.networks.discriminator.base_channels = 4
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 0], [1, 0, 1], size=8)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def params(algorithm, batch):
    return jax.tree.map(lambda x: 5 * x if x.ndim == 4 else x, algorithm.init(jax.random.key(1), batch)[0])  # louder than N(0, 0.02)


def test_losses_by_hand(algorithm, params, batch):
    rng, first = jax.random.key(7), np.asarray(batch["domain"])[:, None, None, None] == 0
    source, target = np.where(first, batch["image"], batch["reference"]), np.where(first, batch["reference"], batch["image"])
    applied = {name: jax.jit(module.apply) for name, module in algorithm.networks.items()}
    fake = applied["generator"]({"params": params["generator"]}, source, draws.keys(rng, batch))

    def judge(image):
        pair = np.concatenate([source, image], -1)
        return 1 / (1 + np.exp(-np.asarray(applied["discriminator"]({"params": params["discriminator"]}, pair), np.float64)))

    d, g = (jax.jit(phase.loss)(params, {}, batch, rng, jnp.float32(0)) for phase in algorithm.phases)
    np.testing.assert_allclose(d[0], -0.5 * (np.log(judge(target)).mean() + np.log(1 - judge(fake)).mean()), rtol=1e-3)
    np.testing.assert_allclose(g[1].metrics["l1"], np.abs(fake - target).mean(), rtol=1e-4)
    np.testing.assert_allclose(g[0], -np.log(judge(fake)).mean() + 100 * np.abs(fake - target).mean(), rtol=1e-3)


def test_discriminator_comes_first(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", ("discriminator",)), ("g", ("generator",))]
    assert algorithm.targets == (1,)


def test_samples_drop_out_by_position(algorithm, params, batch):
    sample = jax.jit(algorithm.sample)
    first = sample(params, {}, batch, jax.random.key(3))["translated"]
    order = jnp.asarray([2, 0, 1])
    shuffled = sample(params, {}, jax.tree.map(lambda x: x[order], batch), jax.random.key(3))["translated"]
    np.testing.assert_allclose(shuffled, first[order], atol=1e-5)
    moved = sample(params, {}, {**batch, "position": batch["position"] + 9}, jax.random.key(3))["translated"]
    assert float(jnp.abs(moved - first).max()) > 1e-3


def test_three_domains_and_odd_sizes_are_refused():
    for changes, message in (({"image_size": 48}, "power of two"), ({"data": {"domains": ("a", "b", "c")}}, "names 3 domain")):
        config = _config()
        config.update(changes)
        with pytest.raises(UserError, match=message):
            algorithms.make(config)


def test_papers_values_give_the_papers_networks(batch):
    config = experiment.get_config()
    config.data.domains = ("a", "b")
    params = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), batch)[0]
    counts = {name: sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree)) for name, tree in params.items()}
    assert counts == {"generator": 54_413_955, "discriminator": 2_768_705}
