"""A newcomer's way through, on the smallest scale: train on drawn faces, then translate, sample and evaluate with the snapshot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import semgan
from semgan import cli
from semgan.data.drawn_faces.render import draw
from semgan.training.metrics import read_lines
from tests.training.toy import shrink_matcher

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The quickstart's run folder after `--debug`, from a process of its own with one device."""
    workdir = tmp_path_factory.mktemp("runs") / "quickstart"
    command = [sys.executable, "launch.py", "--config", "configs/quickstart.py", "--workdir", str(workdir), "--debug"]
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return workdir, done.stdout


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Two drawn faces as files, of another size and shape than the model's."""
    folder = tmp_path_factory.mktemp("faces")
    for index, name in enumerate(("content.png", "reference.png")):
        Image.fromarray(draw(index, 64, split="test").image[:, :48]).save(folder / name)
    return folder


def test_run_leaves_all_that_a_run_leaves_and_prints_the_score(run):
    workdir, printed = run
    assert {"config.json", "checkpoints", "snapshot.safetensors", "metrics.jsonl", "pictures", "index.html"} <= set(os.listdir(workdir))
    assert "answer score" in printed
    assert f"semgan translate --model {workdir}/snapshot.safetensors" in printed
    losses = read_lines(workdir / "metrics.jsonl")
    assert losses[-1]["step"] == 10
    assert all(np.isfinite(value) for name, value in losses[0].items() if name.endswith("loss"))


def test_translate_keeps_the_contents_size_and_guesses_the_domain(run, faces, tmp_path, capsys):
    out = tmp_path / "out.png"
    arguments = ["--content", str(faces / "content.png"), "--reference", str(faces / "reference.png"), "--out", str(out)]
    assert cli.main(["translate", "--model", str(run[0] / "snapshot.safetensors"), *arguments]) == 0
    with Image.open(out) as picture:
        assert picture.size == (48, 64)
    shown = capsys.readouterr()
    assert any(domain in shown.out + shown.err for domain in ("shaded", "ink", "poster", "mosaic"))


def test_sample_draws_its_own_contents(run, tmp_path):
    out = tmp_path / "grid.png"
    assert cli.main(["sample", "--model", str(run[0] / "snapshot.safetensors"), "--count", "4", "--seed", "1", "--out", str(out)]) == 0
    with Image.open(out) as grid:
        assert grid.size[0] >= 2 * 16


def test_evaluate_repeats_the_runs_own_score(run, tmp_path, monkeypatch):
    shrink_matcher(monkeypatch)  # which this score does not come from
    out = tmp_path / "report.json"
    assert cli.main(["evaluate", "--model", str(run[0] / "snapshot.safetensors"), "--out", str(out)]) == 0
    scores = semgan.load(run[0] / "snapshot.safetensors").meta["scores"]
    report = json.loads(out.read_text())
    assert report["transfer_score"] == pytest.approx(scores["transfer_score"], abs=0.02)
    assert report["pairs"] == 16
    assert {"shaded", "ink"} <= set(report["adopted"])


def test_networks_run_by_name_on_raw_arrays(run):
    model = semgan.load(run[0] / "snapshot.safetensors")
    images = np.zeros((2, model.image_size, model.image_size, 3), np.float32)
    style = model.apply("style_encoder", images, np.array([0, 3], np.int32))
    assert model.apply("generator", images, style).shape == images.shape
