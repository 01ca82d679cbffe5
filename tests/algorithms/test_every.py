"""What every algorithm has to do in its `drawn_faces` experiment, made small: step on one device and on two, resume exactly, sample."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.common import shrink
from semgan import algorithms
from semgan import config as configs
from semgan.data.augment import STREAMS, to_float
from semgan.training.checkpoints import Checkpoints
from semgan.training.experiment import Experiment
from semgan.training.parallel import axis_name, parallelize

NAMES = sorted({path.stem.removeprefix("drawn_faces_") for path in Path("configs").glob("drawn_faces_*.py")} - {"fastcut"})
"""One for each algorithm: FastCUT is CUT with other weights."""
DEPEND_ON_THE_DEVICE_COUNT = {"progan", "stylegan2"}
"""By the minibatch standard deviation, whose groups stay inside a device."""
SPEAK_TO_OTHER_DEVICES = {"dcgan", "cyclegan"}
"""Inside their losses: batch norms, image pool. For the others, and for SPADE, whose batch norms are DCGAN's, two devices are a slow
test (what StyleGAN2 controls is tested on eight devices by itself)."""
SIZES = {"stylegan2": 8}
"""Where 16 px are not needed: fewer resolutions, and so less to compile."""
SHALLOW = {"layers": 2, "scales": 1}
"""The most of each that a network has here: one more is the same again."""
BATCH = 4


class Small:
    """An algorithm with its compiled step on one device."""

    def __init__(self, name):
        config = shrink(configs.load(f"configs/drawn_faces_{name}.py"))
        config.batch_size = BATCH
        config.image_size = SIZES.get(name, config.image_size)
        config.data.domains = config.data.domains or ("shaded", "ink")
        for network in config.networks.values():
            network.update({key: min(network[key], most) for key, most in SHALLOW.items() if key in network})
        self.config, self.experiment = config, Experiment.of(config)
        self.algorithm, self.first = self.experiment.algorithm, self.experiment.initial()
        self.step = self.compiled(jax.devices()[:1])

    def compiled(self, devices, kimg=0.0):
        return parallelize(self.experiment.at(kimg).step(axis_name=axis_name(devices)), devices)

    def batch(self, step):
        draw, size = np.random.default_rng(step), self.config.image_size
        images = {key: draw.integers(0, 256, (BATCH, size, size, 3), np.uint8) for key in ("image", "reference", "reference2")}
        domain = np.arange(BATCH, dtype=np.int32) % 2
        position = np.arange(BATCH, dtype=np.int32) + BATCH * step
        images |= {name: self._annotation(draw, name, len(columns)) for name, columns in self.algorithm.annotations.items()}
        return images | {"domain": domain, "target_domain": 1 - domain, "position": position}

    def _annotation(self, draw, name, columns):
        if name.endswith("mask"):
            return draw.integers(0, 7, (BATCH, self.config.image_size, self.config.image_size), np.uint8)
        return draw.random((BATCH, 5, 2), np.float32) if name == "landmarks" else draw.integers(0, 2, (BATCH, columns), np.int8)


def test_every_algorithm_has_a_small_experiment():
    assert {configs.read(f"configs/drawn_faces_{name}.py").algorithm for name in NAMES} == set(algorithms.names())


@pytest.fixture(scope="module", params=NAMES)
def small(request):
    return Small(request.param)


@pytest.fixture
def two_devices(small, request):
    """Compiled on two devices, where that is not left to `-m slow`."""
    if small.config.algorithm not in SPEAK_TO_OTHER_DEVICES and "not slow" in request.config.option.markexpr:
        pytest.skip("slow: run with -m slow or -m ''")
    return small.compiled(jax.devices()[:2])


@pytest.fixture(scope="module")
def stepped(small):
    """Host copies of the state after each of two steps, and their metrics."""
    state, states, metrics = small.first(), [], []
    for step in range(2):
        state, measured = small.step(state, small.batch(step))
        states.append(jax.device_get(state))
        metrics.append(jax.device_get(measured))
    return states, metrics


def test_no_two_networks_begin_with_the_same_weights(small):
    """Two of one kind, such as the generators there and back, each have a key of their own."""
    owners = {}
    for name, network in small.first().params.items():
        for leaf in map(np.asarray, jax.tree.leaves(network)):
            if np.ptp(leaf):  # scales and biases begin alike everywhere
                assert owners.setdefault(leaf.tobytes(), name) == name


def test_steps_move_all_that_phases_update_and_nothing_is_skipped(small, stepped):
    (first, second), metrics = stepped
    assert int(second.skipped) == 0
    assert all(np.isfinite(value) for value in metrics[0].values())  # lazy phases run in step 0
    for name in {name for phase in small.algorithm.phases for name in phase.updates}:
        moved = [(a != b).any() for a, b in zip(*map(jax.tree.leaves, (first.params[name], second.params[name])), strict=True)]
        assert any(moved), name


def test_resume_equals_the_uninterrupted_run_bit_for_bit(small, stepped, tmp_path):
    states, _ = stepped
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(states[0], {})
    checkpoints.wait()
    restored = checkpoints.restore(jax.eval_shape(small.first)).state
    resumed, _ = small.step(restored, small.batch(1))
    for found, expected in zip(*map(jax.tree.leaves, (jax.device_get(resumed), states[1])), strict=True):
        np.testing.assert_array_equal(found, expected, strict=True)


def test_resume_inside_a_fade_equals_the_uninterrupted_run_bit_for_bit(tmp_path):
    small = Small("progan")
    position = 14 * BATCH  # half of the fade to 16 px
    assert "16 px, fading in at 0.50" in small.algorithm.stages.describe(position / 1000)
    step = small.compiled(jax.devices()[:1], position / 1000)
    state, _ = step(small.first()._replace(step=jnp.int32(14), position=jnp.int32(position)), small.batch(14))
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(jax.device_get(state), {})
    checkpoints.wait()
    uninterrupted, _ = step(state, small.batch(15))
    resumed, _ = step(checkpoints.restore(jax.eval_shape(small.first)).state, small.batch(15))
    assert float(resumed.model_state["growing"]["kimg"]) == pytest.approx((position + BATCH) / 1000)
    for found, expected in zip(*map(jax.tree.leaves, jax.device_get((resumed, uninterrupted))), strict=True):
        np.testing.assert_array_equal(found, expected, strict=True)


def test_two_devices_take_the_same_step(small, stepped, two_devices):
    states, metrics = stepped
    state, measured = two_devices(small.first(), small.batch(0))
    assert int(state.skipped) == 0
    if small.config.algorithm in DEPEND_ON_THE_DEVICE_COUNT:
        return
    for name, value in measured.items():
        np.testing.assert_allclose(value, metrics[0][name], rtol=2e-3, atol=1e-4, err_msg=name)
    for found, expected in zip(*map(jax.tree.leaves, (state.model_state, states[0].model_state)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)  # an image in the pool has been through an update


def test_samples_are_whole_pictures_made_from_what_a_snapshot_keeps(small, stepped):
    states, _ = stepped
    kept = {name: states[1].model_state[name] for name in small.algorithm.kept}
    batch = {name: to_float(value) if name in STREAMS else value for name, value in small.batch(0).items()}
    samples = jax.jit(small.algorithm.sample)(states[1].ema_params, kept, batch, jax.random.key(0))
    assert samples.keys() in ({"sample"}, {"translated"}, {"reference", "latent"})
    for images in samples.values():
        assert images.shape == small.batch(0)["image"].shape
        assert jnp.isfinite(images).all()
