"""Checkpoints under damage, full disks and kill -9: what comes back is bit-equal or is not taken."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from semgan import manifest
from semgan.errors import UserError
from semgan.manifest import MANIFEST
from semgan.training.checkpoints import Checkpoints, RestoredCheckpoint
from semgan.types import TrainState

EXTRA = {"seed": 3, "dataset": "abc", "config": {"domains": ["oil", "pencil"]}}


def state_at(step: int, size: int = 16, name: str = "kernel") -> TrainState:
    """A state of every kind of leaf, its numbers a pure function of the step."""
    draws = np.random.default_rng(step)
    params = {"generator": {"Dense_0": {name: draws.normal(size=(size, size)).astype(np.float32), "bias": np.zeros(3, np.float32)}}}
    return TrainState(
        step=np.array(step, np.int32),
        position=np.array(8 * step, np.int32),
        params=params,
        ema_params=jax.tree.map(lambda x: x / 2, params),
        model_state={"mean": jnp.ones(2, jnp.bfloat16), "pool": np.zeros((0, 4), np.uint8), "on": np.array([True])},
        opt_state=jax.device_get({"generator": optax.adam(1e-3).init(params["generator"])}),
        skipped=np.array(0, np.int32),
    )


def assert_same_bits(found, expected):
    def check(x, y):
        assert x.dtype == y.dtype
        assert np.asarray(x).tobytes() == np.asarray(y).tobytes()

    jax.tree.map(check, found, expected)


def saved(folder: Path, *steps: int, **settings) -> Checkpoints:
    kept = Checkpoints(folder, **settings)
    for step in steps:
        kept.save(state_at(step), EXTRA | {"step": step})
    assert kept.wait()
    return kept


def restored_from(kept: Checkpoints, **shape) -> RestoredCheckpoint:
    restored = kept.restore(state_at(0, **shape))
    assert restored is not None
    return restored


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def two_checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints") / "original"
    saved(folder, 1, 2)
    return folder


@pytest.fixture
def folder(two_checkpoints, tmp_path):
    """A copy of the checkpoints of steps 1 and 2, to be spoilt."""
    return shutil.copytree(two_checkpoints, tmp_path / "checkpoints")


def test_round_trip_keeps_every_bit_and_the_structure(folder):
    restored = restored_from(Checkpoints(folder))
    assert (restored.step, restored.extra) == (2, EXTRA | {"step": 2})
    assert_same_bits(restored.state, state_at(2))
    assert jax.tree.structure(restored.state) == jax.tree.structure(state_at(2))


def test_shapes_alone_are_target_enough(folder):
    target = jax.eval_shape(lambda: jax.tree.map(jnp.asarray, state_at(0)))
    restored = Checkpoints(folder).restore(target)
    assert restored is not None
    assert_same_bits(restored.state, state_at(2))


def test_an_empty_folder_restores_nothing(tmp_path):
    kept = Checkpoints(tmp_path / "new")
    assert kept.restore(state_at(0)) is None
    assert kept.latest_step() is None


def test_the_state_may_be_overwritten_or_donated_at_once(tmp_path):
    kept = Checkpoints(tmp_path)
    state = jax.tree.map(np.array, state_at(4, size=512))
    kept.save(state, {})
    jax.tree.map(lambda x: x.fill(0), state)
    bump = jax.jit(partial(jax.tree.map, lambda x: x + x.dtype.type(1)), donate_argnums=0)
    arrays = jax.tree.map(jnp.asarray, state_at(5, size=512))
    kept.save(arrays, {})
    jax.block_until_ready(bump(arrays))
    assert kept.wait()
    for step in (5, 4):
        assert_same_bits(restored_from(kept, size=512).state, state_at(step, size=512))
        shutil.rmtree(tmp_path / str(step))


def test_the_newest_by_step_are_kept_whatever_the_clock_says(tmp_path):
    kept = saved(tmp_path, 1, 9, 10, keep=2)
    os.utime(tmp_path / "9", (2e9, 2e9))
    assert kept.steps() == [9, 10]
    assert kept.latest_step() == 10
    restored = restored_from(saved(tmp_path, 100, keep=2))
    assert restored.step == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10", "100"]


def test_a_held_checkpoint_outlives_newer_ones_and_can_be_rolled_back_to(tmp_path):
    kept = saved(tmp_path, 1, 2, keep=2)
    kept.hold(2)
    for step in (3, 4, 5):
        kept.save(state_at(step), {})
    assert kept.wait()
    assert kept.steps() == [2, 4, 5]
    kept.hold(None)  # no evaluation to speak for a later one
    assert kept.roll_back() == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2"]
    assert_same_bits(restored_from(kept).state, state_at(2))
    kept.hold(7)  # of which the checkpoint comes after
    for step in (7, 8, 9):
        kept.save(state_at(step), {})
    assert kept.roll_back() == 7
    assert kept.steps() == [7]


def test_without_a_held_checkpoint_nothing_is_rolled_back(tmp_path):
    kept = saved(tmp_path, 1, 2)
    assert kept.roll_back() is None
    assert kept.steps() == [1, 2]


def test_saving_a_step_again_replaces_it(tmp_path):
    kept = saved(tmp_path, 1)
    kept.save(state_at(1), {"again": True})
    restored = restored_from(kept)
    assert restored.extra == {"again": True}
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    place = random.Random(path.name).randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [flip_bit, truncate, empty, zero, Path.unlink])
def test_damage_to_any_file_is_named_and_the_checkpoint_before_is_used(folder, damage, capsys):
    kept = Checkpoints(folder)
    names = [path.relative_to(folder / "2") for path in files_of(folder / "2")]
    assert Path(MANIFEST) in names
    assert len(names) > 5
    for name in names:
        path = folder / "2" / name
        whole = path.read_bytes()
        damage(path)
        restored = kept.restore(state_at(0))
        path.write_bytes(whole)
        assert restored is not None
        assert restored.step == 1
        assert_same_bits(restored.state, state_at(1))
        warning = capsys.readouterr().err
        assert f"checkpoint {folder / '2'} is damaged" in warning
        assert name.as_posix() in warning
    restored = restored_from(kept)
    assert restored.step == 2


def test_every_bit_of_the_manifest_counts(folder):
    path = folder / "2" / MANIFEST
    raw = path.read_bytes()
    draws = random.Random(0)
    for place in [raw.index(b'"sha256"') * 8 + 8 * 11 + 5, *(draws.randrange(8 * len(raw)) for _ in range(40))]:
        data = bytearray(raw)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        with pytest.raises(manifest.DamagedError, match=MANIFEST):
            manifest.verify(folder / "2", 2)


def test_a_file_that_does_not_belong_and_a_renamed_checkpoint_are_damage(folder, capsys):
    (folder / "2" / "state" / "stray").write_text("")
    (folder / "1").rename(folder / "7")
    with pytest.raises(UserError, match=r"none of its checkpoints \(2, 7\) is whole"):
        Checkpoints(folder).restore(state_at(0))
    warning = capsys.readouterr().err
    assert "state/stray does not belong to it" in warning
    assert f"{MANIFEST} is of step 1" in warning


def test_a_damaged_checkpoint_never_displaces_a_whole_one(folder):
    flip_bit(folder / "2" / MANIFEST)
    kept = Checkpoints(folder, keep=1)
    restored = restored_from(kept)
    assert restored.step == 1
    kept.save(state_at(2), {})  # training gets to the damaged step once more
    assert kept.wait()
    assert kept.steps() == [2]
    restored = restored_from(kept)
    assert_same_bits(restored.state, state_at(2))


def test_leftovers_of_a_dead_process_are_cleared_and_a_half_replaced_one_comes_back(folder):
    (folder / "2").rename(folder / "2.replaced")
    shutil.copytree(folder / "1", folder / "1.replaced")
    for name in ("3.writing", "0.removing"):
        (folder / name / "state").mkdir(parents=True)
    kept = Checkpoints(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    restored = restored_from(kept)
    assert restored.step == 2


def test_other_shapes_are_refused_key_by_key(folder):
    with pytest.raises(UserError) as caught:
        Checkpoints(folder).restore(state_at(0, size=8, name="weight"))
    message = str(caught.value)
    assert "params.generator.Dense_0.weight: the checkpoint has none, the config wants float32 (8, 8)" in message
    with pytest.raises(UserError, match=r"Dense_0\.kernel: the checkpoint has float32 \(16, 16\), the config wants float32 \(8, 8\)"):
        Checkpoints(folder).restore(state_at(0, size=8))
    with pytest.raises(UserError, match=r"skipped: the checkpoint has int32 \(\), the config wants float32 \(\)"):
        Checkpoints(folder).restore(state_at(0)._replace(skipped=np.float32(0)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a write of Orbax's that outlives its event loop
def test_a_disk_that_fills_up_costs_one_save_and_nothing_else(folder, capfd):
    """Files may grow no further than 64 KiB while the state of 2 MB is saved: the writes themselves fail."""
    kept = Checkpoints(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        kept.save(state_at(3, size=360), {})
        succeeded = kept.wait()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not succeeded
    warning = capfd.readouterr().err
    assert f"SAVING THE CHECKPOINT {folder / '3'} FAILED" in warning
    assert "the one of step 2 is kept" in warning
    assert len(warning.splitlines()[-1]) < 800
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    kept.save(state_at(4), {})
    assert kept.wait()
    assert kept.steps() == [2, 4]


@pytest.mark.parametrize("at", ["write", "sync"])
def test_a_failure_at_the_commit_is_survived_too(folder, monkeypatch, capsys, at):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Checkpoints(folder)
    monkeypatch.setattr(manifest, at, fail)
    kept.save(state_at(3), {})
    assert not kept.wait()
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]


def test_what_a_failed_save_writes_after_its_end_is_cleared_up(folder, monkeypatch):
    kept = Checkpoints(folder)
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "write", lambda *_: 1 / 0)
        kept.save(state_at(3), {})
        assert not kept.wait()
    (folder / "3.writing" / "state").mkdir(parents=True)
    kept.save(state_at(4), {})
    assert not (folder / "3.writing").exists()
    (folder / "3.writing").mkdir()
    assert kept.wait()
    assert sorted(path.name for path in folder.iterdir()) == ["2", "4"]


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"config\.keep_checkpoints: 0"):
        Checkpoints(tmp_path, keep=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose a folder that can be written"):
        Checkpoints(tmp_path / "file")


@pytest.mark.parametrize("device_count", [1, 2, 8])
def test_restored_arrays_go_to_any_number_of_devices(folder, device_count):
    restored = restored_from(Checkpoints(folder))
    everywhere = jax.sharding.NamedSharding(
        jax.sharding.Mesh(np.array(jax.devices()[:device_count]), ("data",)), jax.sharding.PartitionSpec()
    )
    assert_same_bits(jax.device_put(restored.state, everywhere), state_at(2))


WITH_THIS_TEST = """
import importlib.util, itertools, os, signal, sys, time
spec = importlib.util.spec_from_file_location("this_test", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
kept = module.Checkpoints(sys.argv[2])
"""
SAVE_FOREVER = f"""{WITH_THIS_TEST}
for step in itertools.count(1):
    kept.save(module.state_at(step, size=128), {{"step": step}})
"""
TERMINATED_TWICE = f"""{WITH_THIS_TEST}
from semgan.training.signals import Stop

def terminated(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    while not stop.requested:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

with Stop() as stop:
    kept.save(module.state_at(1), {{}})
    kept.wait()
    module.manifest.write = terminated
    kept.save(module.state_at(2), {{}})
    kept.wait()
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_kill_9_while_saving_always_leaves_a_whole_checkpoint(tmp_path):
    """Three processes that do nothing but save, each killed at a moment of its own."""
    folders = [tmp_path / str(run) for run in range(3)]
    for folder in folders:
        with subprocess.Popen([sys.executable, "-c", SAVE_FOREVER, __file__, str(folder)], env=ENVIRONMENT) as process:
            deadline = time.monotonic() + 60
            while not (folder / "3").exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(random.uniform(0, 0.1))
            ended = process.poll()
            process.kill()
        assert ended is None, "it ended by itself"
    for folder in folders:
        kept = Checkpoints(folder)
        assert not [path for path in folder.iterdir() if not path.name.isdecimal()]
        restored = restored_from(kept, size=128)
        assert restored.step == kept.latest_step()
        assert restored.extra == {"step": restored.step}
        assert_same_bits(restored.state, state_at(restored.step, size=128))


def test_a_second_sigterm_during_a_save_ends_at_once_and_the_step_before_is_intact(tmp_path):
    command = [sys.executable, "-c", TERMINATED_TWICE, __file__, str(tmp_path)]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=50)
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2.writing"]
    restored = restored_from(Checkpoints(tmp_path))
    assert restored.step == 1
    assert_same_bits(restored.state, state_at(1))
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_the_manifest_is_plain_json_that_tells_what_is_inside(folder):
    manifest = json.loads((folder / "2" / MANIFEST).read_text())
    assert (manifest["format"], manifest["step"], manifest["position"]) == ("semgan-checkpoint-1", 2, 16)
    assert manifest["arrays"]["params.generator.Dense_0.kernel"] == "float32 (16, 16)"
    assert set(manifest["files"]) == {path.relative_to(folder / "2").as_posix() for path in files_of(folder / "2")} - {MANIFEST}
