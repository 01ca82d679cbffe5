"""The lock: one run a folder, and a run that died leaves the folder free."""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from semgan.errors import UserError
from semgan.training import lock

HOLD = """
import pathlib, sys, time
from semgan.training.lock import hold_lock
with hold_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(folder):
    """A process that holds the folder's lock, until the block ends at the latest."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_told_host_and_process(tmp_path):
    with (
        held_elsewhere(tmp_path) as process,
        pytest.raises(UserError, match=rf"in use by another run \(host {socket.gethostname()}, process {process.pid}, since 2"),
        lock.hold_lock(tmp_path),
    ):
        pass


def test_a_killed_runs_lock_is_taken_over_and_explained(tmp_path, capsys):
    with held_elsewhere(tmp_path) as process:
        pass
    with lock.hold_lock(tmp_path):
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()
    assert f"process {process.pid} on {socket.gethostname()} held it since" in capsys.readouterr().err


def test_an_orderly_end_leaves_nothing_to_explain(tmp_path, capsys):
    for _ in range(2):
        with lock.hold_lock(tmp_path):
            pass
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(UserError, match=r"\.lock cannot be written \(No space left on device\): free the disk"), lock.hold_lock(tmp_path):
        pass


def test_a_failing_run_releases_its_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), lock.hold_lock(tmp_path):
        _ = 1 / 0
    with lock.hold_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / lock.NAME).read_text()


@pytest.mark.parametrize(("age", "refused"), [(60, True), (3600, False)])
def test_another_hosts_lock_counts_while_it_is_touched(tmp_path, age, refused):
    path = tmp_path / lock.NAME
    path.write_text(json.dumps({"host": "elsewhere", "pid": 7, "since": "then"}))
    os.utime(path, (time.time() - age,) * 2)
    if refused:
        with pytest.raises(UserError, match="host elsewhere, process 7"), lock.hold_lock(tmp_path):
            pass
    else:
        with lock.hold_lock(tmp_path):
            pass


def test_a_held_lock_is_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_TOUCH_SECONDS", 0.01)
    path = tmp_path / lock.NAME
    with lock.hold_lock(tmp_path):
        os.utime(path, (1, 1))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 2


def test_a_lock_whose_writing_was_cut_short_holds_nobody(tmp_path):
    (tmp_path / lock.NAME).write_text('{"host": "el')
    with lock.hold_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / lock.NAME).read_text()
