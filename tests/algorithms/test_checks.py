"""Which algorithms there are, and config values that several of them refuse, each in a sentence."""

import pytest
from ml_collections import ConfigDict

from semgan import algorithms
from semgan import config as configs
from semgan.algorithms import _checks
from semgan.errors import UserError


def configured(size=16, domains=("a", "b")):
    return ConfigDict({"algorithm": "cut", "image_size": size, "data": {"domains": domains}})


@pytest.mark.parametrize("size", [8, 16, 1024])
def test_powers_of_two_from_the_least_up_are_taken(size):
    _checks.check_image_size(configured(size), 8)


@pytest.mark.parametrize("size", [0, 4, 12, 24, 96, 1023])
def test_other_sizes_are_refused(size):
    with pytest.raises(UserError, match=rf"image_size is {size}, but cut needs a power of two from 8 up"):
        _checks.check_image_size(configured(size), 8)


@pytest.mark.parametrize("domains", [(), ("a",)])
def test_translation_needs_two_domains(domains):
    with pytest.raises(UserError, match=rf"names {len(domains)} domain\(s\), but cut translates between domains"):
        _checks.check_domains(configured(domains=domains))
    for count in (2, 3):
        _checks.check_domains(configured(domains=tuple("abc"[:count])))


@pytest.mark.parametrize("factor", [0, 3])
def test_supersampling_is_by_1_or_2(factor):
    with pytest.raises(UserError, match=f"augment_supersampling is {factor}: set 2, or 1 for none"):
        _checks.check_supersampling(ConfigDict({"augment_supersampling": factor}))
    for good in (1, 2):
        _checks.check_supersampling(ConfigDict({"augment_supersampling": good}))


def test_every_algorithm_s_file_gives_its_name_and_helpers_give_none():
    assert {"cut", "cyclegan", "dcgan", "munit", "pix2pix", "progan", "r3gan", "semgan", "stargan_v2", "stylegan2"} <= {*algorithms.names()}
    assert not any(name.startswith("_") for name in algorithms.names())
    assert list(algorithms.names()) == sorted(algorithms.names())


def test_a_config_names_its_algorithm():
    assert [phase.name for phase in algorithms.make(configs.load("configs/drawn_faces_stargan_v2.py")).phases][-1] == "g_reference"
    config = configs.load("configs/drawn_faces_dcgan.py")
    assert algorithms.make(config).averaged == ("generator",)
    config.algorithm = "stargan"
    with pytest.raises(UserError, match="did you mean 'stargan_v2'"):
        algorithms.make(config)
