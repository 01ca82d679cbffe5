"""Every experiment's config is complete: its algorithm builds, its step traces, and its debug run is small."""

from functools import partial

import jax
import numpy as np
import pytest

from configs.common import shrink
from semgan import algorithms
from semgan import config as configs
from semgan.data.augment import augment
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.training.state import init_state, parameter_counts
from semgan.training.step import make_step

EXPERIMENTS = ("quickstart.py", "drawn_faces_stargan_v2.py", "celeba_stargan_v2.py:128", "celeba_stargan_v2.py:256", "afhq_stargan_v2.py")


def _load(name):
    config = configs.load(f"configs/{name}")
    config.data.domains = config.data.domains or ("cat", "dog", "wild")
    return config


def _batch(config):
    shape = (config.batch_size, config.image_size, config.image_size, 3)
    images = {key: jax.ShapeDtypeStruct(shape, np.uint8) for key in ("image", "reference", "reference2")}
    integers = {key: jax.ShapeDtypeStruct(shape[:1], np.int32) for key in ("domain", "target_domain", "position")}
    return images | integers


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_config_is_valid_and_its_networks_build(name):
    config = _load(name)
    configs.validate(config)
    algorithm = algorithms.make(config)
    params, _ = jax.eval_shape(algorithm.init, jax.random.key(0), {})
    assert set(params) == set(config.networks) == set(config.optimizers)
    make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_debug_run_is_ten_small_steps_of_the_same_algorithm(name):
    config = shrink(_load(name))
    assert config.total_kimg * 1000 == 10 * config.batch_size
    algorithm = algorithms.make(config)
    transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg)
    prepare = partial(augment, seed=config.seed, **config.augment)
    step = make_step(algorithm, transforms, seed=0, ema_decay=ema_decay(config.ema_half_life_kimg), prepare=prepare)
    state = jax.eval_shape(lambda: init_state(algorithm, transforms, jax.random.key(0), {}))
    after, metrics = jax.eval_shape(step, state, _batch(config))
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), after) == jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    assert "g_reference/cycle" in metrics
    assert sum(parameter_counts(state.params).values()) < 200_000


def test_papers_values_give_the_papers_networks_at_256_pixels():
    config = _load("celeba_stargan_v2.py:256")
    config.data.domains = ("Male", "~Male")
    params, _ = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), {})
    counts = parameter_counts(params)
    assert counts["generator"] == 33_892_995
    assert counts["mapping_network"] == 2_438_272
    assert counts["style_encoder"] == 20_916_928
    assert counts["discriminator"] == 20_852_290
