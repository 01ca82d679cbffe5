"""The command, on an experiment of the smallest size."""

import json
import sys

import pytest

from semgan import cli

SMALL = """
from configs import drawn_faces_dcgan
from configs.common import shrink

def get_config():
    return shrink(drawn_faces_dcgan.get_config())
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.setenv(name, "")
    path = tmp_path / "small.py"
    path.write_text(SMALL)
    return path


def test_a_plan_for_named_hardware_is_text_and_json(small, tmp_path, capsys):
    file = tmp_path / "plan.json"
    options = ("--devices", "16", "--hardware", "h100", "--json", str(file), "--config.batch_size=64")
    assert cli.main(["plan", "--config", str(small), *options]) == 0
    text, plan = capsys.readouterr().out, json.loads(file.read_text())
    for words in ("4 examples on each of 16 devices: batch 64", "NVIDIA H100", "weak scaling", "strong scaling", "largest batch that fits"):
        assert words in text
    assert plan["experiment"]["device_batch"] == 4
    assert plan["flops"]["all"] == 16 * plan["flops"]["device"] > 0
    assert f"{sum(plan['parameters'].values()):,}" in text
    assert plan["memory"]["parameters"] == 4 * sum(plan["parameters"].values())
    on = plan["hardware"]["h100"]
    assert [row["devices"] for row in on["weak_scaling"]] == [row["devices"] for row in on["strong_scaling"]] == [1, 8, 16]
    assert on["weak_scaling"][-1]["seconds"] == on["step"]["total"]
    assert on["largest_batch"] == 16 * on["largest_device_batch"] > 64


def test_without_a_name_all_hardware_is_told(small, capsys):
    assert cli.main(["plan", "--config", str(small), "--devices", "2"]) == 0
    text = capsys.readouterr().out
    assert all(f" {name}  " in text for name in ("a100", "h100", "h200", "b200", "v4", "v5e", "v5p", "v6e"))
    assert "two domains taken for those of the data" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--devices", "3"], "does not divide over 3 device(s)"),
        (["--hardware", "h10"], "did you mean 'h100'?"),
        (["--config.batchsize=4"], "config.batchsize does not exist"),
        (["--config.batch_size"], "--config.batch_size has no value"),
        (["--devices", "0"], "give 1 or more"),
        (["--speed", "1"], "--speed is not an option"),
        (["--json", "no/such/folder/plan.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(small, capsys, options, words):
    try:
        status = cli.main(["plan", "--config", str(small), *options])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith("semgan: error: ")
    assert said.err.count("\n") == 1
    assert words in said.err
