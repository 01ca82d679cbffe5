"""Which algorithms there are, and how a config names one."""

import pytest

from semgan import algorithms
from semgan import config as configs
from semgan.errors import UserError


def test_every_file_beside_the_package_s_own_gives_an_algorithm_its_name():
    names = algorithms.names()
    assert {"cut", "cyclegan", "dcgan", "munit", "pix2pix", "progan", "r3gan", "semgan", "stargan_v2", "stylegan2"} <= {*names}
    assert not any(name.startswith("_") or name == "common" for name in names)
    assert names == sorted(names)


def test_a_config_names_its_algorithm():
    assert algorithms.make(configs.load("configs/drawn_faces_stargan_v2.py")).phases[-1].name == "g_reference"
    config = configs.load("configs/drawn_faces_dcgan.py")
    assert algorithms.make(config).averaged == ("generator",)
    config.algorithm = "stargan"
    with pytest.raises(UserError, match="did you mean 'stargan_v2'"):
        algorithms.make(config)
