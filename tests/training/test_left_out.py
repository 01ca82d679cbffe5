"""A run with combinations left out trains on less, but is tested and judged like one without."""

import pytest

from semgan import algorithms
from semgan.errors import UserError
from semgan.evaluation.evaluate_command import open_judge, open_splits
from semgan.evaluation.judge.judge import judge_name
from semgan.snapshot import read_snapshot
from semgan.training import loop
from tests.training import toy

LEFT_OUT = ("ink&Eyeglasses",)


def make_config(**data):
    config = toy.make_config("")
    config.total_kimg = config.picture_kimg = config.checkpoint_kimg = config.log_kimg = 2 * toy.BATCH / 1000
    config.data.update({"name": "drawn_faces", "domains": ("shaded", "ink"), "train_count": 60, "test_count": 30, **data})
    return config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the result of a run that leaves pictures out."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "make", toy.make)
        return folder, loop.train(make_config(left_out=LEFT_OUT), folder)


def test_the_test_split_stays_whole_and_so_does_what_the_judge_learns_from():
    rest, test, whole = loop._open_data(make_config(left_out=LEFT_OUT))
    plain, plain_test, plain_whole = loop._open_data(make_config())
    assert set(rest.rows) < set(whole.rows)
    assert test.fingerprint == plain_test.fingerprint
    assert whole.fingerprint == plain.fingerprint == plain_whole.fingerprint != rest.fingerprint


def test_a_config_from_before_the_key_opens_whole():
    config = make_config()
    del config.data.left_out
    train, _, whole = loop._open_data(config)
    assert train is whole


def test_the_judge_is_that_of_runs_which_leave_nothing_out(run):
    _, test, whole = loop._open_data(make_config())
    settings = make_config().judge
    name = judge_name(whole, test, channels=settings.channels, steps=settings.steps, batch_size=settings.batch_size, seed=0)
    assert run[1].scores["judge"]["name"] == name
    assert run[1].scores["dataset"]["fingerprint"] == test.fingerprint
    snapshot = read_snapshot(run[0] / "snapshot.safetensors")
    assert snapshot.meta["dataset"]["fingerprint"] == loop._open_data(make_config(left_out=LEFT_OUT))[0].fingerprint != whole.fingerprint
    assert open_judge(*open_splits(snapshot.config), snapshot.config["judge"]).name == name  # evaluated later, too


def test_a_run_does_not_go_on_with_other_pictures_left_out(run, monkeypatch):
    monkeypatch.setattr(algorithms, "make", toy.make)
    with pytest.raises(UserError, match=r"another config: data\.left_out \(was \['ink&Eyeglasses'\], now \[\]\)"):
        loop.train(make_config(), run[0])
