"""One wiring: what is planned, benchmarked and trained is the same program, and what the data decide is filled in once."""

from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks import train_step
from benchmarks.noise import random_batch
from configs.common import shrink
from semgan import config as configs
from semgan.data.dataset import open_dataset
from semgan.data.loader import make_batch
from semgan.planning import step_cost
from semgan.settings import setting_of
from semgan.training import loop
from semgan.training.experiment import ASSUMED_SIZES, Experiment, fill, seed_after
from semgan.training.step import GRAD_NORMS

SIZES = ("mask_classes", "landmarks", "categories", "boxes")


def load(name, *overrides):
    return shrink(configs.load(f"configs/{name}.py", overrides))


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return open_dataset("drawn_faces", split="train", image_size=16, count=16, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def paired():
    """Pairs, a spike guard and a seed: what a copy of the wiring has left out before."""
    config = load("drawn_faces_pix2pix")
    config.update({"spike_factor": 5.0, "seed": 3})
    return config


def trained_step(config, workdir, monkeypatch):
    """The step that the loop compiles for one device, and the state that it starts from."""
    pairs = []
    monkeypatch.setattr(loop, "axis_name", lambda: None)
    monkeypatch.setattr(loop, "parallelize", lambda step: step)
    monkeypatch.setattr(loop, "iterate", lambda run, programs, state, *_: pairs.append((programs.at(0), state)) or (state, "signal"))
    loop.train(config, workdir)
    return pairs[0]


def test_the_step_planned_is_the_step_benchmarked_is_the_step_trained(paired, tmp_path, monkeypatch):
    step, state = trained_step(paired, tmp_path / "run", monkeypatch)
    experiment = Experiment.of(paired)
    batch = random_batch(experiment, paired.batch_size)
    trained = jax.jit(step, donate_argnums=0).lower(state, batch).as_text()
    first = experiment.initial()()
    benchmarked = train_step.lowered_step(experiment, first, batch)
    planned = step_cost._trace(experiment, experiment.algorithm, experiment.state_shapes(), paired.batch_size)
    assert planned.lower().as_text() == trained
    assert benchmarked.as_text() == trained
    assert GRAD_NORMS in state.opt_state
    for leaf, expected in zip(*map(jax.tree.leaves, (first, state)), strict=True):
        np.testing.assert_array_equal(leaf, expected, strict=True)


def lowered(experiment, state=None, **options):
    return jax.jit(experiment.step(**options)).lower(state or experiment.state_shapes(), experiment.batch_shapes(4)).as_text()


@pytest.fixture(scope="module")
def small():
    return load("drawn_faces_dcgan")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 1),
        ("accumulate", 2),
        ("spike_factor", 5.0),
        ("ema_half_life_kimg", 1.0),
        ("ema_ramp", 0.5),
        ("ema_burn_in_kimg", 1.0),
        ("augment.flip", False),
    ],
)
def test_the_step_follows_every_setting(small, key, value):
    changed = small.copy_and_resolve_references()
    changed.update_from_flattened_dict({key: value})
    state = Experiment.of(changed).state_shapes()
    assert lowered(Experiment.of(changed), state) != lowered(Experiment.of(small), state)


def test_pairs_are_augmented_alike_and_others_are_not(paired):
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), np.uint8)
    batch = {"image": image, "reference": image, "reference2": image, "position": np.arange(16, dtype=np.int32)}
    alike = Experiment.of(paired).prepare(batch)
    np.testing.assert_array_equal(alike["image"], alike["reference"])
    paired.data.pairing = "other"
    apart = Experiment.of(paired).prepare(batch)
    assert (np.asarray(apart["image"]) != np.asarray(apart["reference"])).any()


def test_a_return_to_an_earlier_state_changes_the_noise_and_nothing_else(small):
    experiment = Experiment.of(small)
    other = Experiment.of(small)
    other.config.seed = seed_after(small.seed, 2)
    assert lowered(experiment, rollbacks=2) == lowered(other)
    assert lowered(experiment, rollbacks=2) != lowered(experiment)
    assert lowered(experiment, rollbacks=0) == lowered(experiment)


def test_norms_are_kept_where_spikes_are_skipped_alone(small):
    guarded = small.copy_and_resolve_references()
    guarded.spike_factor = 5.0
    assert GRAD_NORMS not in Experiment.of(small).state_shapes().opt_state
    norms = Experiment.of(guarded).state_shapes().opt_state[GRAD_NORMS]
    assert {name: norm.shape for name, norm in norms.items()} == {"d": (64,), "g": (64,)}


def test_one_that_grows_is_as_large_as_the_images_seen_make_it():
    experiment = Experiment.of(load("drawn_faces_progan"))
    assert experiment.at(0.0).algorithm is experiment.algorithm
    assert experiment.at(0.08).algorithm is not experiment.algorithm
    assert experiment.at(0.08).at(0.0).algorithm is experiment.algorithm


def test_the_data_fill_in_domains_and_sizes(faces):
    config = fill(load("folder_semgan"), faces)
    assert config.data.domains == faces.domains
    assert [config.networks.semantic_heads[name] for name in SIZES] == [7, 5, 0, 0]
    other = fill(load("folder_semgan"), faces._replace(annotations={"boxes": np.zeros((16, 3, 4))}, names={"category": ("a", "b")}))
    assert [other.networks.semantic_heads[name] for name in SIZES] == [0, 0, 2, 3]


def test_without_data_what_a_config_leaves_open_is_assumed():
    config = fill(configs.load("configs/folder_semgan.py"))
    assert len(config.data.domains) == 2
    assert {name: config.networks.semantic_heads[name] for name in SIZES} == ASSUMED_SIZES
    named = fill(configs.load("configs/celeba_semgan.py"))
    assert named.data.domains == ("Male", "~Male")
    assert configs.load("configs/folder_semgan.py").data.domains == ()


@pytest.mark.parametrize("name", ["folder_semgan", "drawn_faces_spade", "horse2zebra_cut", "celeba_dcgan"])
def test_what_is_filled_in_is_what_the_table_says(name):
    config = configs.load(f"configs/{name}.py")
    before, after = configs.flatten(config), configs.flatten(fill(config))
    left_to_data = {key for key, value in before.items() if (row := setting_of(key)) and row.from_data and not value}
    assert {key for key in before if before[key] != after[key]} == left_to_data
    assert all(after[key] for key in left_to_data)


def test_shapes_are_those_of_the_loader_s_batches(faces):
    experiment = Experiment.of(load("drawn_faces_semgan"), faces)
    batch = make_batch(faces, np.arange(6), 0, "any", experiment.algorithm.annotations)
    assert {"mask", "landmarks", "attributes", "reference_attributes"} <= set(batch)
    assert experiment.batch_shapes(6) == {name: jax.ShapeDtypeStruct(each.shape, each.dtype) for name, each in batch.items()}


@pytest.mark.parametrize("name", ["quickstart", "folder_semgan", "celeba_semgan", "celeba_progan", "drawn_faces_cyclegan"])
def test_batches_have_all_that_a_step_needs(name):
    experiment = Experiment.of(configs.load(str(Path("configs") / f"{name}.py")))
    batch = experiment.batch_shapes(2)
    assert set(experiment.algorithm.annotations) <= set(batch)
    assert all(each.shape[0] == 2 for each in batch.values())
    assert set(experiment.prepared_shapes(2)) == set(batch)
