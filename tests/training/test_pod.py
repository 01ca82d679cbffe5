"""Several processes train as one: the same numbers, one end for all, and a sentence that names who is missing."""

import re
import shutil

import jax
import numpy as np
import pytest

from semgan import algorithms
from semgan.errors import EXIT_PREEMPTED, EXIT_USER_ERROR
from semgan.snapshot import read_snapshot
from semgan.training import hosts
from semgan.training.metrics import read_lines
from tests.training import toy
from tests.training.pod import HEARTBEAT, Pod
from tests.training.states import final_state

LONG = {"total_kimg": 400 * toy.BATCH / 1000}
"""Long enough that a signal comes in time."""
SCORED = {"evaluate_kimg": 8 * toy.BATCH / 1000}
TOLERANCE = {"rtol": 2e-5, "atol": 2e-6}
"""Sums over devices in another order."""


@pytest.fixture(scope="module", autouse=True)
def compiled_once(programs, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "make", toy.make)
        patch.setenv("JAX_COMPILATION_CACHE_DIR", programs)
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("SEMGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return toy.write_pictures(tmp_path_factory.mktemp("pictures"))


def ran(source, workdir, count, **changes):
    with Pod(count, source, workdir, **changes) as pod:
        statuses, said = pod.wait()
    assert statuses == [0] * count, "\n".join(said)
    return workdir


@pytest.fixture(scope="module")
def alone(source, tmp_path_factory):
    """One process with two devices."""
    return ran(source, tmp_path_factory.mktemp("alone"), 1, devices=2, **SCORED)


def assert_like(source, workdir, other):
    """The final states agree to float32's tolerance, and so does every mean of the log."""
    config = toy.make_config(source)
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (workdir, other)), strict=True):
        np.testing.assert_allclose(leaf, expected, **TOLERANCE)
    lines, expected = (read_lines(run / "metrics.jsonl") for run in (workdir, other))
    assert [line["step"] for line in lines] == [line["step"] for line in expected]
    for line, wanted in zip(lines, expected, strict=True):
        for name in wanted.keys() - {"time/minutes", "time/images_per_second"}:
            np.testing.assert_allclose(line[name], wanted[name], **TOLERANCE)


def test_two_processes_give_what_one_gives_and_the_first_alone_writes(source, alone, tmp_path):
    workdir = ran(source, tmp_path / "run", 2, **SCORED)
    assert_like(source, workdir, alone)
    assert {path.name for path in workdir.iterdir()} == {path.name for path in alone.iterdir()}
    assert read_snapshot(workdir / "snapshot_best.safetensors").meta["step"] == 8
    assert [path.name for path in (workdir / "pictures").iterdir()] == [path.name for path in (alone / "pictures").iterdir()]


def test_a_signal_to_one_process_stops_all_at_one_step_and_any_number_goes_on(source, alone, tmp_path):
    workdir = tmp_path / "run"
    with Pod(2, source, workdir, **LONG) as pod:
        pod.when(workdir / "checkpoints" / "4", lambda: pod.terminate(1))
        statuses, said = pod.wait()
    assert statuses == [EXIT_PREEMPTED, EXIT_PREEMPTED], "\n".join(said)
    stopped = int(re.search(r"stopped after step (\d+)", said[0])[1])
    assert stopped % hosts.AGREE_STEPS == 0
    assert (workdir / "checkpoints" / str(stopped)).is_dir()
    total = {"total_kimg": (stopped + 8) * toy.BATCH / 1000}
    ran(source, workdir, 1, devices=4, **total)
    assert_like(source, workdir, ran(source, tmp_path / "whole", 1, devices=2, **total))


def test_when_one_process_dies_the_others_end_and_the_same_command_goes_on(source, tmp_path):
    workdir = tmp_path / "run"
    with Pod(2, source, workdir, **LONG) as pod:
        pod.when(workdir / "checkpoints" / "4", lambda: pod.kill(1))
        statuses, _ = pod.wait(60 + 2 * HEARTBEAT)
    assert statuses[1] == -9
    assert statuses[0] not in (0, EXIT_PREEMPTED)
    left = max(int(path.name) for path in (workdir / "checkpoints").iterdir() if path.name.isdecimal())
    total = {"total_kimg": (left + 12) * toy.BATCH / 1000}
    ran(source, workdir, 2, **total)
    whole = ran(source, tmp_path / "whole", 2, **total)
    config = toy.make_config(source)
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (workdir, whole)), strict=True):
        np.testing.assert_array_equal(leaf, expected)


@pytest.mark.parametrize("fault", ["missing", "other"])
def test_what_is_wrong_on_one_host_is_told_by_all(source, tmp_path, fault):
    places = tmp_path / "good", tmp_path / "bad"
    for place in places:
        shutil.copytree(source, place / "pictures")
    if fault == "missing":
        shutil.rmtree(places[1] / "pictures" / "train" / "blue")
    else:
        (places[1] / "pictures" / "train" / "red" / "1.png").unlink()
    with Pod(2, "pictures", tmp_path / "run", places=places) as pod:
        statuses, said = pod.wait()
    assert statuses == [EXIT_USER_ERROR] * 2
    if fault == "missing":
        assert "error: process 1: " in said[0]
        assert "error: process 1: " not in said[1]
    else:
        assert all("error: process 1 has other training data than process 0: give all hosts the same files" in text for text in said)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_missing_process_is_named():
    report = "# of tasks that reached the barrier: 2/4.\nThe first task at the barrier: 0. Some timed out task names:\n1\n3\n\n\nRPC"
    assert hosts._missing(report, "opened its data", 60).startswith("process 1, 3 has not opened its data within 60 s")
    assert hosts._missing("other", "started", 5).startswith("a process has not started within 5 s")


def test_one_process_works_by_itself():
    assert hosts.first_does(lambda: 3) == hosts.all_do("worked", lambda: 3) == 3
    assert hosts.agree("clock", 1) == "clock"
    hosts.meet("met", 1)
    hosts.same("other data", "a", "")
