"""The best snapshot of a run: chosen by the score in force, and kept through interruptions, returns and full disks."""

import itertools
import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

import launch
from semgan import algorithms, snapshot
from semgan.inference.model import load
from semgan.run_files import model_path
from semgan.snapshot import read_snapshot, write_snapshot
from semgan.training import guards, loop, scoring, steps
from semgan.training.best import Score, is_better, read_best, score_in_force
from tests.training import toy
from tests.training.test_loop import full_disk, stopping

SCORES = {4: 0.3, 8: 0.8, 12: 0.5, 16: 0.6}
"""By step; the last is the run's end."""


@pytest.fixture(scope="module", autouse=True)
def toys():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "make", toy.make)
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return toy.write_pictures(tmp_path_factory.mktemp("pictures"))


def make_config(source):
    config = toy.make_config(source)
    config.evaluate_kimg = 4 * toy.BATCH / 1000
    config.keep_checkpoints = 9
    return config


@pytest.fixture
def config(source):
    return make_config(source)


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    """A run to its end, with `SCORES`: (workdir, result)."""
    workdir = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        script(patch, SCORES)
        return workdir, loop.train(make_config(source), workdir)


@pytest.fixture(scope="module")
def stopped_run(source, tmp_path_factory):
    """A run that a signal stops after the best of `SCORES`."""
    workdir = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        script(patch, SCORES)
        stopping(patch, at=9)
        assert loop.train(make_config(source), workdir).stopped == "signal"
    return workdir


@pytest.fixture
def stopped(stopped_run, tmp_path):
    """A copy, to go on in."""
    return shutil.copytree(stopped_run, tmp_path / "run")


def script(monkeypatch, scores, name="transfer_score"):
    """Has evaluations find these scores, by step."""

    def score(job, model):
        values = {name: scores[model.meta["step"]], "retention": 0.5, "adoption": 0.5, "diversity_share": 0.9, "recall": 0.5}
        return scoring.Scores({"transfer_score": values[name], "retention": 0.5, "adoption": 0.5, "notes": []}, values)

    monkeypatch.setattr(scoring, "score", score)


def best_of(workdir):
    """The step that the best snapshot is of, and its scores."""
    meta = read_snapshot(workdir / "snapshot_best.safetensors").meta
    return meta["step"], meta["scores"]


def assert_weights_of(workdir, step):
    best, checkpoint = load(workdir, step="best"), load(workdir, step=step)
    for leaf, expected in zip(jax.tree.leaves(best.params), jax.tree.leaves(checkpoint.params), strict=True):
        np.testing.assert_array_equal(leaf, expected)


@pytest.mark.parametrize(
    ("scores", "is_of_samples", "expected"),
    [
        ({"answer_score": 0.2, "transfer_score": 0.9, "label_free_score": 0.9}, False, ("answer_score", 0.2)),
        ({"answer_score": None, "transfer_score": 0.9, "label_free_score": 0.1}, False, ("transfer_score", 0.9)),
        ({"transfer_score": None, "label_free_score": 0.1, "fd_judge": 3.0}, False, ("label_free_score", 0.1)),
        ({"transfer_score": math.nan, "label_free_score": -0.1}, False, ("label_free_score", -0.1)),
        ({"transfer_score": None, "fd_judge": 3.0}, False, None),
        ({"whole_faces": 0.9, "fd_judge": 3.0}, True, ("fd_judge", 3.0)),
        ({"whole_faces": 0.9, "fd_judge": math.inf}, True, None),
        ({}, True, None),
    ],
)
def test_the_score_in_force_is_the_first_that_is_known(scores, is_of_samples, expected):
    assert score_in_force(scores, is_of_samples=is_of_samples) == expected


def test_higher_is_better_but_for_a_distance():
    for name in ("answer_score", "transfer_score", "label_free_score"):
        assert is_better(Score(name, 0.5), Score(name, 0.4))
        assert not is_better(Score(name, 0.4), Score(name, 0.5))
    assert is_better(Score("fd_judge", 2.0), Score("fd_judge", 3.0))
    assert not is_better(Score("fd_judge", 3.0), Score("fd_judge", 2.0))


def test_an_equal_score_changes_nothing_and_a_preferred_score_always_does():
    assert not is_better(Score("transfer_score", 0.5), Score("transfer_score", 0.5))
    assert not is_better(Score("fd_judge", 0.0), Score("fd_judge", 0.0))
    ordered = [Score("answer_score", 0.1), Score("transfer_score", 0.9), Score("label_free_score", 0.99)]
    for first, second in itertools.combinations(ordered, 2):
        assert is_better(first, second)
        assert not is_better(second, first)


def test_while_a_score_is_at_0_the_latest_model_is_the_best():
    assert is_better(Score("label_free_score", 0.0), Score("label_free_score", 0.0))


def test_the_best_evaluation_is_kept_beside_the_last_and_named_everywhere(config, whole):
    workdir, result = whole
    assert best_of(workdir)[0] == 8
    assert read_snapshot(workdir / "snapshot.safetensors").meta["step"] == 16
    assert_weights_of(workdir, 8)
    best = json.loads((workdir / "result.json").read_text())["best"]
    assert (best["step"], best["kimg"], best["score"], best["value"]) == (8, 0.128, "transfer_score", 0.8)
    path = str(workdir / "snapshot_best.safetensors")
    assert best["snapshot"] == path
    assert f"semgan translate --model {path} --content" in best["usage"]
    page, lines = (workdir / "index.html").read_text(), launch.summary(result)
    for text in (page, "\n".join(lines)):
        assert "best: step 8 at 0.128 kimg, by transfer score 0.8" in text
        assert best["usage"] in text
    assert lines[-1] == result.usage
    assert loop.train(config, workdir) == result  # and read again


def test_a_run_that_is_best_at_its_end_has_two_snapshots_of_it(config, tmp_path, monkeypatch):
    script(monkeypatch, {**SCORES, 16: 0.9})
    assert loop.train(config, tmp_path).best["step"] == 16
    assert (tmp_path / "snapshot_best.safetensors").read_bytes() == (tmp_path / "snapshot.safetensors").read_bytes()


def test_a_run_without_a_score_in_force_has_no_best(config, tmp_path, monkeypatch):
    script(monkeypatch, dict.fromkeys(SCORES))
    result = loop.train(config, tmp_path)
    assert result.best is None
    assert not (tmp_path / "snapshot_best.safetensors").exists()
    assert "best:" not in (tmp_path / "index.html").read_text()
    assert not any(line.startswith("best") for line in launch.summary(result))


def test_results_of_older_runs_have_no_best_and_are_read(config, whole, tmp_path):
    workdir = shutil.copytree(whole[0], tmp_path / "run")
    path = workdir / "result.json"
    older = json.loads(path.read_text())
    del older["best"]
    path.write_text(json.dumps(older))
    assert loop.train(config, workdir) == whole[1]._replace(best=None)


def test_a_better_one_from_before_an_interruption_is_not_overwritten(config, stopped, monkeypatch):
    script(monkeypatch, SCORES)
    before = (stopped / "snapshot_best.safetensors").read_bytes()
    assert loop.train(config, stopped).best["step"] == 8
    assert (stopped / "snapshot_best.safetensors").read_bytes() == before


def test_a_worse_one_from_before_an_interruption_is_overwritten(config, stopped, monkeypatch):
    script(monkeypatch, {**SCORES, 12: 0.9})
    assert best_of(stopped)[0] == 8
    assert loop.train(config, stopped).best["step"] == 12
    assert_weights_of(stopped, 12)


def test_a_signal_during_an_evaluation_costs_its_score_alone(config, tmp_path, monkeypatch):
    """A score that is in the log has its snapshot: both are written, or neither is."""
    script(monkeypatch, SCORES)
    fit = loop.results.snapshots.fit

    def signalled(job, model, scores):
        if scores and model.meta["step"] == 8:
            job.stop._handle(15, None)
        return fit(job, model, scores)

    with monkeypatch.context() as patch:
        patch.setattr(loop.results.snapshots, "fit", signalled)
        assert loop.train(config, tmp_path).stopped == "signal"
    assert best_of(tmp_path)[0] == 8
    assert loop.train(config, tmp_path).best["step"] == 8


def test_a_best_one_survives_a_return_to_an_earlier_state(config, tmp_path, monkeypatch, capsys):
    """Steps diverge after the best evaluation; the run goes back before it, and its later scores are worse."""
    script(monkeypatch, {step: 0.9 if step == 8 else 0.1 for step in range(40)})
    config.most_rollbacks = 1
    config.checkpoint_kimg = 5 * toy.BATCH / 1000
    answers = iter([False] * 7 + [True] + [False] * 99)  # of the tenth step, seen two steps later
    monkeypatch.setattr(guards.Skips, "add", lambda *_: next(answers))
    seen = []
    monkeypatch.setattr(loop.results.snapshots, "write_best", spying(loop.results.snapshots.write_best, seen))
    result = loop.train(config, tmp_path)
    assert "going back to the checkpoint of step 5" in capsys.readouterr().err
    assert (result.stopped, result.step) == ("done", 16)
    assert (result.best["step"], result.best["value"]) == (8, 0.9)
    assert seen == [4, 8]


def spying(write, seen):
    def spy(job, fitted):
        seen.append(fitted.meta["step"])
        return write(job, fitted)

    return spy


def test_a_full_disk_costs_the_best_of_that_time_and_nothing_else(config, tmp_path, monkeypatch, capsys):
    """The best of step 8 cannot be written: the one before stays whole, and the next better one than that replaces it."""
    script(monkeypatch, SCORES)
    made, written = steps.batches, snapshot.write_whole

    def filling(*args, **kwargs):
        for batch in made(*args, **kwargs):
            full = 5 <= batch["position"][0] // toy.BATCH <= 9
            monkeypatch.setattr(snapshot, "write_whole", full_disk if full else written)
            yield batch

    monkeypatch.setattr(steps, "batches", filling)
    result = loop.train(config, tmp_path)
    assert result.stopped == "done"
    warnings = [line for line in capsys.readouterr().err.splitlines() if "snapshot_best" in line]
    assert any("No space left on device" in line and "TRAINING GOES ON" in line for line in warnings)
    assert (result.best["step"], result.best["value"]) == (16, 0.6)  # over 0.3 of step 4, then 0.5 of step 12
    assert not [path for path in tmp_path.iterdir() if "snapshot_best" in path.name and path.name != "snapshot_best.safetensors"]


def test_a_damaged_best_one_is_named_and_replaced(config, stopped, monkeypatch, capsys):
    script(monkeypatch, SCORES)
    path = stopped / "snapshot_best.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    result = loop.train(config, stopped)
    assert "snapshot_best.safetensors is damaged" in capsys.readouterr().err
    assert result.best["step"] == best_of(stopped)[0] == 16


@pytest.mark.parametrize("change", ["judge", "matcher", "data"])
def test_scores_of_another_judge_or_other_data_are_not_compared(config, source, tmp_path, change):
    params, meta = {"generator": {"shift": np.zeros(3)}}, {"step": 8, "kimg": 0.1, "scores": {"transfer_score": 0.9}}
    job = SimpleNamespace(config=config, workdir=tmp_path, kinds={"reference"}, train=SimpleNamespace(fingerprint="a1"))
    before = {"judge": dict(config.judge)}
    write_snapshot(tmp_path / "snapshot_best.safetensors", params, before, meta | {"dataset": {"fingerprint": "a1"}})
    assert read_best(job).step == 8
    if change == "judge":
        config.judge.steps += 1
    elif change == "matcher":
        config.judge.matcher_steps += 1
    else:
        job.train.fingerprint = "b2"
    assert read_best(job) is None


def test_samples_are_chosen_by_their_distance(config, tmp_path):
    job = SimpleNamespace(config=config, workdir=tmp_path, kinds={"sample"}, train=SimpleNamespace(fingerprint="a1"))
    meta = {"step": 8, "kimg": 0.1, "scores": {"fd_judge": 2.5}, "dataset": {"fingerprint": "a1"}}
    write_snapshot(tmp_path / "snapshot_best.safetensors", {"g": {"w": np.zeros(3)}}, {"judge": dict(config.judge)}, meta)
    assert read_best(job) == (8, 0.1, ("fd_judge", 2.5))


def test_checkpoints_say_which_model_they_hold(whole, tmp_path):
    """A checkpoint that was copied out of its run translates as the run's own snapshot of that step."""
    workdir, _ = whole
    elsewhere = shutil.copytree(workdir / "checkpoints" / "8", tmp_path / "elsewhere" / "copy")
    model, best = load(elsewhere), load(workdir, step="best")
    assert model.domains == best.domains == ("blue", "red")
    assert model.meta["dataset"] == best.meta["dataset"]
    content = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    options = {"latent_seed": 3, "domain": "red"}
    np.testing.assert_array_equal(model.translate(content, **options), best.translate(content, **options))
    assert model_path(workdir, "best") == Path(workdir / "snapshot_best.safetensors")
