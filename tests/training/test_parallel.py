"""The same step on any number of devices."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import common
from semgan.errors import UserError
from semgan.training.checkpoints import Checkpoints
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.training.parallel import axis_name, check_batch, parallelize
from semgan.training.state import init_state
from semgan.training.step import make_step
from semgan.types import Algorithm, Aux, Phase

BATCH_SIZE = 16
TRACES = []


def regress(network, params, model_state, batch, rng, kimg):
    """`model` fits noisy targets; the noise belongs to an example, wherever it is computed. `critic` fits the model's output."""
    TRACES.append(network)
    keys = jax.vmap(partial(jax.random.fold_in, rng))(batch["position"])
    noise = jax.vmap(lambda key: jax.random.normal(key, (3,)))(keys)
    output = batch["x"] @ params["model"]["w"]
    error = output - noise if network == "model" else output @ params["critic"]["w"] - 1
    statistics = {"mean": 0.5 * model_state["mean"] + 0.5 * batch["x"].mean(), "count": model_state["count"] + 1}
    return (error**2).mean(), Aux({"error": jnp.abs(error).mean()}, statistics)


def init(rng, batch):
    params = {"model": {"w": jax.random.normal(rng, (3, 3))}, "critic": {"w": jnp.ones((3, 2))}}
    return params, {"mean": jnp.zeros(()), "count": jnp.int32(0)}


ALGORITHM = Algorithm(
    init=init,
    phases=(
        Phase("model", ("model",), partial(regress, "model")),
        Phase("lazy", ("model",), partial(regress, "model"), every=2),
        Phase("critic", ("critic",), partial(regress, "critic")),
    ),
    sample=lambda *_: {},
    averaged=("model",),
    networks={},
)
# The large eps makes an update proportional to its gradient: with Adam's usual one, every gradient would become a sign.
OPTIMIZERS = {name: common.optimizer(learning_rate=0.1, eps=1.0, weight_decay=0.01) for name in ("model", "critic")}
TRANSFORMS = make_transforms(OPTIMIZERS, ALGORITHM.phases, total_kimg=1.0)


def batch_at(step):
    random = np.random.default_rng(step)
    position = np.arange(BATCH_SIZE, dtype=np.int32) + BATCH_SIZE * step
    return {"x": random.normal(size=(BATCH_SIZE, 3)).astype(np.float32), "position": position}


def first_state():
    return init_state(ALGORITHM, TRANSFORMS, jax.random.key(1), batch_at(0))


def parallel_step(device_count, accumulate=1):
    devices = jax.devices()[:device_count]
    decay = ema_decay(0.05)
    step = make_step(ALGORITHM, TRANSFORMS, seed=3, ema_decay=decay, accumulate=accumulate, axis_name=axis_name(devices))
    return parallelize(step, devices)


@pytest.fixture(scope="module")
def one_device():
    return parallel_step(1)


@pytest.fixture(scope="module")
def expected(one_device):
    """Three steps on one device."""
    state = first_state()
    for step in range(3):
        state, metrics = one_device(state, batch_at(step))
    return jax.device_get((state, metrics))


@pytest.mark.parametrize(("device_count", "accumulate"), [(2, 1), (4, 1), (8, 1), (8, 2)])
@pytest.mark.filterwarnings("error")
def test_any_number_of_devices_takes_the_same_steps(expected, device_count, accumulate):
    """Three steps to 2e-6 relative, 1e-6 absolute: float32 sums in another order."""
    run, state = parallel_step(device_count, accumulate), first_state()
    TRACES.clear()
    for step in range(3):
        state, metrics = run(state, batch_at(step))
    assert len(TRACES) == len(ALGORITHM.phases)  # compiled once, not again for the state's second placement
    assert state.step.sharding.is_fully_replicated
    found, (expected_state, expected_metrics) = jax.device_get(state), expected
    close = partial(np.testing.assert_allclose, rtol=2e-6, atol=1e-6)
    for name in ("step", "position", "params", "ema_params", "opt_state", "skipped"):
        jax.tree.map(close, getattr(found, name), getattr(expected_state, name))
    jax.tree.map(close, jax.device_get(metrics), expected_metrics)
    if accumulate == 1:  # a running mean over more, smaller micro-batches is another mean
        jax.tree.map(close, found.model_state, expected_state.model_state)


def test_a_run_goes_on_over_fewer_and_fewer_devices(expected, one_device, tmp_path):
    """Eight, four, two and one take a step each; between them the state goes through a checkpoint, to the same bits."""
    kept, state = Checkpoints(tmp_path), first_state()
    for step, device_count in enumerate((8, 4, 2)):
        state, _ = parallel_step(device_count)(state, batch_at(step))
        saved = jax.device_get(state)
        kept.save(state, {})
        restored = kept.restore(saved)
        assert restored is not None
        jax.tree.map(np.testing.assert_array_equal, restored.state, saved)
        state = restored.state
    jax.tree.map(partial(np.testing.assert_allclose, rtol=2e-6, atol=1e-6), state, expected[0])
    state, metrics = one_device(state, batch_at(3))
    assert (int(state.step), int(state.position), metrics["skipped"]) == (4, 4 * BATCH_SIZE, 0)


def test_the_state_is_donated_and_host_arrays_are_left_alone(one_device):
    placed = first_state()
    host = jax.tree.map(np.array, placed)
    kept = jax.tree.map(np.copy, host)
    state, _ = one_device(placed, batch_at(0))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(placed))
    again, _ = one_device(host, batch_at(0))
    jax.tree.map(np.testing.assert_array_equal, state, again)
    jax.tree.map(np.testing.assert_array_equal, host, kept)


def test_a_nan_on_one_device_holds_all_devices_back():
    batch = batch_at(0)
    batch["x"][-1] = np.nan
    before = jax.device_get(first_state())
    after, metrics = parallel_step(4)(first_state(), batch)
    assert (metrics["skipped"], after.skipped, after.position) == (1, 1, BATCH_SIZE)
    for name in ("params", "ema_params", "model_state", "opt_state"):
        jax.tree.map(np.testing.assert_array_equal, getattr(after, name), getattr(before, name))


def test_axis_name_only_where_there_is_more_than_one_device():
    assert axis_name(jax.devices()[:1]) is None
    assert axis_name(jax.devices()[:2]) == "data"


def test_a_batch_that_does_not_divide_is_refused_with_sizes_that_do():
    with pytest.raises(UserError, match=r"config\.batch_size: 8 does not divide over 3 device.* such as 6 or 9"):
        check_batch(8, 3)
    with pytest.raises(UserError, match=r"multiple of 16, such as 16 or 32"):
        check_batch(8, 8, accumulate=2)
    with pytest.raises(UserError, match=r"config\.accumulate: 0"):
        check_batch(8, 1, accumulate=0)
    check_batch(48, 8, accumulate=3)


def test_a_host_batch_that_does_not_divide_is_refused_before_compiling():
    TRACES.clear()
    with pytest.raises(UserError, match=r"16 examples do not divide over 3 devices"):
        parallel_step(3)(first_state(), batch_at(0))
    assert not TRACES
