"""The update step on a toy whose every number can be worked out by hand: `a` follows the data, `b` follows `a`, `c` is fixed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from semgan.training.optimizers import ema_decay
from semgan.training.state import init_state, parameter_counts
from semgan.training.step import _is_spike, first_norms, make_step
from semgan.types import Algorithm, Aux, Phase

RATE = 0.1
NORMS_NEEDED, NORMS_REMEMBERED = 16, 64
"""Before a gradient norm is compared with them, as the spike guard has it."""


def follow_data(params, model_state, batch, rng, kimg):
    """Gradient: a - mean(x)."""
    seen = model_state["seen"] + batch["x"].shape[0]
    error = params["a"]["w"] - batch["x"]
    return 0.5 * (error**2).mean(), Aux({"kimg": kimg, "draw": jax.random.uniform(rng)}, {"seen": seen})


def follow_a(params, model_state, batch, rng, kimg):
    """Gradient: b - a, as `a` stands after the first phase; `c` takes part and is not trained."""
    loss = 0.5 * ((params["b"]["w"] - params["a"]["w"]) ** 2).sum() + params["c"]["w"].sum()
    return loss, Aux({"draw": jax.random.uniform(rng)}, model_state)


def toy(lazy: int = 1) -> Algorithm:
    def init(rng, batch):
        return {"a": {"w": jnp.array([1.0])}, "b": {"w": jnp.array([0.0])}, "c": {"w": jnp.array([0.1])}}, {"seen": jnp.int32(0)}

    phases = (Phase("first", ("a",), follow_data), Phase("second", ("b",), follow_a, every=lazy))
    return Algorithm(init, phases, sample=lambda *_: {}, averaged=("a",), networks={})


SGD = {name: optax.with_extra_args_support(optax.sgd(RATE)) for name in ("a", "b")}


def batch_of(*values):
    return {"x": np.array(values, np.float32), "position": np.arange(len(values), dtype=np.int32)}


def start(algorithm, transforms=SGD, **settings):
    settings = {"seed": 7, "ema_decay": ema_decay(0.0)} | settings
    guarded = bool(settings.get("spike_factor"))
    state = init_state(algorithm, transforms, jax.random.key(0), batch_of(0.0), guarded)
    return jax.jit(make_step(algorithm, transforms, **settings)), state


@pytest.fixture(scope="module")
def plain():
    """The step of the eager toy, compiled once, with a half-life of 4 images."""
    return start(toy(), ema_decay=ema_decay(0.004))


def assert_same_bits(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_a_phase_sees_what_the_phase_before_it_updated(plain):
    step, state = plain
    state, _ = step(state, batch_of(2.0, 4.0))
    assert state.params["a"]["w"] == pytest.approx(1 - RATE * (1 - 3))  # 1.2
    assert state.params["b"]["w"] == pytest.approx(0 - RATE * (0 - 1.2))
    assert (state.step, state.position, state.skipped) == (1, 2, 0)
    assert (state.step.dtype, state.position.dtype, state.skipped.dtype) == (jnp.int32,) * 3


def test_networks_outside_every_phase_keep_their_bits(plain):
    step, state = plain
    after, _ = step(state, batch_of(2.0, 4.0))
    assert_same_bits(after.params["c"], state.params["c"])
    assert set(after.opt_state) == {"a", "b"}


def test_metrics_are_named_by_phase_and_float32(plain):
    step, state = plain
    state, _ = step(state, batch_of(2.0, 4.0))
    state, metrics = step(state, batch_of(2.0, 4.0))
    terms = {"first/loss", "first/grad_norm", "first/kimg", "first/draw", "second/loss", "second/grad_norm", "second/draw"}
    assert set(metrics) == terms | {"skipped"}
    assert all(value.dtype == jnp.float32 and value.shape == () for value in metrics.values())
    assert metrics["first/loss"] == pytest.approx(0.5 * (0.8**2 + 2.8**2) / 2)
    assert metrics["first/grad_norm"] == pytest.approx(1.8)
    assert metrics["first/kimg"] == pytest.approx(2 / 1000)


def test_draws_come_from_seed_step_and_phase(plain):
    step, state = plain
    state, _ = step(state, batch_of(2.0, 4.0))
    _, metrics = step(state, batch_of(2.0, 4.0))
    for index, phase in enumerate(("first", "second")):
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(7), 1), index)
        assert metrics[f"{phase}/draw"] == jax.random.uniform(key)


def test_average_gets_half_way_in_one_half_life(plain):
    step, state = plain  # 4 images: two steps of two; `a` stays where it is, as its gradient is 0
    state = state._replace(params=state.params | {"a": {"w": jnp.array([3.0])}})
    averages = []
    for _ in range(2):
        state, _ = step(state, batch_of(2.0, 4.0))
        averages.append(float(state.ema_params["a"]["w"][0]))
    assert averages == pytest.approx([3 - 2 * 0.5**0.5, 2])  # from 1 to 3
    assert set(state.ema_params) == {"a"}


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e25])
def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(plain, poison):
    step, state = plain
    state, _ = step(state, batch_of(2.0, 4.0))
    after, metrics = step(state, batch_of(2.0, poison))
    for name in ("params", "ema_params", "model_state", "opt_state"):
        assert_same_bits(getattr(after, name), getattr(state, name))
    assert (after.step, after.position, after.skipped, metrics["skipped"]) == (2, 4, 1, 1)
    again, metrics = step(after, batch_of(2.0, 4.0))
    assert again.params["a"]["w"] > state.params["a"]["w"]
    assert (again.skipped, metrics["skipped"]) == (1, 0)


def test_a_spike_of_a_gradient_s_norm_is_skipped_until_it_is_usual():
    """The norm is |a - x|, and `a` hardly moves: ten times the usual one is a spike until half of the window is like it."""
    transforms = {name: optax.with_extra_args_support(optax.sgd(0.0)) for name in ("a", "b")}
    step, state = start(toy(), transforms, spike_factor=4.0)
    state, _ = step(state, batch_of(101.0))  # too early to tell
    for _ in range(NORMS_NEEDED):
        state, metrics = step(state, batch_of(2.0))
        assert not metrics["skipped"]
    before = state
    state, metrics = step(state, batch_of(11.0))
    assert metrics["skipped"] == 1
    assert_same_bits(state.opt_state["a"], before.opt_state["a"])
    assert (state.step, state.skipped) == (before.step + 1, 1)
    assert not step(state, batch_of(4.0))[1]["skipped"]  # three times the usual
    skipped = []
    for _ in range(20):
        state, metrics = step(state, batch_of(11.0))
        skipped.append(bool(metrics["skipped"]))
    assert skipped == sorted(skipped, reverse=True)
    assert skipped[0]
    assert not skipped[-1]


def test_norms_that_are_not_finite_do_not_count_as_usual():
    assert {name: norms.shape for name, norms in first_norms(toy()).items()} == dict.fromkeys(("first", "second"), (NORMS_REMEMBERED,))
    assert not _is_spike(jnp.float32(100), jnp.full(64, jnp.nan).at[: NORMS_NEEDED - 1].set(1.0), 2.0)
    assert _is_spike(jnp.float32(100), jnp.full(64, jnp.inf).at[:NORMS_NEEDED].set(1.0), 2.0)


def test_a_later_phase_that_is_not_finite_undoes_the_earlier_ones():
    step, state = start(toy())
    state = state._replace(params=state.params | {"c": {"w": jnp.array([jnp.inf])}})
    after, metrics = step(state, batch_of(2.0, 4.0))
    assert jnp.isfinite(metrics["first/loss"])
    assert not jnp.isfinite(metrics["second/loss"])
    assert_same_bits(after.params, state.params)
    assert after.skipped == 1


@pytest.mark.parametrize("every", [2, 3])
def test_a_lazy_phase_runs_every_kth_step_and_its_absence_is_no_fault(every):
    step, state = start(toy(lazy=every))
    ran = []
    for _ in range(6):
        before = state
        state, metrics = step(state, batch_of(2.0, 4.0))
        ran.append(bool(jnp.isfinite(metrics["second/loss"])))
        assert ran[-1] == bool(state.params["b"]["w"] != before.params["b"]["w"])
        assert state.params["a"]["w"] != before.params["a"]["w"]
    assert ran == ([True] + [False] * (every - 1)) * (6 // every)
    assert state.skipped == 0


def test_micro_batches_add_up_to_the_whole_batch(plain):
    whole, state = plain
    parts, _ = start(toy(), ema_decay=ema_decay(0.004), accumulate=2)
    batch = batch_of(2.0, 4.0, -1.0, 8.0)
    expected, metrics = whole(state, batch)
    found, part_metrics = parts(state, batch)
    assert jax.tree.all(jax.tree.map(lambda x, y: np.allclose(x, y, rtol=1e-6), (found, part_metrics), (expected, metrics)))
    assert found.model_state["seen"] == 4  # handed from the first micro-batch to the second


def test_micro_batches_are_cut_in_order_whatever_the_shape_of_an_example():
    def loss(params, model_state, batch, rng, kimg):
        assert batch["pairs"].shape == (2, 3, 2)
        return params["a"]["w"].sum(), Aux({}, {"seen": 10 * model_state["seen"] + batch["pairs"][1, 2, 1].astype(jnp.int32)})

    step, state = start(toy()._replace(phases=(Phase("only", ("a",), loss),)), accumulate=2)
    pairs = np.broadcast_to(np.arange(1, 5, dtype=np.float32)[:, None, None], (4, 3, 2))
    after, _ = step(state, {"pairs": pairs, "position": np.arange(4, dtype=np.int32)})
    assert after.model_state["seen"] == 24  # the second example ends the first micro-batch, the fourth the second


def test_the_batch_is_prepared_before_any_phase():
    step, state = start(toy(), prepare=lambda batch: batch | {"x": batch["x"] + 1})
    state, _ = step(state, batch_of(1.0, 3.0))
    assert state.params["a"]["w"] == pytest.approx(1.2)


def test_every_leaf_of_the_first_state_has_its_own_buffer():
    def init(rng, batch):
        shared = jnp.zeros(3)
        return {"a": {"w": shared, "v": shared}, "b": {"w": shared}}, {}

    state = init_state(toy()._replace(init=init), SGD, jax.random.key(0), batch_of(0.0))
    pointers = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(state)]
    assert len(set(pointers)) == len(pointers)
    assert parameter_counts(state.params) == {"a": 6, "b": 3}
