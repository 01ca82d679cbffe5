"""The supervisor of a rehearsal, with small commands in place of training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semgan.launching import processes

ROOT = Path(__file__).parents[2]
SAVES = """
import os, signal, sys, time
def handle(number, _):
    print("told", number, flush=True)
    sys.exit(75)
signal.signal(signal.SIGTERM, handle); signal.signal(signal.SIGINT, handle)
print("ready", flush=True)
time.sleep(60)
"""


def run(code, count=2, devices=1, grace=20.0):
    return processes.run([sys.executable, "-c", code], count, devices=devices, grace=grace)


def by_index(*codes):
    """Code that differs by process."""
    return f"import os, sys, time\nexec({codes!r}[int(os.environ['JAX_PROCESS_ID'])])"


def test_all_well_is_status_0_and_only_the_first_process_is_heard_on_stdout(capfd):
    assert run("import os; print('hello from', os.environ['JAX_PROCESS_ID'])", 3) == 0
    out, err = capfd.readouterr()
    assert out == "hello from 0\n"
    assert sorted(err.splitlines()) == ["[process 1] hello from 1", "[process 2] hello from 2"]


def test_processes_are_told_how_to_join_and_which_devices_are_theirs(capfd, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1 --xla_force_host_platform_device_count=8")
    names = ["JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "JAX_LOCAL_DEVICE_IDS", "JAX_NUM_CPU_DEVICES", "XLA_FLAGS", "JAX_COORDINATOR_ADDRESS"]
    assert run(f"import os; print(*[os.environ[name] for name in {names}])", devices=2) == 0
    out, err = capfd.readouterr()
    assert out.split()[:-1] == ["2", "0", "0,1", "2", "--xla_a=1"]
    assert err.split()[2:-1] == ["2", "1", "2,3", "2", "--xla_a=1"]
    assert out.split()[-1] == err.split()[-1]


@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        ("sys.exit(3)", 3, "process 1 ended with status 3"),
        ("os.kill(os.getpid(), 9)", 137, "process 1 was ended by SIGKILL"),
        ("os.abort()", 134, "process 1 was ended by SIGABRT"),
    ],
)
def test_a_death_is_told_by_process_and_status_once_the_others_have_noticed(capfd, end, status, words):
    assert run(by_index("time.sleep(0.5); sys.exit(1)", end)) == status
    assert f"semgan: error: {words}, and the others were stopped\n" in capfd.readouterr().err


def test_what_does_not_notice_a_death_is_killed_with_all_that_it_has_started(capfd, tmp_path):
    child = (
        f"import subprocess; child = subprocess.Popen(['sleep', '60']); open('{tmp_path}/pid', 'w').write(str(child.pid)); time.sleep(60)"
    )
    started = time.monotonic()
    assert run(by_index(child, f"while not os.path.exists('{tmp_path}/pid'): time.sleep(0.02)\nsys.exit(3)"), grace=0.5) == 3
    assert time.monotonic() - started < 20
    pid = int((tmp_path / "pid").read_text())
    assert _gone(pid)


def test_processes_that_were_preempted_are_status_75():
    assert run("import sys; sys.exit(75)", 3) == 75


def test_a_crash_counts_more_than_a_preemption():
    assert run(by_index("time.sleep(0.3); sys.exit(75)", "sys.exit(4)")) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_to_every_process_once(number):
    supervisor, ready = _supervise(SAVES)
    assert ready == ["ready", "[process 1] ready"]
    supervisor.send_signal(number)
    out, err = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 75
    assert out.count("told") == err.count("told") == 1
    assert "error" not in err


def test_what_a_signal_ends_before_training_needs_no_sentence():
    supervisor, _ = _supervise("import time; print('ready', flush=True); time.sleep(60)")
    supervisor.send_signal(signal.SIGTERM)
    _, err = supervisor.communicate(timeout=60)
    assert (supervisor.returncode, err) == (128 + signal.SIGTERM, "")


def _supervise(code):
    """The supervisor as a process of its own, and its first line on each of its streams."""
    call = f"import sys; from semgan.launching import processes\ncommand = [sys.executable, '-c', {code!r}]\n"
    call += "sys.exit(processes.run(command, 2, devices=1, grace=10))"
    supervisor = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert supervisor.stdout
    assert supervisor.stderr
    return supervisor, [supervisor.stdout.readline().strip(), supervisor.stderr.readline().strip()]


def _gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
