"""`launch.py --on`: what is refused, what is printed and what is submitted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import launch
from semgan.launching import processes

ROOT = Path(__file__).parents[2]
CONFIG = ["--config", str(ROOT / "configs/celeba_semgan.py"), "--config.batch_size=64"]
POD = ["--image", "ghcr.io/me/semgan:1"]
CLAIM = ["--volume", "runs:/runs", "--workdir", "/runs/faces"]
EXPORT = ["--volume", "10.0.0.2:/share:/runs", "--workdir", "/runs/faces"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--on", "slurmm"], "--on slurmm is not a target: give local, processes:N, slurm, kubernetes, tpu-vm"),
        (["--on", "processes"], "write --on processes:2"),
        (["--on", "processes:0"], "write --on processes:2"),
        (["--on", "processes:2", "--devices-per-process", "0"], "--devices-per-process is 0"),
        (["--on", "processes:2", "--hosts", "2"], "--hosts has no meaning with --on processes:2"),
        (["--submit"], "--submit has no meaning with --on local"),
        (["--on", "slurm", "--zone", "us-west4-a"], "--zone has no meaning with --on slurm"),
        (["--on", "slurm", "--distributed"], "--distributed is for a process of a job"),
        (["--on", "slurm", "--hosts", "0"], "--hosts is 0"),
        (["--on", "slurm", "--hosts", "two"], "invalid int value: 'two'"),
        (["--on", "slurm", "--time", "2h"], "--time is '2h', but has to be HH:MM:SS"),
        (["--on", "slurm", "--time", "00:05:00"], "the last 5 minutes are for saving"),
        (["--on", "slurm", "--partition", "a b"], "--partition is 'a b'"),
        (["--on", "slurm", "--account", "a\n#SBATCH --x"], "--account is"),
        (["--on", "slurm", "--name", "Faces"], "--name is 'Faces', but has to be lower-case"),
        (["--on", "slurm", "--accelerator", "tpu:v5e-16"], "--on slurm has no TPUs"),
        (["--on", "slurm", "--hosts", "3"], "use a multiple of 24, such as 48 or 72"),
        (["--on", "slurm", "--hosts", "8", "--config.accumulate=2"], "64 device(s) x 2"),
        (["--on", "processes:3"], "use a multiple of 3, such as 63 or 66"),
        (["--on", "slurm", "--config.batchsize=8"], "did you mean --config.batch_size="),
        (["--on", "kubernetes", *CLAIM], "--on kubernetes needs --image"),
        (["--on", "kubernetes", *POD], "--volume is missing: give the shared volume"),
        (["--on", "kubernetes", *POD, "--volume", "Runs"], "--volume is 'Runs'"),
        (["--on", "kubernetes", *POD, "--volume", "runs:/runs"], "is not on the volume at /runs"),
        (["--on", "kubernetes", *POD, "--volume", "runs:/runs", "--workdir", "/runs/../x"], "is not on the volume at /runs"),
        (["--on", "tpu-vm", *POD, *EXPORT], "--on tpu-vm needs --accelerator"),
        (["--on", "tpu-vm", *POD, *CLAIM, "--accelerator", "tpu:v5e-16"], "such as 10.0.0.2:/share:/runs"),
    ],
)
def test_bad_options_are_one_line_and_status_2(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    try:
        status = launch.main([*CONFIG, "--workdir", "runs/faces", *arguments])
    except SystemExit as ended:  # argparse's own
        status = ended.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("semgan: error: ")
    assert err.count("\n") == 1
    assert words in err
    assert not (tmp_path / "runs").exists()


def test_a_job_file_is_printed_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert launch.main([*CONFIG, "--workdir", "runs/My Faces 2", "--on", "slurm", "--hosts", "2"]) == 0
    out = capsys.readouterr().out
    assert "#SBATCH --job-name=my-faces-2\n" in out
    assert f"cd {tmp_path} ||" in out
    assert f"srun --kill-on-bad-exit=0 {sys.executable} {ROOT}/launch.py --distributed --config" in out
    assert list(tmp_path.iterdir()) == []


def test_debug_and_overrides_are_part_of_the_job(capsys):
    arguments = ["--config", "configs/quickstart.py", "--debug", "--config.seed=7", *CLAIM, *POD]
    assert launch.main([*arguments, "--on", "kubernetes", "--accelerator", "gpu:1"]) == 0
    manifest = yaml.safe_load(capsys.readouterr().out)
    container = manifest["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["--config", "configs/quickstart.py", "--workdir", "/runs/faces", "--debug", "--config.seed=7"]


def test_processes_run_the_same_line_and_join(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(processes, "run", lambda command, count, **options: calls.append((command, count, options)) or 75)
    monkeypatch.setenv("SEMGAN_HEARTBEAT", "10")
    assert launch.main([*CONFIG, "--workdir", str(tmp_path), "--debug", "--on", "processes:2", "--devices-per-process", "2"]) == 75
    command = [sys.executable, f"{ROOT}/launch.py", "--distributed", *CONFIG[:2], "--workdir", str(tmp_path), "--debug", CONFIG[2]]
    assert calls == [(command, 2, {"devices": 2, "grace": 40})]


SUBMITS = {
    "slurm": ("sbatch", []),
    "kubernetes": ("kubectl", [*POD, *CLAIM]),
    "tpu-vm": ("gcloud", [*POD, *EXPORT, "--accelerator", "tpu:v5e-16"]),
}


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A PATH with nothing but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bash").symlink_to("/bin/bash")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)

    def add(name, body):
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)

    return add


@pytest.mark.parametrize("target", SUBMITS)
def test_a_client_that_is_not_there_is_one_line(alone, capsys, target):
    program, arguments = SUBMITS[target]
    assert launch.main([*CONFIG, "--workdir", "runs/faces", *arguments, "--on", target, "--submit"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"--submit needs {program}, which is not on this machine" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("target", ["slurm", "kubernetes"])
def test_submitting_hands_the_file_to_the_client(alone, tmp_path, capfd, target):
    program, arguments = SUBMITS[target]
    command = [*CONFIG, "--workdir", "runs/faces", *arguments, "--on", target]
    launch.main(command)
    printed = capfd.readouterr().out
    alone(program, f'echo "$@"\nwhile IFS= read -r line; do printf "%s\\n" "$line"; done < "${{@: -1}}" > {tmp_path}/taken')
    assert launch.main([*command, "--submit"]) == 0
    out, err = capfd.readouterr()
    assert (tmp_path / "taken").read_text() == printed
    file = Path(err.removeprefix("job file: ").strip())
    assert out.split()[-1] == str(file)
    assert file.read_text() == printed
    assert (file == Path("runs/faces/launch.sbatch")) == (target == "slurm")


def test_submitting_to_tpu_vms_runs_the_script(alone, tmp_path):
    alone("gcloud", f'case "$*" in *describe*) echo ACTIVE ;; *ssh*) echo "$@" > {tmp_path}/taken ;; esac')
    _, arguments = SUBMITS["tpu-vm"]
    assert launch.main([*CONFIG, *arguments, "--on", "tpu-vm", "--submit"]) == 0
    assert "compute tpus tpu-vm ssh faces --worker=all" in (tmp_path / "taken").read_text()


def test_a_client_that_fails_is_told_with_its_status(alone, capfd):
    alone("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1")
    assert launch.main([*CONFIG, "--workdir", "runs/faces", "--on", "slurm", "--submit"]) == 2
    assert "sbatch could not start the job (status 1)" in capfd.readouterr().err


def test_help_reads_no_library():
    code = "import sys, launch\ntry: launch.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'jax', 'flax', 'numpy', 'ml_collections', 'absl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=dict(os.environ), check=False)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr
