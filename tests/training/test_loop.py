"""The loop end to end on a toy translation: resume is exact, stops are orderly, bad input is told before anything is compiled."""

import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from semgan import algorithms, manifest, snapshot
from semgan.errors import UserError
from semgan.snapshot import read_snapshot
from semgan.training import example_pictures, guards, loop, metrics, page, resume, scoring, steps
from semgan.training.checkpoints import Checkpoints
from semgan.training.experiment import seed_after
from semgan.training.metrics import read_lines
from tests.training import toy
from tests.training.states import final_state

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def compiled_once(programs):
    """The runs of this file, and the processes that they start, share their compiled programs; the algorithm is the toy."""
    environment = {"JAX_COMPILATION_CACHE_DIR": programs, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(algorithms, "make", toy.make)
        toy.shrink_matcher(patch)
        before = jax.config.jax_compilation_cache_dir, jax.config.jax_persistent_cache_min_compile_time_secs
        jax.config.update("jax_compilation_cache_dir", programs)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        yield
        jax.config.update("jax_compilation_cache_dir", before[0])
        jax.config.update("jax_persistent_cache_min_compile_time_secs", before[1])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return toy.write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def uninterrupted(source, tmp_path_factory):
    """A whole run: (workdir, result)."""
    workdir = tmp_path_factory.mktemp("uninterrupted")
    return workdir, loop.train(toy.make_config(source), workdir)


def timeless(workdir):
    return [{k: v for k, v in line.items() if not k.startswith("time/")} for line in read_lines(workdir / "metrics.jsonl")]


def assert_same_run(workdir, other, config):
    """Every leaf of the final state, every number of the metrics, the pictures and the snapshot are the same to the last bit."""
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (workdir, other)), strict=True):
        np.testing.assert_array_equal(leaf, expected)
    assert timeless(workdir) == timeless(other)
    files = [sorted(path.relative_to(run) for path in run.glob("pictures/*")) for run in (workdir, other)]
    assert files[0] == files[1]
    for name in [*files[0], Path("snapshot.safetensors")]:
        assert (workdir / name).read_bytes() == (other / name).read_bytes()


def stopping(monkeypatch, at, number=signal.SIGTERM):
    """Sends this process a signal when the loop takes the batch of this step."""
    made = steps.batches

    def signalled(*args, **kwargs):
        for batch in made(*args, **kwargs):
            if batch["position"][0] == at * toy.BATCH:
                os.kill(os.getpid(), number)
            yield batch

    monkeypatch.setattr(steps, "batches", signalled)


def test_a_run_leaves_all_that_its_folder_promises(uninterrupted):
    workdir, result = uninterrupted
    assert (result.step, result.kimg, result.stopped) == (16, 0.256, "done")
    assert "--reference" in result.usage
    lines = read_lines(workdir / "metrics.jsonl")
    assert [line["step"] for line in lines] == [4, 8, 12, 16, 16]
    assert all(line["d_penalty/loss"] > 0 for line in lines[:4])  # lazy: steps that it sat out do not count
    assert all(np.isfinite(line["time/images_per_second"]) for line in lines[:4])
    assert "eval/label_free_retention" in lines[4]
    assert [path.name for path in sorted((workdir / "pictures").iterdir())] == [f"{step:08d}.png" for step in (4, 8, 12, 16)]
    model = read_snapshot(workdir / "snapshot.safetensors")
    assert list(model.params) == ["generator"]
    assert model.config["data"]["domains"] == model.meta["domains"] == ["blue", "red"]
    assert model.meta["kimg"] == 0.256
    assert "Held-out pictures at step 16" in (workdir / "index.html").read_text()
    assert not (workdir / ".lock").read_bytes()


def test_a_finished_run_is_not_trained_again(uninterrupted, source, monkeypatch, capsys):
    workdir, result = uninterrupted
    monkeypatch.setattr(loop, "_run", None)
    assert loop.train(toy.make_config(source), workdir) == result
    assert "has finished" in capsys.readouterr().err


def test_sigterm_saves_and_resume_equals_uninterrupted_run(uninterrupted, source, tmp_path, monkeypatch):
    config = toy.make_config(source)
    with monkeypatch.context() as patch:
        stopping(patch, at=8)
        result = loop.train(config, tmp_path)
    assert (result.stopped, result.step) == ("signal", 9)
    assert timeless(tmp_path)[-1]["steps"] == 1  # what was measured since the last line is not lost
    (tmp_path / "index.html").unlink()
    result = loop.train(config, tmp_path)
    assert (result.stopped, result.step) == ("done", 16)
    steps = [line["step"] for line in read_lines(tmp_path / "metrics.jsonl")]
    assert steps == [4, 8, 9, 12, 16, 16]
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (tmp_path, uninterrupted[0])), strict=True):
        np.testing.assert_array_equal(leaf, expected)


def test_sigterm_during_a_save_lets_it_commit(uninterrupted, source, tmp_path, monkeypatch):
    write_manifest = manifest.write

    def signalled(folder, manifest):
        if manifest["step"] == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        write_manifest(folder, manifest)

    monkeypatch.setattr(manifest, "write", signalled)
    config = toy.make_config(source)
    config.keep_checkpoints = 5
    result = loop.train(config, tmp_path)
    assert result.stopped == "signal"
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert {"4", str(result.step)} <= names
    assert all(name.isdecimal() for name in names)
    assert loop.train(config, tmp_path).stopped == "done"
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (tmp_path, uninterrupted[0])), strict=True):
        np.testing.assert_array_equal(leaf, expected)


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_what_is_written_meanwhile_and_not_the_run(uninterrupted, source, tmp_path, monkeypatch, capsys):
    """Nothing can be written from the first checkpoint's step on until step 10."""
    config, made = toy.make_config(source), steps.batches

    def filling(*args, **kwargs):
        with monkeypatch.context() as patch:
            for batch in made(*args, **kwargs):
                if batch["position"][0] == 2 * toy.BATCH:
                    for writer in (snapshot, example_pictures, page):
                        patch.setattr(writer, "write_whole", full_disk)
                    patch.setattr(manifest, "sync", full_disk)
                    patch.setattr(metrics.MetricsLog, "write", full_disk)
                if batch["position"][0] == 10 * toy.BATCH:
                    patch.undo()
                yield batch

    monkeypatch.setattr(steps, "batches", filling)
    assert loop.train(config, tmp_path).stopped == "done"
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    for name in ("CHECKPOINT", "snapshot.safetensors", "metrics.jsonl", "00000004.png", "index.html"):
        assert any(name in line and "No space left on device" in line for line in warnings), name
    assert [line["step"] for line in timeless(tmp_path)] == [12, 16, 16]
    for leaf, expected in zip(*(jax.tree.leaves(final_state(run, config)) for run in (tmp_path, uninterrupted[0])), strict=True):
        np.testing.assert_array_equal(leaf, expected)


@pytest.mark.parametrize(("place", "file"), [(resume, "config.json"), (snapshot, "snapshot.safetensors")])
def test_a_disk_that_is_full_at_the_start_or_stays_so_to_the_end_is_a_sentence(source, tmp_path, monkeypatch, place, file):
    monkeypatch.setattr(place, "write_whole", full_disk)
    with pytest.raises(UserError, match=rf"{file} cannot be written \(No space left on device\): free the disk"):
        loop.train(toy.make_config(source), tmp_path)


def test_a_clock_that_jumps_back_a_day_at_every_look_changes_nothing(uninterrupted, source, tmp_path, monkeypatch):
    now = itertools.count(time.time(), -86_400)
    monkeypatch.setattr(time, "time", lambda: next(now))
    config = toy.make_config(source)
    loop.train(config, tmp_path)
    assert_same_run(tmp_path, uninterrupted[0], config)
    lines = read_lines(tmp_path / "metrics.jsonl")
    assert all(line["time/images_per_second"] > 0 for line in lines[:4])
    minutes = [line["time/minutes"] for line in lines]
    assert minutes == sorted(minutes)
    assert minutes[0] > 0


def test_resume_after_kill_equals_uninterrupted_run(uninterrupted, source, tmp_path):
    command = [sys.executable, "-m", "tests.training.toy", str(source), str(tmp_path), "11"]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 11, "kimg": 0.1')  # cut short by the end
    result = loop.train(toy.make_config(source), tmp_path)
    assert result.stopped == "done"
    assert_same_run(tmp_path, uninterrupted[0], toy.make_config(source))


def test_a_longer_run_goes_on_from_a_finished_one(uninterrupted, source, tmp_path, capsys):
    workdir = shutil.copytree(uninterrupted[0], tmp_path / "run")
    config = toy.make_config(source)
    config.total_kimg += 4 * toy.BATCH / 1000
    assert loop.train(config, workdir).step == 20
    assert "checkpoint of step 16" in capsys.readouterr().err
    assert [line["step"] for line in read_lines(workdir / "metrics.jsonl")] == [4, 8, 12, 16, 16, 20, 20]


def test_the_clock_stops_a_run_that_then_counts_as_finished(source, tmp_path):
    config = toy.make_config(source)
    config.max_minutes = 1.0
    result = loop.train(config, tmp_path, start_time=time.monotonic() - 100)
    assert (result.stopped, result.step) == ("clock", 0)
    assert Path(result.snapshot).exists()
    assert loop.train(config, tmp_path) == result


def test_a_signal_during_the_score_leaves_a_run_that_can_go_on(uninterrupted, source, tmp_path, monkeypatch):
    workdir = shutil.copytree(uninterrupted[0], tmp_path / "run")
    (workdir / "result.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "score", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        assert loop.train(toy.make_config(source), workdir).stopped == "signal"
    assert not (workdir / "result.json").exists()
    assert loop.train(toy.make_config(source), workdir).stopped == "done"


def test_training_that_only_skips_steps_goes_back_and_then_stops_with_the_reason(source, tmp_path, capsys):
    config = toy.make_config(source)
    config.losses.poison = 5 * toy.BATCH / 1000  # the first five steps are good
    config.log_kimg = config.checkpoint_kimg = 4 * toy.BATCH / 1000
    config.total_kimg, config.rollback_after, config.most_rollbacks = 1.0, 6, 1
    with pytest.raises(
        UserError, match=r"6 steps in a row were skipped .*after 1 returns.*learning_rate.* keeps the checkpoint of step 4 from before"
    ):
        loop.train(config, tmp_path)
    assert "going back to the checkpoint of step 4 with other noise (1 of 1 times)" in capsys.readouterr().err
    assert Checkpoints(tmp_path / "checkpoints").steps() == [4]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(final_state(tmp_path, config)))


def test_a_return_takes_other_noise_and_twice_from_one_place_goes_further_back(source, tmp_path, monkeypatch):
    config, whole = toy.make_config(source), loop.iterate
    config.checkpoint_kimg = 2 * toy.BATCH / 1000
    began = []

    def diverging(job, programs, state, checkpoints, report):
        began.append((int(state.step), programs.rollbacks))
        if len(began) == 1:
            short = job.config.copy_and_resolve_references()
            short.total_kimg = 6 * toy.BATCH / 1000
            job = job._replace(config=short)
        state, reason = (state, "") if len(began) == 2 else whole(job, programs, state, checkpoints, report)
        return state, reason if len(began) == 3 else guards.DIVERGED

    monkeypatch.setattr(loop, "iterate", diverging)
    assert loop.train(config, tmp_path).step == 16
    assert began == [(0, 0), (6, 1), (4, 2)]
    assert [line["step"] for line in timeless(tmp_path) if "steps" in line] == list(range(2, 17, 2))
    restored = Checkpoints(tmp_path / "checkpoints").restore(final_state(tmp_path, config))
    assert restored is not None
    assert restored.extra["rollbacks"] == 2  # a resumed run draws the same noise


def test_every_return_has_a_seed_of_its_own():
    assert seed_after(5, 0) == 5
    assert len({seed_after(seed, times) for seed in range(3) for times in range(4)}) == 12


def test_only_skips_in_a_row_are_a_divergence():
    skips = guards.Skips(3)
    assert [skips.add(skipped) for skipped in (True, True, False, True, True, True)] == [False] * 5 + [True]
    assert not any(map(guards.Skips(0).add, [True] * 100))


def scored(monkeypatch, shares):
    """Evaluations find these diversity shares, one after another."""
    remaining = iter(shares)

    def score(job, model):
        return scoring.Scores({}, {"diversity_share": next(remaining), "recall": 0.0})

    monkeypatch.setattr(scoring, "score", score)


def test_a_collapse_stops_training_with_the_last_good_checkpoint(source, tmp_path, monkeypatch, capsys):
    config = toy.make_config(source)
    config.total_kimg = 1.0
    config.evaluate_kimg = 4 * toy.BATCH / 1000  # after steps 4, 8, ...; the checkpoint of the same step comes after it
    scored(monkeypatch, [0.8, 0.9, 0.01, 0.01, 0.01])
    with pytest.raises(UserError, match=r"collapsed: .*0\.01 times.*3 evaluations in a row; .* keeps the checkpoint of step 8 from before"):
        loop.train(config, tmp_path)
    assert capsys.readouterr().err.count("may have collapsed") == 3
    assert Checkpoints(tmp_path / "checkpoints").steps() == [8]
    assert read_snapshot(tmp_path / "snapshot.safetensors").meta["step"] == 8
    scored(monkeypatch, [0.9] * 20)
    config.total_kimg = 10 * toy.BATCH / 1000
    assert loop.train(config, tmp_path).step == 10  # goes on from the good one
    assert [line["step"] for line in timeless(tmp_path)] == [4, 4, 8, 8, 10, 10]


def test_a_run_may_go_on_though_its_generator_has_collapsed(source, tmp_path, monkeypatch):
    config = toy.make_config(source)
    config.evaluate_kimg = 2 * toy.BATCH / 1000
    config.stop_on_collapse = False
    scored(monkeypatch, [0.0] * 8)
    assert loop.train(config, tmp_path).stopped == "done"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, r"another config: seed \(was 0, now 1\)"),
        ({"batch_size": 32}, r"batch_size \(was 16, now 32\)"),
        ({"image_size": 32}, r"image_size \(was 16, now 32\)"),
    ],
)
def test_resume_with_another_config_is_refused_key_by_key(uninterrupted, source, change, words):
    config = toy.make_config(source)
    config.update(change)
    with pytest.raises(UserError, match=words):
        loop.train(config, uninterrupted[0])


def test_resume_with_another_seed_goes_on_where_it_is_asked_for(uninterrupted, source, tmp_path, capsys):
    workdir = shutil.copytree(uninterrupted[0], tmp_path / "run")
    config = toy.make_config(source)
    config.seed, config.allow_changes = 1, True
    config.total_kimg = 17 * toy.BATCH / 1000
    assert loop.train(config, workdir).step == 17
    assert "another config: seed (was 0, now 1); going on, as --config.allow_changes asks" in capsys.readouterr().err


def test_resume_with_other_data_is_refused(uninterrupted, source, tmp_path, capsys):
    workdir = shutil.copytree(uninterrupted[0], tmp_path / "run")
    (workdir / "result.json").unlink()
    other = shutil.copytree(source, tmp_path / "pictures")
    Image.new("RGB", (20, 20)).save(other / "train" / "red" / "one_more.png")
    config = toy.make_config(other)
    with pytest.raises(UserError, match="the data have changed since"):
        loop.train(config, workdir)
    config.allow_changes, config.total_kimg = True, 17 * toy.BATCH / 1000
    assert loop.train(config, workdir).step == 17
    assert "the data have changed since" in capsys.readouterr().err


def test_a_batch_that_does_not_divide_over_the_devices_is_refused(source, tmp_path):
    config = toy.make_config(source)
    config.batch_size = 12
    with pytest.raises(UserError, match="8 or 16"):
        loop.train(config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_workdir_that_cannot_be_written_is_refused(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--workdir .*file/run cannot be written to"):
        loop.train(toy.make_config(source), tmp_path / "file" / "run")


def test_a_damaged_config_file_is_named(source, tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        loop.train(toy.make_config(source), tmp_path)
