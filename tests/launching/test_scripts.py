"""The scripts do what they say, run with stand-ins for the site's own programs."""

import os
import subprocess

import pytest

from semgan.launching import slurm
from tests.launching import jobs


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of programs in front of the PATH; each writes the first line of its arguments into `calls`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))

    def add(name, body):
        (programs / name).write_text(f'#!/bin/bash\necho "{name} ${{*%%$\'\\n\'*}}" >> "$CALLS"\n{body}\n')
        (programs / name).chmod(0o755)

    return add


def run(script, tmp_path, **environment):
    done = subprocess.run(["bash"], input=script, text=True, capture_output=True, env=os.environ | environment, cwd=tmp_path, check=False)
    calls = tmp_path / "calls"
    return done, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize(("status", "requeued"), [(0, False), (75, True), (2, False), (134, False)])
def test_a_slurm_job_is_requeued_when_it_was_preempted_alone(site, tmp_path, status, requeued):
    site("srun", f"exit {status}")
    site("scontrol", "")
    script = slurm.render(jobs.job("gpu:2", 2), python="python", script="launch.py", folder=str(tmp_path))
    done, calls = run(script, tmp_path, SLURM_JOB_ID="17")
    assert done.returncode == status
    assert ("scontrol requeue 17" in calls) == requeued


def test_slurm_tasks_run_in_the_folder_of_the_launch_with_all_devices_and_the_arguments_as_given(site, tmp_path):
    folder = tmp_path / "my 'own' folder"
    folder.mkdir()
    site("srun", 'pwd; echo "$JAX_LOCAL_DEVICE_IDS"; printf "%s\\n" "${@: -1}"')
    script = slurm.render(jobs.job("gpu:3", extra=["--config.a=b c'd $HOME"]), python="python", script="launch.py", folder=str(folder))
    done, _ = run(script, tmp_path)
    assert done.stdout.splitlines() == [str(folder), "0,1,2", "--config.a=b c'd $HOME"]


GCLOUD = """
case "$*" in
  *describe*) [ -s "$STATES" ] || exit 1; head -1 "$STATES"; sed -i 1d "$STATES" ;;
  *ssh*) command="${@: -1:1}"; bash -c "${command#--command=}" ;;
esac
"""


@pytest.fixture
def google(site, tmp_path, monkeypatch):
    """Stand-ins for gcloud, which tells the states given one after another, and for a worker's docker."""
    states = tmp_path / "states"
    monkeypatch.setenv("STATES", str(states))
    site("gcloud", GCLOUD)
    site("sleep", "")
    site("sudo", f'echo run >> {tmp_path}/runs\n[ "$(wc -l < {tmp_path}/runs)" -ge 3 ] && exit "$LAST"\nexit 75')

    def launch(*told, last=0):
        states.write_text("".join(f"{state}\n" for state in told))
        done, calls = run(jobs.on_tpu_vm("tpu:v5e-16", zone="z", extra=["--config.a=b c'd"]), tmp_path, LAST=str(last))
        return done, [call.split()[4] if "queued" in call else call.split()[0] for call in calls], calls

    return launch


def test_a_slice_is_made_waited_for_and_its_workers_go_on_while_they_are_preempted(google):
    done, verbs, calls = google("ABSENT", "WAITING_FOR_RESOURCES", "PROVISIONING", "ACTIVE")
    assert done.returncode == 0, done.stderr
    assert verbs == ["describe", "create", "describe", "sleep", "describe", "sleep", "describe", "gcloud", "sudo", "sudo", "sudo"]
    assert calls[1].endswith("faces --zone=z --node-id=faces --accelerator-type=v5litepod-16 --runtime-version=v2-alpha-tpuv5-lite")
    assert calls[-1].endswith("--config.a=b c'd")


def test_a_preempted_slice_is_made_anew(google):
    _, verbs, _ = google("SUSPENDED", "ACTIVE")
    assert verbs[:4] == ["describe", "delete", "create", "describe"]


def test_a_slice_that_is_there_is_used(google):
    _, verbs, _ = google("ACTIVE", "ACTIVE")
    assert "create" not in verbs


def test_a_slice_lost_while_it_is_waited_for_ends_the_script_with_a_sentence(google):
    done, verbs, _ = google("ACCEPTED", "SUSPENDING")
    assert (done.returncode, done.stderr) == (1, "the slice is SUSPENDING: run this again in some minutes\n")
    assert "sudo" not in verbs


def test_a_worker_that_fails_does_not_start_again(google):
    done, verbs, _ = google("ACTIVE", "ACTIVE", last=2)
    assert (done.returncode, verbs.count("sudo")) == (2, 3)
