"""The exchange between devices in a step: the bytes that `semgan/training/step.py` averages, and how long that takes."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from semgan.data.shapes import BatchShapes
from semgan.planning.hardware import Hardware
from semgan.planning.traced import size
from semgan.types import Algorithm, Phase, TrainState

LINK_SHARE = 0.8
"""The share of a link's or the network's bandwidth that an all-reduce of large arrays attains: an assumption."""
HOP_SECONDS = 5e-6
"""Seconds of latency of one message between two devices: an assumption. An all-reduce takes 2 log2(devices) of them one after another."""


class PhaseBytes(NamedTuple):
    """The bytes that one phase averages over the devices; a lazy phase does so in one step of `every`."""

    name: str
    every: int
    gradients: int
    metrics: int
    model_state: int

    @property
    def total(self) -> int:
        """Bytes of a step that runs the phase."""
        return self.gradients + self.metrics + self.model_state


def all_reduce_bytes(algorithm: Algorithm, state: TrainState, prepared: BatchShapes) -> tuple[PhaseBytes, ...]:
    """Lists what each phase averages: gradients of the networks that it updates, floating metrics with the loss, floating model_state."""
    return tuple(_of_phase(phase, state, prepared) for phase in algorithm.phases)


def _of_phase(phase: Phase, state: TrainState, prepared: BatchShapes) -> PhaseBytes:
    def metrics_and_state(params, model_state, batch):
        loss, aux = phase.loss(params, model_state, batch, jax.random.key(0), jnp.float32(0))
        return dict(aux.metrics) | {"loss": loss.astype(jnp.float32)}, aux.model_state

    metrics, model_state = jax.eval_shape(metrics_and_state, state.params, state.model_state, prepared)
    gradients = sum(map(size, jax.tree.leaves([state.params[name] for name in phase.updates])))
    return PhaseBytes(phase.name, phase.every, gradients, _floating(metrics), _floating(model_state))


def _floating(tree) -> int:
    return sum(size(leaf) for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating))


def ring_bytes(count: float, devices: int) -> float:
    """Bytes that each device sends in a ring all-reduce of `count` bytes: 2 (n - 1) / n of them."""
    return 2 * (devices - 1) / devices * count


def seconds(phases: tuple[PhaseBytes, ...], devices: int, hardware: Hardware) -> float:
    """Seconds of a mean step's all-reduces: one after another, since each phase needs the result of the one before."""
    return sum(_all_reduce(phase.total, devices, hardware) / phase.every for phase in phases)


def _all_reduce(count: float, devices: int, hardware: Hardware) -> float:
    """Seconds of an all-reduce in two levels: over the links of an island, and each device's share over the network between islands."""
    if devices == 1:
        return 0.0
    island = min(devices, hardware.devices_per_island)
    islands = math.ceil(devices / island)
    inside = ring_bytes(count, island) / (LINK_SHARE * hardware.link_bandwidth)
    between = ring_bytes(count / island, islands) / (LINK_SHARE * hardware.network_bandwidth)
    return inside + between + 2 * math.ceil(math.log2(devices)) * HOP_SECONDS
