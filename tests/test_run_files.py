"""The file that a user's path means."""

import shutil
from pathlib import Path

import pytest

from semgan import cli
from semgan.cli import arguments
from semgan.errors import UserError
from semgan.run_files import model_path


@pytest.fixture
def run(tmp_path):
    """A run's folder, its files empty."""
    for step in (8, 16, 200):
        (tmp_path / "run" / "checkpoints" / str(step)).mkdir(parents=True)
        (tmp_path / "run" / "checkpoints" / str(step) / "manifest.json").touch()
    (tmp_path / "run" / "checkpoints" / "300.writing").mkdir()
    for name in ("config.json", "snapshot.safetensors", "snapshot_best.safetensors"):
        (tmp_path / "run" / name).touch()
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("path", "step", "expected"),
    [
        ("", None, "snapshot.safetensors"),
        ("", "last", "snapshot.safetensors"),
        ("", "best", "snapshot_best.safetensors"),
        ("", 16, "checkpoints/16"),
        ("", "16", "checkpoints/16"),
        ("checkpoints/8", None, "checkpoints/8"),
        ("snapshot_best.safetensors", None, "snapshot_best.safetensors"),
        ("not.safetensors", None, "not.safetensors"),  # for the reader to say
    ],
)
def test_a_path_and_a_step_mean_one_file(run, path, step, expected):
    assert model_path(run / path, step) == run / expected
    assert model_path(str(run / path), step) == run / expected


@pytest.mark.parametrize(
    ("path", "step", "words"),
    [
        ("", 7, "has no checkpoint of step 7: its 3 checkpoints are of steps 8, 16 and 200"),
        ("", 300, "has no checkpoint of step 300"),
        ("checkpoints/7", None, "has no checkpoint of step 7"),
        ("checkpoints/8", 8, "8 is one checkpoint already: give it without a step, or .* with one"),
        ("checkpoints", None, "holds checkpoints: give one of them, such as .*checkpoints/200"),
        ("snapshot.safetensors", 8, "is a file: give a run's folder"),
        ("absent", 8, "does not exist: give a run's folder"),
        ("", "worst", "neither a number nor 'best' or 'last'"),
    ],
)
def test_what_a_path_cannot_mean_is_a_sentence(run, path, step, words):
    with pytest.raises(UserError, match=words):
        model_path(run / path, step)


def test_of_many_checkpoints_the_first_and_the_last_are_named(run):
    for step in range(1001, 1100):
        shutil.copytree(run / "checkpoints" / "8", run / "checkpoints" / str(step))
    with pytest.raises(UserError, match=r"its 102 checkpoints are of steps 8, 16, 200, 1001, 1002, \.\.\. and 1099$"):
        model_path(run, 7)


def test_a_run_without_the_snapshot_says_what_it_has(run, tmp_path):
    (run / "snapshot.safetensors").unlink()
    (run / "snapshot_best.safetensors").unlink()
    with pytest.raises(UserError, match=r"no snapshot.safetensors \(none was written yet\): its 3 checkpoints are of steps 8, 16 and 200"):
        model_path(run)
    with pytest.raises(UserError, match=r"no snapshot_best.safetensors \(no evaluation has had a score yet"):
        model_path(run, "best")
    with pytest.raises(UserError, match="is a folder, but not a run's"):
        model_path(tmp_path)


@pytest.mark.parametrize("command", ["translate", "sample", "project", "adapt", "evaluate", "export"])
def test_every_command_that_takes_a_model_takes_a_step_of_a_run(run, monkeypatch, command):
    """They ask for the path at one place, so it is enough that each has the options and asks."""
    asked = []

    class Asked(Exception):
        pass

    def model_of(args):
        asked.append(arguments.model_of(args))
        raise Asked

    for module in (cli.use, cli.adapt, cli.measure, cli.weights):
        monkeypatch.setattr(module, "model_of", model_of, raising=False)
        monkeypatch.setattr(module, "prepare_jax", lambda: None)
    needed = {
        "translate": ["--content", "c.png", "--out", "o.png"],
        "sample": ["--out", "o.png"],
        "project": ["--image", "i.png", "--out", "o.png"],
        "adapt": ["--pictures", "p", "--name", "n", "--out", "o"],
        "evaluate": ["--out", "o.json"],
        "export": ["--format", "pytorch", "--out", "o"],
    }
    with pytest.raises(Asked):
        cli.main([command, "--model", str(run), "--step", "best", *needed[command]])
    assert asked == [run / "snapshot_best.safetensors"]


def test_a_step_that_is_none_is_refused_by_the_parser(capsys):
    with pytest.raises(SystemExit):
        cli.main(["sample", "--model", "m", "--step", "first", "--out", "o.png"])
    assert "'first' is not a checkpoint's number, 'best' or 'last'" in capsys.readouterr().err


def test_a_model_that_is_a_file_is_left_to_its_reader():
    assert model_path("m.safetensors") == Path("m.safetensors")
