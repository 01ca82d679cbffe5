"""The command: clean errors before anything slow, the result and the next command at the end, an exit status for each outcome."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import launch
from semgan import algorithms
from semgan import config as configs
from semgan.training import loop, scoring
from semgan.training.resume import Result
from tests.training import toy

ROOT = Path(__file__).parents[1]
RESULT = Result(
    step=3000,
    kimg=48.0,
    stopped="done",
    scores={"transfer_score": 0.641, "retention": 0.7, "adoption": 0.594, "notes": []},
    usage="semgan translate --model runs/q/snapshot.safetensors --content YOUR.jpg --reference ANOTHER.jpg --out out.png",
    picture="runs/q/pictures/00003000.png",
    snapshot="runs/q/snapshot.safetensors",
    page="runs/q/index.html",
)


def run(*arguments):
    return subprocess.run([sys.executable, "launch.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "configs/quickstart.py", "--config.batchsize=8"], "did you mean --config.batch_size="),
        (["--config", "configs/quickstart.py", "--config.batch_size=0"], "config.batch_size is 0"),
        (["--config", "configs/quikstart.py"], "did you mean configs/quickstart.py?"),
        (["--config", "configs/quickstart.py", "--degub"], "--degub is not an option"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_status_2(tmp_path, arguments, words):
    ended = run(*arguments, "--workdir", str(tmp_path / "run"))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("semgan: error: ")
    assert ended.stderr.count("\n") == 1
    assert words in ended.stderr
    assert not (tmp_path / "run").exists()


def test_the_resolved_experiment_is_printed_without_a_folder_and_without_jax():
    ended = run("--config", "configs/quickstart.py", "--config.batch_size=4", "--print-config")
    assert (ended.returncode, ended.stderr) == (0, "")
    printed = json.loads(ended.stdout)
    assert configs.from_json(printed) == configs.load("configs/quickstart.py", ["batch_size=4"])
    code = "import sys, launch\nlaunch.main(['--config', 'configs/quickstart.py', '--print-config'])\nprint('jax' in sys.modules)"
    light = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert light.stdout.endswith("False\n")
    small = json.loads(run("--config", "configs/quickstart.py", "--debug", "--print-config").stdout)
    assert small["total_kimg"] == 0.08


def test_a_bad_value_is_refused_before_the_experiment_is_printed():
    ended = run("--config", "configs/quickstart.py", "--config.batch_size=0", "--print-config")
    assert (ended.returncode, ended.stdout) == (2, "")


def test_training_needs_a_folder():
    ended = run("--config", "configs/quickstart.py")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "the following arguments are required: --workdir" in ended.stderr


def test_help_shows_an_example():
    ended = run("--help")
    assert ended.returncode == 0
    assert "python launch.py --config configs/quickstart.py --workdir runs/quickstart" in ended.stdout


def test_the_summary_has_the_score_the_paths_and_the_next_command():
    lines = launch.summary(RESULT)
    assert "transfer score 0.64 (retention 0.70, adoption 0.59)" in lines
    assert any(RESULT.picture in line for line in lines)
    assert lines[-1] == ("semgan translate --model runs/q/snapshot.safetensors --content YOUR.jpg --reference ANOTHER.jpg --out out.png")


def test_the_summary_without_scores_has_the_next_command_alone():
    lines = launch.summary(RESULT._replace(scores=None))
    assert not any("score" in line for line in lines)
    assert lines[-1] == RESULT.usage


def test_the_summary_of_samples_sets_whole_faces_beside_those_of_real_pictures():
    scores = {"whole_faces": 0.5, "whole_faces_real": 0.97, "medium_coverage": 0.8, "notes": []}
    assert "whole faces 0.50 (of real pictures 0.97), coverage of the domains 0.80" in launch.summary(RESULT._replace(scores=scores))


def test_the_summary_has_every_score_that_is_known():
    answers = {"answer_score": 0.312, "answer_structure": 0.2, "answer_color": 0.4, "answer_texture": 0.336}
    lines = launch.summary(RESULT._replace(scores={**answers, **RESULT.scores}))
    assert lines[1:3] == [
        "answer score 0.31 (structure 0.20, color 0.40, texture 0.34)",
        "transfer score 0.64 (retention 0.70, adoption 0.59)",
    ]
    label_free = {"label_free_score": 0.5, "label_free_retention": 0.75, "style_adoption": 0.375, "reference_match": 0.6}
    unlabelled = {**label_free, "transfer_score": None, "retention": None, "adoption": 0.9, "notes": []}
    lines = launch.summary(RESULT._replace(scores=unlabelled))
    assert lines[1] == "label-free score 0.50 (retention 0.75, style adoption 0.38, reference match 0.60)"
    assert not any("unknown" in line for line in lines)


def test_parts_of_a_label_free_score_are_shown_where_the_score_is_unknown():
    scores = {"transfer_score": None, "label_free_score": None, "label_free_retention": 0.75, "style_adoption": None, "notes": []}
    lines = launch.summary(RESULT._replace(scores=scores))
    assert lines[1] == "label-free score unknown (retention 0.75, style adoption unknown)"


def test_an_unknown_score_is_explained():
    scores = {"transfer_score": None, "retention": None, "adoption": 0.5, "notes": ["retention is unknown: no masks"]}
    text = "\n".join(launch.summary(RESULT._replace(scores=scores)))
    assert "transfer score unknown (retention unknown, adoption 0.50)\n  retention is unknown: no masks" in text


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """The command's arguments for the toy; jax's own cache setting stays as it is."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "xla"))
    monkeypatch.setattr(algorithms, "make", toy.make)
    source = toy.write_pictures(tmp_path / "pictures")
    config = tmp_path / "toy_config.py"
    config.write_text(
        "from pathlib import Path\nfrom tests.training import toy\ndef get_config(source):\n    return toy.make_config(Path(source))\n"
    )
    return ["--config", f"{config}:{source}", "--workdir", str(tmp_path / "run")]


def test_the_command_trains_prints_the_result_and_prints_it_again(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scoring, "score", lambda *_: None)
    assert launch.main([*quick, "--config.total_kimg=0.064"]) == 0
    first = capsys.readouterr()
    assert "done at 0.064 kimg (step 4)" in first.out
    assert f"semgan translate --model {tmp_path}/run/snapshot.safetensors" in first.out
    for stage in ("opening the data", "compiling", "first step after", "step 4 · 0.064 of 0.064 kimg (100%)"):
        assert stage in first.err
    assert launch.main([*quick, "--config.total_kimg=0.064"]) == 0
    assert capsys.readouterr().out == first.out


def test_debug_shrinks_and_overrides_win_over_it(quick, monkeypatch):
    seen = []
    monkeypatch.setattr(loop, "train", lambda config, *_, **__: seen.append(config) or RESULT)
    assert launch.main([*quick, "--debug", "--config.judge.steps=77"]) == 0
    assert (seen[0].total_kimg, seen[0].judge.channels, seen[0].judge.steps) == (0.08, 8, 77)


def test_a_run_stopped_by_a_signal_has_a_status_of_its_own(quick, monkeypatch, capsys):
    monkeypatch.setattr(loop, "train", lambda *_, **__: RESULT._replace(stopped="signal"))
    assert launch.main(quick) == 75
    assert capsys.readouterr().out == ""
