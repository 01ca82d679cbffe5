"""Every experiment's config is complete: its algorithm builds, and its debug run is small."""

import ast
import hashlib
import json
from pathlib import Path

import jax
import pytest

from configs import semantics
from configs.common import get_config, shrink, with_changes
from semgan import algorithms
from semgan import config as configs
from semgan.errors import UserError
from semgan.training.optimizers import make_transforms
from semgan.training.state import parameter_counts

BASES = {"common", *algorithms.names()}
"""Configs that others start from; all the rest are experiments."""
GOLDEN = json.loads(Path("tests/golden/configs.json").read_text())
"""Of resolved configs: two in full, digests of all as they were measured, and of some debug runs."""
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
        assert sizes == {True, False} or algorithm in ("munit", "spade"), algorithm


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


def digest(config):
    return hashlib.sha256(json.dumps(configs.to_json(config), sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", GOLDEN["whole"])
def test_resolved_values_are_those_that_were_measured(name):
    assert configs.to_json(configs.read(f"configs/{name}")) == GOLDEN["whole"][name]


@pytest.mark.parametrize("name", GOLDEN["digests"])
def test_no_experiment_changes_unnoticed(name):
    """Where one is to change, `launch.py --print-config` before and after says in what, and its digest goes into `tests/golden`."""
    assert digest(configs.read(f"configs/{name}")) == GOLDEN["digests"][name]


@pytest.mark.parametrize("name", GOLDEN["debug"])
def test_no_debug_run_changes_unnoticed(name):
    assert digest(shrink(configs.read(f"configs/{name}"))) == GOLDEN["debug"][name]


def imported_configs(path):
    """Names of the config files that a config file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in nodes if node.module == "configs" for alias in node.names}
    return names | {f"{node.module}".removeprefix("configs.") for node in nodes if f"{node.module}".startswith("configs.")}


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.py")), ids=lambda path: path.stem)
def test_configs_are_two_levels_deep(path):
    bases = imported_configs(path) - {"common"}
    assert (
        not bases if path.stem in BASES else len(bases) == 1 or path.stem in ("semantics", "photographs")
    )  # which have a base for each method
    assert bases <= BASES


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"sed": 1}], "sed is changed, which the base config does not have"),
        ([{"seed": 1}, {"data": {"name": "folder"}, "seed": 2}], "seed is changed twice"),
        ([{"data.name": "folder"}, {"data": {"name": "folder"}}], "data.name is changed twice"),
    ],
)
def test_a_value_that_is_written_twice_or_into_nothing_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        with_changes(get_config(), *changes)


def test_changes_leave_the_base_as_it_was():
    base = get_config()
    config = with_changes(base, {"seed": 7}, {"data": {"name": "folder", "domains": ("a", "b")}})
    assert (config.seed, config.data.name, config.data.domains) == (7, "folder", ("a", "b"))
    assert base == get_config()


def test_papers_values_give_the_papers_networks_at_256_pixels():
    config = _load("celeba_stargan_v2.py:256")
    config.data.domains = ("Male", "~Male")
    params, _ = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), {})
    counts = parameter_counts(params)
    assert counts["generator"] == 33_892_995
    assert counts["mapping_network"] == 2_438_272
    assert counts["style_encoder"] == 20_916_928
    assert counts["discriminator"] == 20_852_290
