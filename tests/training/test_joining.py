"""Processes join one another, and say so when they cannot."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from semgan.errors import UserError
from semgan.launching import processes
from semgan.training import joining

ROOT = Path(__file__).parents[2]
PLACE = {"JAX_COORDINATOR_ADDRESS": "localhost:1", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1"}


@pytest.fixture
def joined(monkeypatch):
    """What `jax.distributed.initialize` was called with."""
    calls = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda **arguments: calls.append(arguments))
    for name in (*PLACE, "SEMGAN_HEARTBEAT"):
        monkeypatch.delenv(name, raising=False)
    return calls


def test_jax_finds_the_cluster_by_itself_where_the_environment_says_nothing(joined):
    joining.join()
    assert set(joined[0]) == {"initialization_timeout", "heartbeat_timeout_seconds", "shutdown_timeout_seconds"}
    assert joined[0]["heartbeat_timeout_seconds"] == 30


def test_the_environment_counts_before_a_cluster_that_jax_would_find(joined, monkeypatch):
    for name, value in {**PLACE, "SEMGAN_HEARTBEAT": "10"}.items():
        monkeypatch.setenv(name, value)
    joining.join()
    assert joined[0]["cluster_detection_method"] == "deactivate"
    assert (joined[0]["coordinator_address"], joined[0]["num_processes"], joined[0]["process_id"]) == ("localhost:1", 2, 1)
    assert joined[0]["heartbeat_timeout_seconds"] == 10


def test_a_variable_that_is_no_number_is_refused(joined, monkeypatch):
    monkeypatch.setenv("SEMGAN_HEARTBEAT", "soon")
    with pytest.raises(UserError, match="SEMGAN_HEARTBEAT is 'soon'"):
        joining.join()
    assert not joined


def test_no_cluster_is_bad_input(joined, monkeypatch):
    def fail(**_):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    with pytest.raises(UserError, match="--distributed cannot join other processes"):
        joining.join()


def test_two_processes_join_with_two_devices_each(capfd):
    code = "import jax; from semgan.training.joining import join; join()\n"
    code += "print(jax.process_index(), jax.local_device_count(), jax.device_count())"
    assert processes.run([sys.executable, "-c", code], 2, devices=2, grace=60) == 0
    out, err = capfd.readouterr()
    assert out == "0 2 4\n"
    assert "[process 1] 1 2 4\n" in err


def test_a_signal_ends_processes_that_have_joined_but_do_not_train_yet(capfd):
    code = "import os, signal, time; from semgan.training.joining import join; join()\n"
    code += "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    assert processes.run([sys.executable, "-c", code], 2, devices=1, grace=60) == 128 + signal.SIGTERM
    assert "was ended by SIGTERM" in capfd.readouterr().err


def test_others_that_never_come_are_told_in_a_sentence_and_may_be_waited_for_again():
    code = "from semgan.training import joining; joining._JOIN_SECONDS = 1; joining.join()"
    environment = os.environ | PLACE
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr == "semgan: error: the job's other processes did not appear within 1 seconds: look at their output\n"
