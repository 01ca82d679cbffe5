"""Distributes the step over devices, of which no other file knows: compiled for one, or mapped over all devices of all processes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

from semgan.errors import UserError
from semgan.training.step import Step
from semgan.types import Metrics, TrainState

AXIS_NAME = "data"

Devices = Sequence[Any]
"""Elements are `jax.Device`, which type checkers take for a variable."""
HostBatch = Mapping[str, np.ndarray]
"""This process's share of the global batch; the arrays share their first axis."""


def axis_name(devices: Devices | None = None) -> str | None:
    """The `axis_name` of `make_step` for these devices (None: all): nothing is mapped on a single one."""
    return AXIS_NAME if len(devices or jax.devices()) > 1 else None


def parallelize(step: Step, devices: Devices | None = None) -> Callable[[TrainState, HostBatch], tuple[TrainState, Metrics]]:
    """`(state, host_batch) -> (state, metrics)`, compiled at the first call; the state given is donated: use the one returned.

    `step` was made with `axis_name(devices)`. The state comes replicated over this process's devices and may go in
    so, or as host arrays, the same on all processes; metrics come replicated. `devices` (None: all) are those of all processes; each
    process hands in its own share of the global batch, which is cut in order over its devices, so that any number of devices sees the
    same examples in a step.
    """
    devices = list(devices or jax.devices())
    if len(devices) == 1:
        here = SingleDeviceSharding(devices[0])
        return jax.jit(step, in_shardings=here, out_shardings=here, donate_argnums=0)
    mapped = jax.pmap(step, axis_name=AXIS_NAME, in_axes=(None, 0), out_axes=None, donate_argnums=0, devices=devices)
    here = [device for device in devices if device.process_index == jax.process_index()]
    replicated = NamedSharding(Mesh(np.array(here), (AXIS_NAME,)), PartitionSpec())  # pmap's: of each process, over its own devices

    def run(state: TrainState, batch: HostBatch) -> tuple[TrainState, Metrics]:
        if getattr(state.step, "sharding", None) != replicated:  # else the second call would compile once more
            state = jax.device_put(jax.tree.map(np.asarray, state), replicated)
        return mapped(state, {name: _split(name, array, len(here)) for name, array in batch.items()})

    return run


def check_batch(batch_size: int, device_count: int, accumulate: int = 1) -> None:
    """Raises a UserError, naming the nearest valid sizes, unless every micro-batch of every device gets equally many examples."""
    if accumulate < 1:
        raise UserError(f"config.accumulate: {accumulate} is not possible; use 1 or more.")
    unit = device_count * accumulate
    if batch_size < 1 or batch_size % unit:
        below = batch_size // unit * unit
        sizes = f"{below} or {below + unit}" if below > 0 else f"{unit} or {2 * unit}"
        raise UserError(
            f"config.batch_size: {batch_size} does not divide over {device_count} device(s) x {accumulate} micro-batch(es) "
            f"(config.accumulate); use a multiple of {unit}, such as {sizes}."
        )


def _split(name: str, array: np.ndarray, count: int) -> np.ndarray:
    if len(array) % count:
        raise UserError(f"batch[{name!r}]: {len(array)} examples do not divide over {count} devices; use a multiple of {count}.")
    return array.reshape(count, len(array) // count, *array.shape[1:])
