"""Configs: overrides keep the default's type, bad input is told in one sentence, JSON gives the same config back."""

import json

import pytest
from ml_collections import ConfigDict

from configs import common, quickstart
from semgan import config as configs
from semgan.errors import UserError


def written(tmp_path, text):
    path = tmp_path / "experiment.py"
    path.write_text(text)
    return path


BASE = "from configs import common\ndef get_config(name='none'):\n    c = common.get_config()\n    c.algorithm = name\n    return c\n"


def test_the_text_after_the_colon_goes_to_get_config(tmp_path):
    assert configs.load(f"{written(tmp_path, BASE)}:stargan_v2").algorithm == "stargan_v2"
    assert configs.load(str(written(tmp_path, BASE))).algorithm == "none"


@pytest.mark.parametrize(
    ("item", "key", "value"),
    [
        ("--config.batch_size=32", "batch_size", 32),
        ("--config.total_kimg=3", "total_kimg", 3.0),
        ("--config.augment.flip=False", "augment.flip", False),
        ("--config.data.domains=shaded,ink", "data.domains", ("shaded", "ink")),
        ("--config.data.domains=('Male', '~Male')", "data.domains", ("Male", "~Male")),
        ("--config.data.domains=", "data.domains", ()),
        ("--config.data.left_out=ink&Eyeglasses", "data.left_out", ("ink&Eyeglasses",)),
        ("--config.data.source=/a=b", "data.source", "/a=b"),
        ("precision=bfloat16", "precision", "bfloat16"),
    ],
)
def test_overrides_keep_the_type_of_the_default(item, key, value):
    changed = configs.flatten(configs.override(common.get_config(), [item]))[key]
    assert changed == value
    assert type(changed) is type(value)


def test_overrides_leave_the_original_config_alone():
    original = common.get_config()
    configs.override(original, ["--config.augment.flip=false"])
    assert original.augment.flip is True


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("--config.batchsize=32", ["config.batchsize does not exist", "--config.batch_size=8", "whole number"]),
        ("--config.flip=true", ["did you mean --config.augment.flip=true"]),
        ("--config.augment.flop=true", ["did you mean --config.augment.flip=true"]),
        ("--config.batch_size=many", ["config.batch_size is 'many'", "whole number", "--config.batch_size=8"]),
        ("--config.batch_size=2.5", ["config.batch_size is '2.5'", "whole number"]),
        ("--config.total_kimg=long", ["config.total_kimg", "a number", "800.0"]),
        ("--config.augment.flip=maybe", ["true or false"]),
        ("--config.data.domains=(1, 2)", ["config.data.domains", "separated by commas"]),
        ("--config.augment=1", ["config.augment is a group", "augment.crop_scale"]),
        ("--config.batch_size", ["no value", "--config.batch_size=8"]),
        ("--batch_size=8", ["--batch_size is not an option", "--config.batch_size=8"]),
    ],
)
def test_a_bad_override_is_one_sentence_that_names_key_type_and_example(item, words):
    with pytest.raises(UserError) as caught:
        configs.override(common.get_config(), [item])
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def get_config(:\n", ["experiment.py, line 1", "invalid syntax"]),
        ("x = 1\n", ["has no function get_config"]),
        ("def get_config():\n    return 1 / 0\n", ["experiment.py, line 2", "division by zero"]),
        ("def get_config():\n    return {}\n", ["returns a dict", "ConfigDict"]),
        ("import nowhere_at_all\n", ["experiment.py, line 1", "nowhere_at_all"]),
    ],
)
def test_a_bad_config_file_is_one_sentence_that_names_it(tmp_path, text, words):
    with pytest.raises(UserError) as caught:
        configs.load(str(written(tmp_path, text)))
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


def test_a_missing_config_file_names_the_nearest(tmp_path):
    written(tmp_path, BASE)
    with pytest.raises(UserError, match=r"experimint.py, which does not exist: did you mean .*experiment\.py"):
        configs.load(str(tmp_path / "experimint.py"))
    with pytest.raises(UserError, match="not a Python file"):
        configs.load("quickstart")


def test_an_argument_for_a_config_that_takes_none_is_refused(tmp_path):
    path = written(tmp_path, "def get_config():\n    return 1\n")
    with pytest.raises(UserError, match="takes no argument"):
        configs.load(f"{path}:large")


def test_json_gives_the_same_config_back_with_its_tuples():
    config = quickstart.get_config()
    config.data.domains = ("shaded", "ink")
    back = configs.from_json(json.loads(json.dumps(configs.to_json(config))))
    assert isinstance(back, ConfigDict)
    assert back == config
    assert back.data.domains == ("shaded", "ink")


@pytest.mark.parametrize(
    "item", ["batch_size=0", "precision=float16", "total_kimg=nan", "augment.crop_scale=0", "seed=-1", "judge.inception=absent.pth"]
)
def test_a_value_out_of_range_is_refused_by_its_key(item):
    config = configs.override(quickstart.get_config(), [item])
    with pytest.raises(UserError, match=rf"config\.{item.partition('=')[0]} is .* has to be"):
        configs.validate(config)
