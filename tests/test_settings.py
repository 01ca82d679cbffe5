"""The table of a config's keys is whole, says what every key means, and holds nothing that no config has."""

from pathlib import Path

import pytest

from configs import photographs, semantics
from configs.common import get_config, optimizer
from semgan import config as configs
from semgan.settings import SETTINGS, defaults, keys_that, optimizer_defaults, setting_of
from semgan.training.optimizers import _OptimizerSettings

FILES = sorted(path for path in Path("configs").glob("*.py") if path.stem not in ("common", "__init__"))


ARGUMENTS = {
    "semantics": tuple(semantics.METHODS),
    "photographs": tuple(photographs.METHODS),
    "cyclegan": ("resnet", "unet"),
    "horse2zebra_cyclegan": ("resnet", "unet"),
}
"""What may follow the colon, where it changes which keys there are."""


@pytest.fixture(scope="module")
def keys():
    """Of all configs, with the names of networks in place."""
    names = set()
    for path in FILES:
        names |= {
            key for argument in ARGUMENTS.get(path.stem, ("",)) for key in configs.flatten(configs.read(f"{path}:{argument}".rstrip(":")))
        }
    return names


def test_every_key_of_every_config_is_in_the_table_with_a_meaning(keys):
    assert len(keys) > 200
    missing = sorted(key for key in keys if setting_of(key) is None)
    assert not missing, f"say in semgan/settings.py what these keys mean: {missing}"


def test_the_table_has_no_key_that_no_config_has(keys):
    shown = {key for name in keys for key in (name, ".".join([name.split(".")[0], "*", *name.split(".")[2:]]))}
    assert sorted(SETTINGS.keys() - shown) == []


@pytest.mark.parametrize("key", SETTINGS)
def test_a_row_has_a_meaning_of_one_line_and_a_default_in_its_range(key):
    setting = SETTINGS[key]
    assert setting.meaning
    assert "\n" not in setting.meaning
    if setting.range and not setting.required:
        assert setting.range.holds(setting.default)
        assert setting.range.description
    assert bool(setting.since) == (setting.before is not None)


def test_what_is_not_given_is_refused_where_it_is_required():
    assert keys_that(lambda setting: setting.required) == ("algorithm",)
    setting = SETTINGS["algorithm"]
    assert setting.range
    assert not setting.range.holds(setting.default)


def test_defaults_are_those_that_experiments_start_from():
    flat = configs.flatten(get_config())
    assert flat == {key: SETTINGS[key].default for key in flat}
    known = {"seed": 0, "image_size": 64, "batch_size": 8, "total_kimg": 800.0, "data.pairing": "any", "judge.steps": 1500}
    assert known.items() <= flat.items()
    assert (optimizer().learning_rate, optimizer().b2, optimizer().decay_shape) == (1e-4, 0.99, "linear")
    assert optimizer(b1=0.5).to_dict() == optimizer().to_dict() | {"b1": 0.5}


def test_defaults_are_nested_as_in_a_config():
    assert defaults(("data.domains", "data.name", "seed")) == {"data": {"domains": (), "name": "drawn_faces"}, "seed": 0}


def test_an_optimizer_takes_what_the_table_has():
    assert _OptimizerSettings._fields == tuple(optimizer_defaults())


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("seed", "seed"),
        ("optimizers.generator_ab.b1", "optimizers.*.b1"),
        ("networks.style_encoder.blocks", "networks.*.blocks"),
        ("networks.semantic_heads.boxes", "networks.semantic_heads.boxes"),
        ("losses.content.mask", "losses.content.mask"),
    ],
)
def test_a_key_is_found_with_the_name_of_any_network(key, row):
    assert setting_of(key) is SETTINGS[row]


@pytest.mark.parametrize("key", ["sed", "losses", "losses.mask", "optimizers.generator.beta", "networks.generator", "judge.pairs.more"])
def test_a_key_of_a_user_s_own_has_no_row(key):
    assert setting_of(key) is None
