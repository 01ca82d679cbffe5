"""The only update code: from an algorithm and its optimizers to one pure training step.

A step runs the algorithm's phases in order. Each differentiates its loss with respect to the networks that it updates and
no others, averages over micro-batches and devices, and applies those networks' optimizers; the next phase sees the result.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Bool

from semgan.types import Algorithm, Batch, Key, Metrics, ModelState, Params, Phase, Scalar, TrainState

Transforms = Mapping[str, optax.GradientTransformationExtraArgs]
Step = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


GRAD_NORMS = "grad_norms"
"""The key of `opt_state` that holds each phase's last gradient norms, where there is a spike guard."""
_WINDOW, _LEAST = 64, 16
"""Norms that the running median is taken over, and how many of them it needs."""


class _Carry(NamedTuple):
    """The values that the phases of one step hand on; `fine` while no loss or norm was not finite or, with a guard, a spike."""

    params: Params
    model_state: ModelState
    opt_state: dict
    fine: Bool[jax.Array, ""]


def make_step(
    algorithm: Algorithm,
    transforms: Transforms,
    *,
    seed: int,
    ema_decay: Callable[[Scalar, int], Scalar],
    prepare: Callable[[Batch], Batch] = lambda batch: batch,
    accumulate: int = 1,
    axis_name: str | None = None,
    spike_factor: float = 0.0,
) -> Step:
    """`step(state, batch) -> (state, metrics)`, pure and ready for `parallelize`.

    Args:
      algorithm: its phases are run in order; phase i draws from `fold_in(fold_in(key(seed), step), i)`, equal on all devices
        and micro-batches: losses fold in each example's `position`.
      transforms: an optimizer per updated network, called with `kimg`, the thousands of images seen before this step.
      ema_decay: `(kimg, global batch size) -> decay` of the averaged networks.
      prepare: runs once on this device's share of the batch, before any phase (augmentation).
      accumulate: micro-batches that this share is cut into, in order; gradients, losses and metrics are their means, and
        `model_state` passes from one to the next.
      axis_name: the mapped axis of the devices, or None on a single device.
      spike_factor: a gradient norm above this many times the median of its phase's last ones is a spike; 0: none is. For a state that has
        `first_norms`.

    The metrics are float32 and equal on all devices: `PHASE/TERM`, `PHASE/loss`, `PHASE/grad_norm` (global norm over the
    networks of the phase, before clipping; NaN, as the others, in a step that a lazy phase sits out) and `skipped`.

    The floating leaves of the `model_state` that a loss returns are averaged over the devices (running statistics,
    controllers); its integer leaves must already be equal on all of them.

    A step in which any phase's loss or gradient norm is not finite on any device, or is a spike, leaves everything as it was but `step`,
    `position`, `skipped` and the norms. A norm past float32's range (1.8e19) counts as not finite: Adam's second moments would overflow.
    """

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        batch = prepare(batch)
        kimg = state.position.astype(jnp.float32) / 1000
        step_key = jax.random.fold_in(jax.random.key(seed), state.step)
        carry = _Carry(state.params, state.model_state, state.opt_state, jnp.array(True))
        metrics: Metrics = {}
        for index, phase in enumerate(algorithm.phases):
            run = _phase_update(phase, transforms, batch, jax.random.fold_in(step_key, index), kimg, accumulate, axis_name, spike_factor)
            carry, phase_metrics = run(carry) if phase.every == 1 else _every(phase.every, run, state.step, carry)
            metrics |= phase_metrics

        batch_size = jax.tree.leaves(batch)[0].shape[0] * (lax.axis_size(axis_name) if axis_name else 1)
        decay = ema_decay(kimg, batch_size)
        averaged = {name: carry.params[name] for name in algorithm.averaged}
        ema_params = jax.tree.map(lambda new, old: new + decay * (old - new), averaged, state.ema_params)
        return _next_state(state, carry, ema_params, batch_size), metrics | {"skipped": (~carry.fine).astype(jnp.float32)}

    return step


def _next_state(state: TrainState, carry: _Carry, ema_params: Params, batch_size: int) -> TrainState:
    """The state after the phases; after a step that was not fine, the one before it but for the counters and the gradient norms."""
    before = (state.params, state.ema_params, state.model_state, state.opt_state)
    updated = (carry.params, ema_params, carry.model_state, carry.opt_state)
    params, ema_params, model_state, opt_state = jax.tree.map(lambda new, old: jnp.where(carry.fine, new, old), updated, before)
    if GRAD_NORMS in carry.opt_state:
        opt_state[GRAD_NORMS] = carry.opt_state[GRAD_NORMS]  # so that norms which have risen for good become usual
    return TrainState(
        step=state.step + 1,
        position=state.position + batch_size,
        params=params,
        ema_params=ema_params,
        model_state=model_state,
        opt_state=opt_state,
        skipped=state.skipped + ~carry.fine,
    )


def _phase_update(
    phase: Phase,
    transforms: Transforms,
    batch: Batch,
    rng: Key,
    kimg: Scalar,
    accumulate: int,
    axis_name: str | None,
    spike_factor: float,
) -> Callable[[_Carry], tuple[_Carry, Metrics]]:
    """Returns one phase as `carry -> (carry, metrics)`: its averaged gradients, then the updates of its networks' optimizers."""

    def run(carry: _Carry) -> tuple[_Carry, Metrics]:
        phase_params = {name: carry.params[name] for name in phase.updates}

        def loss(phase_params, model_state, batch):
            value, aux = phase.loss(carry.params | phase_params, model_state, batch, rng, kimg)
            return value.astype(jnp.float32), aux

        gradient = jax.value_and_grad(loss, has_aux=True)
        grads, metrics, model_state = _mean_gradients(gradient, phase_params, carry.model_state, batch, accumulate)
        if axis_name:
            grads, metrics, model_state = _mean_over_devices((grads, metrics, model_state), axis_name)
        metrics = metrics | {"grad_norm": optax.tree.norm(grads)}
        # One scalar stands for all gradients: the sum of squares is finite only if each of them is.
        fine = carry.fine & jnp.isfinite(metrics["loss"]) & jnp.isfinite(metrics["grad_norm"])

        params, opt_state = dict(carry.params), dict(carry.opt_state)
        if spike_factor:
            norms = opt_state[GRAD_NORMS][phase.name]
            fine &= ~_is_spike(metrics["grad_norm"], norms, spike_factor)
            opt_state[GRAD_NORMS] = opt_state[GRAD_NORMS] | {phase.name: jnp.append(norms[1:], metrics["grad_norm"])}
        for name in phase.updates:
            updates, opt_state[name] = transforms[name].update(grads[name], opt_state[name], phase_params[name], kimg=kimg)
            params[name] = optax.apply_updates(phase_params[name], updates)
        metrics = {f"{phase.name}/{term}": jnp.asarray(value, jnp.float32) for term, value in metrics.items()}
        return _Carry(params, model_state, opt_state, fine), metrics

    return run


def first_norms(algorithm: Algorithm) -> dict[str, jax.Array]:
    """The value of `opt_state[GRAD_NORMS]` before the first step: no norms, by phase."""
    return {phase.name: jnp.full(_WINDOW, jnp.nan) for phase in algorithm.phases}


def _is_spike(norm: Scalar, norms: jax.Array, factor: float) -> Bool[jax.Array, ""]:
    """Returns whether the norm is above `factor` times the median of the finite ones before it; never while these are few."""
    finite_norms = jnp.where(jnp.isfinite(norms), norms, jnp.nan)
    return (jnp.isfinite(finite_norms).sum() >= _LEAST) & (norm > factor * jnp.nanmedian(finite_norms))


def _every(every: int, run: Callable, step: jax.Array, carry: _Carry) -> tuple[_Carry, Metrics]:
    """Runs a lazy phase in steps 0, every, 2 every, ...; in the others it costs nothing and its metrics are NaN."""
    run = jax.jit(run)  # so that the loss is traced once for the two uses
    metrics = jax.eval_shape(run, carry)[1]

    def sit_out(carry: _Carry) -> tuple[_Carry, Metrics]:
        return carry, {name: jnp.full(value.shape, jnp.nan, value.dtype) for name, value in metrics.items()}

    return lax.cond(step % every == 0, run, sit_out, carry)


def _mean_gradients(gradient: Callable, phase_params: Params, model_state: ModelState, batch: Batch, accumulate: int):
    """Mean gradients and metrics (with "loss") over the micro-batches, and the last one's `model_state`."""
    if accumulate == 1:
        (loss, aux), grads = gradient(phase_params, model_state, batch)
        return grads, dict(aux.metrics) | {"loss": loss}, aux.model_state

    def add(carry, micro_batch):
        total, model_state = carry
        (loss, aux), grads = gradient(phase_params, model_state, micro_batch)
        return (jax.tree.map(jnp.add, total, grads), aux.model_state), dict(aux.metrics) | {"loss": loss}

    micro_batches = jax.tree.map(lambda x: x.reshape(accumulate, -1, *x.shape[1:]), dict(batch))
    zeros = jax.tree.map(jnp.zeros_like, phase_params)
    (total, model_state), metrics = lax.scan(add, (zeros, model_state), micro_batches)
    return jax.tree.map(lambda x: x / accumulate, total), jax.tree.map(lambda x: x.mean(0), metrics), model_state


def _mean_over_devices(tree, axis_name: str):
    """The floating leaves' means over the devices; the others are equal there already."""
    leaves, structure = jax.tree.flatten(tree)
    floating = [jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves]
    means = iter(lax.pmean([leaf for leaf, mean in zip(leaves, floating, strict=True) if mean], axis_name))
    return structure.unflatten([next(means) if mean else leaf for leaf, mean in zip(leaves, floating, strict=True)])
