import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from semgan import __version__, cli

COMMANDS = [
    "data check",
    "data build",
    "data panorama",
    "plan",
    "translate",
    "sample",
    "project",
    "adapt",
    "evaluate",
    "compare",
    "score",
    "import",
    "export",
]


def semgan(*arguments):
    return subprocess.run([sys.executable, "-m", "semgan.cli", *arguments], capture_output=True, text=True, check=False)


def run(capsys, *arguments):
    """Exit status, stdout and stderr of a command run in this process."""
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    return status, said.out, said.err


def assert_clean_error(result, *words):
    status, out, err = result
    assert status == 2
    assert out == ""
    assert err.startswith("semgan: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert str(word) in err


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """What commands set for jax goes with the test."""
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_help_lists_the_commands_and_is_there_at_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = semgan("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    for command in ("data", "translate", "sample", "project", "evaluate"):
        assert command in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5  # of the processor: others may be busy


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example_that_parses(capsys, command):
    status, out, _ = run(capsys, *command.split(), "--help")
    assert status == 0
    example = out.split("example:\n")[1].strip()
    assert example.startswith(f"semgan {command} ")
    assert callable(cli._parser().parse_args(example.split()[1:]).run)


def test_version_is_said(capsys):
    assert run(capsys, "--version") == (0, f"semgan {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "COMMAND"),
        (["transalte"], "transalte"),
        (["data"], "COMMAND"),
        (["data", "check"], "DIR"),
        (["translate", "--model", "m", "--content", "c", "--out", "o", "--reference", "r", "--latent-seed", "1"], "not allowed with"),
        (["translate", "--model", "m", "--content", "c", "--out", "o", "--latent-seed", "-1"], "--latent-seed"),
        (["translate", "--model", "m", "--content", "c", "--out", "o", "--reference", "r", "--strength", "much"], "--strength"),
        (["sample", "--model", "m", "--out", "o.png", "--count", "0"], "give 1 or more"),
        (["sample", "--model", "m", "--out", "o.png", "--seed", "1.5"], "'1.5' is not a whole number"),
        (["sample", "--model", "m", "--out", "o.png", "--sede", "1"], "--sede is not an option: did you mean --seed?"),
        (["data", "check", "d", "--zzzzzz=1"], "--zzzzzz is not an option (see"),
        (["sample", "--model", "m"], "--out --video"),
        (["sample", "--model", "m", "--out", "o.png", "--video", "o.gif"], "not allowed with"),
        (["sample", "--model", "m", "--video", "o.gif", "--seconds", "0"], "'0' is not a number of seconds"),
        (["sample", "--model", "m", "--video", "o.gif", "--seconds", "long"], "'long' is not a number of seconds"),
        (["project", "--model", "m", "--image", "i", "--out", "o.png", "--space", "z"], "--space"),
    ],
)
def test_bad_arguments_are_one_line(capsys, arguments, word):
    assert_clean_error(run(capsys, *arguments), word, "--help)")


def test_bad_paths_are_one_line(capsys, tmp_path):
    picture, snapshot = tmp_path / "a.png", tmp_path / "s.safetensors"
    picture.write_bytes(b"text")
    translate = ["translate", "--content", picture, "--latent-seed", 0, "--domain", "a"]
    assert_clean_error(run(capsys, *translate, "--model", snapshot, "--out", tmp_path / "b.png"), snapshot, "does not exist")
    assert_clean_error(run(capsys, *translate, "--model", picture, "--out", tmp_path / "b.png"), picture, "not a semgan snapshot")
    assert_clean_error(run(capsys, *translate, "--model", tmp_path, "--out", tmp_path / "b.png"), tmp_path, "is a folder")
    assert_clean_error(run(capsys, *translate, "--model", snapshot, "--out", tmp_path / "b.doc"), "b.doc", ".doc")
    assert_clean_error(run(capsys, *translate, "--model", snapshot, "--out", picture), picture, "overwritten")
    assert_clean_error(run(capsys, "sample", "--model", snapshot, "--out", tmp_path / "b.png"), snapshot, "does not exist")
    assert_clean_error(run(capsys, "sample", "--model", snapshot, "--video", tmp_path / "b.gif"), snapshot, "does not exist")
    assert_clean_error(run(capsys, "sample", "--model", snapshot, "--video", tmp_path / "b.avi"), "b.avi", ".avi")
    assert_clean_error(run(capsys, "project", "--model", snapshot, "--image", picture, "--out", tmp_path / "b.png"), picture)
    assert_clean_error(run(capsys, "evaluate", "--model", snapshot, "--out", tmp_path / "b.json"), snapshot, "does not exist")
    assert_clean_error(run(capsys, "data", "check", tmp_path / "none"), tmp_path / "none")
    assert_clean_error(run(capsys, "data", "build", "--dataset", "x", "--out", tmp_path), "unknown")


def test_process_exits_with_the_status(tmp_path):
    done = semgan("sample", "--model", str(tmp_path / "s.safetensors"), "--out", str(tmp_path / "b.png"))
    assert_clean_error((done.returncode, done.stdout, done.stderr), "s.safetensors")


def test_jax_is_prepared_before_it_is_imported(tmp_path):
    """In a process of its own, since this one has jax already."""
    code = (
        "import os, sys\nfrom semgan.cli.arguments import prepare_jax\nprepare_jax()\nassert 'jax' not in sys.modules\n"
        "import jax\nprint(jax.config.jax_compilation_cache_dir)"
    )
    environment = {**os.environ, "SEMGAN_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == str(tmp_path / "xla")


def replace_command(monkeypatch, action):
    parser = SimpleNamespace(parse_args=lambda _: SimpleNamespace(run=action))
    monkeypatch.setattr(cli, "_parser", lambda: parser)


def test_interrupt_is_silent(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    replace_command(monkeypatch, interrupted)
    assert run(capsys) == (130, "", "")


def test_faults_of_the_program_keep_their_traceback(monkeypatch):
    def faulty(_):
        raise ValueError("a fault")

    replace_command(monkeypatch, faulty)
    with pytest.raises(ValueError, match="a fault"):
        cli.main([])


@pytest.mark.filterwarnings("default::UserWarning")
def test_warnings_are_lines_of_the_command(capsys, monkeypatch):
    replace_command(monkeypatch, lambda _: warnings.warn("has several frames", stacklevel=1))
    assert run(capsys) == (0, "", "semgan: warning: has several frames\n")


def test_data_check_exits_with_2_where_pictures_are_bad(capsys, monkeypatch):
    from semgan.data import check

    monkeypatch.setattr(check, "check_folder", lambda folder: SimpleNamespace(folder=folder, bad=[("a.jpg", "cut short")]))
    monkeypatch.setattr(check, "format_report", lambda report: f"{report.folder}: {report.bad}")
    assert run(capsys, "data", "check", "photos") == (2, "photos: [('a.jpg', 'cut short')]\n", "")
    monkeypatch.setattr(check, "check_folder", lambda folder: SimpleNamespace(folder=folder, bad=[]))
    assert run(capsys, "data", "check", "photos") == (0, "photos: []\n", "")


def test_data_build_says_what_it_made(capsys, monkeypatch):
    from semgan.data import build

    monkeypatch.setattr(build, "build_dataset", lambda *arguments: f"made {arguments}")
    _, out, _ = run(capsys, "data", "build", "--dataset", "folder", "--source", "in", "--out", "out", "--count", 3)
    assert out == "made ('folder', 'in', 'out', 64, 3)\n"


def test_evaluate_passes_everything_on(capsys, monkeypatch):
    from semgan.evaluation import evaluate_command

    asked = {}
    monkeypatch.setattr(evaluate_command, "evaluate_snapshot", lambda model, out, **settings: asked.update(settings, model=model, out=out))
    options = ("--data", "d", "--pairs", 7, "--seed", 2, "--into", "a", "--contents", "b&~c", "--strengths", "0,1")
    files = ("--inception", "i", "--protocol", "clean", "--lpips", "l", "--lpips-heads", "h")
    files += ("--dino", "d", "--clip", "c", "--csd", "s", "--artfid", "a")
    files += ("--landmarks-onnx", "m", "--landmarks-scaling", "unit", "--identity-onnx", "n", "--identity-scaling", "bytes")
    assert run(capsys, "evaluate", "--model", "m", "--out", "o.json", *options, *files)[0] == 0
    assert asked.pop("weights")._asdict() == {
        "inception": Path("i"),
        "protocol": "clean",
        "lpips": Path("l"),
        "lpips_heads": Path("h"),
        "dino": Path("d"),
        "clip": Path("c"),
        "csd": Path("s"),
        "artfid": Path("a"),
        "landmarks_onnx": Path("m"),
        "landmarks_scaling": "unit",
        "identity_onnx": Path("n"),
        "identity_scaling": "bytes",
    }
    assert {key: str(value) for key, value in asked.items()} == {
        "model": "m",
        "out": "o.json",
        "data_dir": "d",
        "pairs": "7",
        "seed": "2",
        "into": "a",
        "contents": "b&~c",
        "strengths": "(0.0, 1.0)",
    }


def test_sample_passes_everything_on(capsys, monkeypatch):
    from semgan.inference import sample

    asked = []
    monkeypatch.setattr(sample, "sample_grid", lambda *arguments: asked.append(("grid", *arguments)))
    monkeypatch.setattr(sample, "sample_video", lambda *arguments: asked.append(("video", *arguments)))
    run(capsys, "sample", "--model", "m", "--out", "o.png")
    options = ["--count", 3, "--seed", 5, "--content", "c", "--domain", "d", "--truncation", 0.5]
    run(capsys, "sample", "--model", "m", "--out", "o.png", *options)
    run(capsys, "sample", "--model", "m", "--video", "o.gif", "--seconds", 2.5)
    model, out, film = Path("m"), Path("o.png"), Path("o.gif")
    assert asked == [
        ("grid", model, out, sample.SampleOptions(64, 0, None, None, 1.0)),
        ("grid", model, out, sample.SampleOptions(3, 5, Path("c"), "d", 0.5)),
        ("video", model, film, sample.SampleOptions(16, 0, None, None, 1.0), 2.5),
    ]


def test_project_passes_everything_on(capsys, monkeypatch):
    from semgan.inference import project

    asked = {}
    monkeypatch.setattr(project, "project_file", lambda model, image, out, **options: asked.update(options, paths=(model, image, out)))
    run(capsys, "project", "--model", "m", "--image", "i.png", "--out", "o.png", "--space", "w+", "--steps", 7, "--seed", 2)
    assert asked == {"paths": (Path("m"), Path("i.png"), Path("o.png")), "space": "w+", "steps": 7, "seed": 2}
