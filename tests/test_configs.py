"""Every experiment's config is complete: its algorithm builds, and its debug run is small."""

from pathlib import Path

import jax
import pytest

from configs import semantics
from configs.common import shrink
from semgan import algorithms
from semgan import config as configs
from semgan.errors import UserError
from semgan.training.optimizers import make_transforms
from semgan.training.state import parameter_counts

BASES = {"common", "fastcut", *algorithms.names()}
"""Configs that others start from; all the rest are experiments."""
LEFT_OUT = {"patch_sampler", "semantic_heads"}
"""Networks that a config may describe and its losses do without."""
ARGUMENTS = (":128", ":256")
EXPERIMENTS = sorted(
    path.name + argument
    for path in Path("configs").glob("*.py")
    if path.stem not in BASES
    for argument in (ARGUMENTS if 'size: str = "128"' in path.read_text() else ("",))
)


def _load(name):
    config = configs.load(f"configs/{name}")
    config.data.domains = config.data.domains or ("cat", "dog")
    return config


def test_every_algorithm_has_a_small_and_a_full_experiment():
    trained = {name: _load(name).algorithm for name in EXPERIMENTS}
    for algorithm in algorithms.names():
        sizes = {name.startswith("drawn_faces") for name in trained if trained[name] == algorithm}
        assert sizes == {True, False} or algorithm == "munit", algorithm


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_config_is_valid_and_its_networks_build(name):
    config = _load(name)
    configs.validate(config)
    algorithm = algorithms.make(config)
    params, _ = jax.eval_shape(algorithm.init, jax.random.key(0), {})
    assert set(params) <= set(config.networks) == set(config.optimizers)
    assert set(config.networks) - set(params) <= LEFT_OUT
    make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)


@pytest.mark.parametrize("method", semantics.METHODS)
def test_every_method_compared_by_what_it_keeps_has_the_same_budget_and_data(method):
    config, other = _load(f"semantics.py:{method}"), _load("semantics.py")
    configs.validate(config)
    algorithm = algorithms.make(config)
    make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)
    for key in ("image_size", "max_minutes", "evaluate_kimg", "judge", "augment"):
        assert config[key] == other[key]
    pairing = {"data.pairing": config.data.pairing, "data.left_out": ("ink&Eyeglasses",) if "left_out" in method else ()}
    other.update_from_flattened_dict(pairing)
    assert config.data == other.data


def test_a_method_that_is_not_compared_is_refused():
    with pytest.raises(UserError, match=r"'semgam': choose .* semgan, label_free"):
        _load("semantics.py:semgam")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_debug_run_is_ten_steps_of_small_networks(name):
    config = shrink(_load(name))
    configs.validate(config)
    assert config.total_kimg * 1000 == 10 * config.batch_size
    params, _ = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), {})
    assert sum(parameter_counts(params).values()) < 1_000_000


def test_papers_values_give_the_papers_networks_at_256_pixels():
    config = _load("celeba_stargan_v2.py:256")
    config.data.domains = ("Male", "~Male")
    params, _ = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), {})
    counts = parameter_counts(params)
    assert counts["generator"] == 33_892_995
    assert counts["mapping_network"] == 2_438_272
    assert counts["style_encoder"] == 20_916_928
    assert counts["discriminator"] == 20_852_290
