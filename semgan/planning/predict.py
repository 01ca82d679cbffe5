"""Predicts from a step's cost and a device's rates: step time, efficiency and the batch that fits."""

from typing import NamedTuple

from ml_collections import ConfigDict

from semgan.errors import UserError
from semgan.planning import collectives
from semgan.planning.hardware import Hardware
from semgan.planning.step_cost import StepCost
from semgan.training.parallel import check_batch

USABLE = 0.75
"""The share of a device's memory that JAX takes of a GPU by default (XLA_PYTHON_CLIENT_MEM_FRACTION)."""


class StepTime(NamedTuple):
    """Predicted seconds of a mean step.

    Attributes:
      arithmetic: FLOPs at the attained share of the peak.
      memory: bytes moved at the memory's full bandwidth.
      communication: the all-reduces, which overlap with nothing.
    """

    arithmetic: float
    memory: float
    communication: float

    @property
    def total(self) -> float:
        """A roofline: the slower of arithmetic and memory, then communication."""
        return max(self.arithmetic, self.memory) + self.communication


class ScaledStep(NamedTuple):
    """A step on `devices` devices; `efficiency` is against that many times one device's speed."""

    devices: int
    batch_size: int
    seconds: float
    images_per_second: float
    communication: float
    efficiency: float


def step_time(cost: StepCost, hardware: Hardware, precision: str, devices: int, device_batch: float) -> StepTime:
    """Predicts a mean step with `device_batch` examples on each device."""
    attained = hardware.rate[precision] * hardware.share[precision]
    return StepTime(
        arithmetic=cost.flops.at(device_batch) / attained,
        memory=cost.bytes_moved.at(device_batch) / hardware.memory_bandwidth,
        communication=collectives.seconds(cost.all_reduces, devices, hardware),
    )


def memory_bytes(cost: StepCost, device_batch: int, accumulate: int) -> dict[str, float]:
    """Bytes of a device's memory by part; the sum is what it needs. Accumulation adds a sum of gradients to those of a micro-batch."""
    working = cost.working_at(device_batch / accumulate)
    return {
        **cost.state,
        "batch": cost.batch * device_batch,
        "gradients": cost.gradients * (2 if accumulate > 1 else 1),
        "activations": working - cost.gradients,
    }


def largest_batch(cost: StepCost, hardware: Hardware) -> int:
    """Examples that one device has room for at a time, without accumulation; 0 if it has not even for the state."""
    state = sum(cost.state.values())
    room = USABLE * hardware.memory - state
    if room < cost.working_at(1) + cost.batch:
        return 0
    return int((room - cost.working.fixed) / (cost.working.example + cost.batch))


def device_counts(devices: int) -> list[int]:
    """1, 8, 64 and so on, and the count itself."""
    return sorted({8**power for power in range(20) if 8**power < devices} | {devices})


def weak_scaling(cost: StepCost, hardware: Hardware, precision: str, devices: int, device_batch: int) -> list[ScaledStep]:
    """Predicts steps at device counts up to `devices`, each device with `device_batch` examples."""
    return _scaling(cost, hardware, precision, [(count, count * device_batch) for count in device_counts(devices)])


def strong_scaling(cost: StepCost, hardware: Hardware, precision: str, devices: int, batch_size: int) -> list[ScaledStep]:
    """Predicts steps at device counts up to `devices` that cut one global batch into equal parts."""
    counts = [count for count in device_counts(devices) if batch_size % count == 0]
    return _scaling(cost, hardware, precision, [(count, batch_size) for count in counts])


def _scaling(cost: StepCost, hardware: Hardware, precision: str, cases: list[tuple[int, int]]) -> list[ScaledStep]:
    """A row for each (devices, batch size), the first of which has one device."""
    rows, alone = [], 0.0
    for devices, batch_size in cases:
        time = step_time(cost, hardware, precision, devices, batch_size / devices)
        speed = batch_size / time.total
        alone = alone or speed / devices
        rows.append(ScaledStep(devices, batch_size, time.total, speed, time.communication, speed / devices / alone))
    return rows


def check_devices(config: ConfigDict, devices: int) -> None:
    """Raises a UserError, with valid batches and device counts, unless the batch divides over the devices and micro-batches."""
    try:
        check_batch(config.batch_size, devices, config.accumulate)
    except UserError as error:
        if config.accumulate < 1 or config.batch_size % config.accumulate:
            raise
        micro = config.batch_size // config.accumulate
        counts = [str(count) for count in range(1, min(micro, devices) + 1) if micro % count == 0]
        raise UserError(f"{str(error).rstrip('.')}; or --devices {_either(counts[-4:])}") from None


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
