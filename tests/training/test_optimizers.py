"""Optimizers against plain NumPy, and the schedules at points worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import common
from semgan.errors import UserError
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.types import Phase


def phase(*updates, every=1):
    return Phase(f"{updates}{every}", updates, lambda *_: None, every)


def transform_of(*phases, total_kimg=100.0, **settings):
    phases = phases or (phase("generator"),)
    return make_transforms({"generator": common.optimizer(**settings)}, phases, total_kimg=total_kimg)["generator"]


def torch_adam(params, all_grads, rate, b1, b2, eps, weight_decay):
    """torch.optim.Adam as its documentation writes it: L2 joins the gradient, then bias-corrected moments."""
    first, second = np.zeros_like(params), np.zeros_like(params)
    for count, grads in enumerate(all_grads, start=1):
        grads = grads + weight_decay * params
        first = b1 * first + (1 - b1) * grads
        second = b2 * second + (1 - b2) * grads**2
        params = params - rate * (first / (1 - b1**count)) / (np.sqrt(second / (1 - b2**count)) + eps)
    return params


def run(transform, params, all_grads, kimg=0.0):
    update = jax.jit(lambda grads, state, params: transform.update(grads, state, params, kimg=jnp.float32(kimg)))
    state = transform.init(params)
    for grads in all_grads:
        updates, state = update(grads, state, params)
        params = params + updates
    return params


def first_step(transform, kimg):
    """With b1 = b2 = 0 Adam's update is the sign of the gradient: its size is the learning rate."""
    params = jnp.ones(())
    updates, _ = transform.update(params, transform.init(params), params, kimg=jnp.float32(kimg))
    return -float(updates)


@pytest.mark.parametrize("b1", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adam_with_coupled_l2_is_that_of_torch(b1, weight_decay):
    random = np.random.default_rng(0)
    params, grads = random.normal(size=7), random.normal(size=(5, 7))
    transform = transform_of(learning_rate=0.01, b1=b1, b2=0.99, weight_decay=weight_decay)
    found = run(transform, jnp.float32(params), jnp.float32(grads))
    np.testing.assert_allclose(found, torch_adam(params, grads, 0.01, b1, 0.99, 1e-8, weight_decay), rtol=2e-6)


def test_the_gradient_is_clipped_by_its_global_norm_before_l2_joins_it():
    grads, params = jnp.array([3.0, 4.0]), jnp.array([1.0, -1.0])
    transform = transform_of(learning_rate=0.5, clip_norm=1.0, weight_decay=0.1, eps=1.0)
    clipped = np.array([0.6, 0.8]) + 0.1 * np.array([1.0, -1.0])
    np.testing.assert_allclose(run(transform, params, [grads]), params - 0.5 * clipped / (np.abs(clipped) + 1), rtol=1e-5)


@pytest.mark.parametrize(("kimg", "rate"), [(0, 0), (1, 0.25), (4, 1), (40, 1), (70, 0.75), (100, 0.5), (200, 0.5)])
def test_rate_warms_up_holds_and_decays_with_the_images_seen(kimg, rate):
    settings = {"learning_rate": 1.0, "final_learning_rate": 0.5, "decay_start_kimg": 40.0, "warmup_kimg": 4.0}
    assert first_step(transform_of(b2=0.0, **settings), kimg) == pytest.approx(rate)


@pytest.mark.parametrize(("kimg", "rate"), [(0, 1), (40, 1), (50, 0.5 + 0.25 * (1 + np.sqrt(0.5))), (60, 0.75), (80, 0.5), (100, 0.5)])
def test_rate_falls_along_half_a_cosine_until_its_end(kimg, rate):
    settings = {"learning_rate": 1.0, "final_learning_rate": 0.5, "decay_start_kimg": 40.0, "decay_end_kimg": 80.0}
    assert first_step(transform_of(b2=0.0, decay_shape="cosine", **settings), kimg) == pytest.approx(rate)


@pytest.mark.parametrize(("kimg", "b2"), [(0, 0.9), (25, 0.945), (50, 0.99), (90, 0.99)])
def test_b2_follows_the_same_schedule(kimg, b2):
    random = np.random.default_rng(2)
    params, grads = random.normal(size=5), random.normal(size=(4, 5))
    transform = transform_of(learning_rate=0.01, b2=0.9, final_b2=0.99, decay_end_kimg=50.0)
    found = run(transform, jnp.float32(params), jnp.float32(grads), kimg=kimg)
    np.testing.assert_allclose(found, torch_adam(params, grads, 0.01, 0.0, b2, 1e-8, 0.0), rtol=1e-5)


def test_reset_starts_adam_anew_at_each_boundary():
    transform = transform_of(learning_rate=0.1, b1=0.5, b2=0.9, reset_kimg=2.0)
    params, state = jnp.ones(3), transform.init(jnp.ones(3))
    steps = []
    for kimg, grad in ((0.0, 1.0), (1.0, -3.0), (1.9, 2.0), (2.0, 5.0), (3.0, 1.0)):
        updates, state = transform.update(jnp.full(3, grad), state, params, kimg=jnp.float32(kimg))
        steps.append(float(updates[0]))
    before = np.diff(
        [0, *(torch_adam(np.zeros(1), np.array(grads)[:, None], 0.1, 0.5, 0.9, 1e-8, 0)[0] for grads in ([1], [1, -3], [1, -3, 2]))]
    )
    after = np.diff([0, *(torch_adam(np.zeros(1), np.array(grads)[:, None], 0.1, 0.5, 0.9, 1e-8, 0)[0] for grads in ([5], [5, 1]))])
    np.testing.assert_allclose(steps, [*before, *after], rtol=1e-5)


def test_rate_is_constant_by_default():
    transform = transform_of(learning_rate=0.5, b2=0.0)
    assert [first_step(transform, kimg) for kimg in (0, 50, 1000)] == pytest.approx([0.5] * 3)


def test_lazy_phases_scale_rate_and_betas():
    random = np.random.default_rng(1)
    params, grads = random.normal(size=5), random.normal(size=(4, 5))
    lazy = transform_of(phase("generator"), phase("generator", every=16), learning_rate=0.01, b1=0.5, b2=0.99)
    ratio = 16 / 17
    expected = torch_adam(params, grads, 0.01 * ratio, 0.5**ratio, 0.99**ratio, 1e-8, 0.0)
    np.testing.assert_allclose(run(lazy, jnp.float32(params), jnp.float32(grads)), expected, rtol=2e-6)


def test_a_network_that_only_lazy_phases_update_is_not_scaled():
    assert first_step(transform_of(phase("generator", every=4), learning_rate=0.5, b2=0.0), 0) == pytest.approx(0.5)


def test_ema_decay_halves_in_a_half_life_of_images_at_any_batch_size():
    for batch_size in (8, 50, 1000):
        assert ema_decay(1.0)(0.0, batch_size) ** (1000 / batch_size) == pytest.approx(0.5, rel=1e-5)


def test_ema_ramp_bounds_the_half_life_by_the_images_seen():
    decay = ema_decay(10.0, ramp=0.05)
    assert decay(0.0, 8) == 0  # the first average is the parameters themselves
    assert decay(20.0, 1000) == pytest.approx(0.5)  # half-life 0.05 x 20 = 1 kimg
    assert decay(1000.0, 10_000) == pytest.approx(0.5)


def test_ema_burn_in_raises_the_half_life_along_half_a_cosine():
    decay = ema_decay(2.0, burn_in_kimg=100.0)
    assert decay(0.0, 8) == 0
    assert decay(50.0, 1000) == pytest.approx(0.5)  # half of 2 kimg
    assert decay(300.0, 2000) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("optimizers", "message"),
    [
        ({}, r"config\.optimizers\.generator: missing"),
        ({"generator": {}, "generater": {}}, r"config\.optimizers\.generater: unknown; did you mean 'generator'\?"),
        ({"generator": {"lerning_rate": 1e-4}}, r"generator\.lerning_rate: unknown; did you mean 'learning_rate'\?"),
        ({"generator": {"learning_rate": 1e-4}}, r"config\.optimizers\.generator\.\w+: missing"),
        ({"generator": common.optimizer().to_dict() | {"b2": 1.0}}, r"config\.optimizers\.generator\.b2: 1\.0 is outside"),
        ({"generator": common.optimizer().to_dict() | {"eps": "x"}}, r"config\.optimizers\.generator\.eps: 'x' is not a finite"),
        ({"generator": common.optimizer(decay_shape="cos")}, r"generator\.decay_shape: 'cos' is unknown; use 'linear' or 'cosine'"),
        ({"generator": common.optimizer(final_b2=1.0)}, r"generator\.final_b2: 1\.0 is outside"),
        ({"generator": common.optimizer(learning_rate=-1.0)}, r"config\.optimizers\.generator\.learning_rate: -1\.0 is negative"),
    ],
)
def test_bad_settings_are_named_by_their_key(optimizers, message):
    with pytest.raises(UserError, match=message):
        make_transforms(optimizers, (phase("generator"),), total_kimg=1.0)
