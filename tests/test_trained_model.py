"""A trained model as a value: it samples any number of examples, owns its memory, and is the same from a state and from a file."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from semgan import trained_model
from semgan.snapshot import MODEL_STATE, write_snapshot
from semgan.trained_model import TrainedModel
from semgan.types import Algorithm
from tests.inference import stand_ins

KEY = jax.random.key(3)


class Recorder:
    """An algorithm that brightens by a weight and darkens; it notes the shapes of the pictures that it is compiled for."""

    def __init__(self):
        self.traced = []

    def sample(self, params, model_state, batch, rng):
        self.traced.append(batch["image"].shape)
        assert batch["image"].dtype == batch["reference"].dtype == jnp.float32
        return {"reference": batch["reference"] + params["generator"]["weight"], "latent": batch["image"] - 0.25}

    def model(self, weight=0.5):
        algorithm = Algorithm(None, (), self.sample, ("generator",), {})
        params = {"generator": {"weight": np.float32(weight)}}
        return TrainedModel({"image_size": 2}, {}, algorithm, params, {})


def pictures(count):
    """Example number i is of the grey i."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3)).copy()


@pytest.mark.parametrize("count", [1, 3, 4, 5, 11])
def test_any_number_of_examples_is_sampled_in_pieces_of_one_size(count):
    recorder = Recorder()
    images = trained_model.sample(recorder.model(0.0), {"image": pictures(count)}, KEY, size=4)
    np.testing.assert_array_equal(images["reference"], pictures(count), strict=True)
    assert set(recorder.traced) == {(4, 2, 2, 3)}


def test_floats_and_bytes_are_sampled_alike():
    model, images = Recorder().model(), pictures(5) * 50
    from_bytes, from_floats = (
        trained_model.sample(model, {"image": each}, KEY) for each in (images, images.astype(np.float32) / np.float32(127.5) - 1)
    )
    for name in ("reference", "latent"):
        np.testing.assert_array_equal(from_bytes[name], from_floats[name], strict=True)
    # half of [-1, 1] is 63.75 levels, a quarter 31.875: rounded, and clipped at the ends
    assert from_bytes["reference"][:, 0, 0, 0].tolist() == [64, 114, 164, 214, 255]
    assert from_bytes["latent"][:, 0, 0, 0].tolist() == [0, 18, 68, 118, 168]


def test_other_weights_are_sampled_without_another_compilation():
    recorder = Recorder()
    first = recorder.model(0.0)
    brighter = first._replace(params={"generator": {"weight": np.float32(0.5)}})
    darkest, lighter = (trained_model.sample(each, {"image": pictures(3)}, KEY)["reference"].max() for each in (first, brighter))
    assert (darkest, lighter) == (2, 66)
    assert len(recorder.traced) == 1


def test_only_the_kind_that_is_named_comes_back():
    assert trained_model.sample(Recorder().model(), {"image": pictures(2)}, KEY, kind="latent").keys() == {"latent"}


def state_of(**changes):
    params, model_state = {"generator": {"weights": np.ones((3, 3), np.float32)}}, {"mean": np.zeros(3, np.float32), "other": np.zeros(2)}
    return SimpleNamespace(ema_params=params, model_state=model_state, step=7, position=2500, **changes)


def grown(state):
    config = ConfigDict(stand_ins.config("from_noise"))
    return trained_model.from_state(config, {"domains": ["a", "b"]}, stand_ins.from_noise(config), state)


def test_a_model_of_a_state_owns_its_memory_and_says_when_it_was():
    state = state_of()
    model = grown(state)
    state.ema_params["generator"]["weights"][:] = 0
    state.model_state["mean"][:] = 5
    assert (model.params["generator"]["weights"] == 1).all()
    assert (model.model_state["mean"] == 0).all()
    assert model.model_state.keys() == {"mean"}  # what samples depend on
    assert model.meta == {"domains": ["a", "b"], "step": 7, "kimg": 2.5}
    assert model.config["data"] == {"name": "folder", "domains": ["a", "b"]}


def test_a_growing_model_is_taken_at_the_states_stage():
    early, late = state_of(), state_of()
    late.position = 10_000  # the second stage begins
    late.ema_params["generator"]["weights"][:] = 0.5  # where colours count twice
    batch = {"position": np.arange(4, dtype=np.int32)}
    first, second = (trained_model.sample(grown(state), batch, KEY)["sample"] for state in (early, late))
    np.testing.assert_array_equal(first, second)


def test_a_snapshot_gives_the_model_back(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    model = grown(state_of())
    path = tmp_path / "snapshot.safetensors"
    write_snapshot(path, model.params | {MODEL_STATE: model.model_state}, model.config, model.meta)
    read = trained_model.from_snapshot(path)
    assert (read.config, read.meta, read.params.keys()) == (model.config, model.meta, model.params.keys())
    assert trained_model.kinds(read) == trained_model.kinds(model) == {"sample"}
    batch = {"position": np.arange(20, dtype=np.int32), "truncation": np.full(20, 0.5, np.float32)}
    images, expected = (trained_model.sample(each, batch, KEY)["sample"] for each in (read, model))
    np.testing.assert_array_equal(images, expected)


def test_kinds_need_no_more_than_shapes():
    recorder = Recorder()
    shapes = recorder.model()._replace(params={"generator": {"weight": jax.ShapeDtypeStruct((), np.float32)}})
    assert trained_model.kinds(shapes) == {"reference", "latent"}
    assert trained_model.is_guided(shapes)
    assert not trained_model.has_features(shapes)
    assert trained_model.guess_domain(shapes, pictures(2)) is None
