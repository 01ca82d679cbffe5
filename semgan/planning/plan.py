"""A plan as plain data: what training an experiment on a number of devices requires."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from semgan.config import validate
from semgan.errors import UserError
from semgan.planning import predict
from semgan.planning.collectives import HOP_SECONDS, LINK_SHARE, ring_bytes
from semgan.planning.hardware import TABLE, Hardware
from semgan.planning.measure import measure_rates
from semgan.planning.step_cost import StepCost, cost_of_step
from semgan.training.experiment import Experiment

THIS = "this"
"""The name of this machine, which is measured."""


def make_plan(config: ConfigDict, devices: int, hardware_name: str | None = None, compiled: bool = False) -> dict[str, Any]:
    """Everything that `semgan plan` reports; without a name the step is predicted for all of the table.

    `compiled`: see `semgan.planning.step_cost.cost_of_step`.

    Raises:
      UserError: a bad config, a batch that does not divide over the devices, hardware that is not in the table.
    """
    validate(config)
    predict.check_devices(config, devices)
    devices_by_name = TABLE if hardware_name is None else {hardware_name: hardware_of(hardware_name)}
    experiment = Experiment.of(config).at(config.total_kimg)  # of one that grows, the last and largest stage
    device_batch = config.batch_size // devices
    cost = cost_of_step(experiment, device_batch // config.accumulate, compiled)
    settings = {name: config[name] for name in ("algorithm", "image_size", "precision", "batch_size", "accumulate")}
    return {
        "experiment": settings | {"domains": list(config.data.domains), "devices": devices, "device_batch": device_batch},
        "parameters": cost.parameters,
        "memory": predict.memory_bytes(cost, device_batch, config.accumulate),
        "flops": {"device": cost.flops.at(device_batch), "all": devices * cost.flops.at(device_batch)},
        "bytes_moved": cost.bytes_moved.at(device_batch),
        "averaged": [phase._asdict() | {"total": phase.total} for phase in cost.all_reduces],
        "ring_bytes": sum(ring_bytes(phase.total, devices) / phase.every for phase in cost.all_reduces),
        "assumptions": {"compiled": compiled, "usable_memory": predict.USABLE, "link_share": LINK_SHARE, "hop_seconds": HOP_SECONDS},
        "hardware": {name: _on(each, cost, config, devices, device_batch) for name, each in devices_by_name.items()},
    }


def hardware_of(name: str) -> Hardware:
    """A row of the table, or this machine measured; UserError for any other name."""
    if name == THIS:
        return measure_rates()
    if name not in TABLE:
        near = difflib.get_close_matches(name.lower(), (*TABLE, THIS), n=1, cutoff=0)[0]
        raise UserError(f"--hardware {name!r} is not in the table: did you mean {near!r}? There are {', '.join((*TABLE, THIS))}")
    return TABLE[name]


def _on(hardware: Hardware, cost: StepCost, config: ConfigDict, devices: int, device_batch: int) -> dict[str, Any]:
    precision = config.precision
    time = predict.step_time(cost, hardware, precision, devices, device_batch)
    fits = predict.largest_batch(cost, hardware)
    return {
        "device": _plain(hardware),
        "attained": hardware.rate[precision] * hardware.share[precision],
        "step": time._asdict() | {"total": time.total},
        "largest_device_batch": fits,
        "largest_batch": fits * devices,
        "weak_scaling": [row._asdict() for row in predict.weak_scaling(cost, hardware, precision, devices, device_batch)],
        "strong_scaling": [row._asdict() for row in predict.strong_scaling(cost, hardware, precision, devices, config.batch_size)],
    }


def _plain(hardware: Hardware) -> dict[str, Any]:
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in hardware._asdict().items()}


def write_plan(plan: Mapping[str, Any], path: Path) -> None:
    """Writes the plan as JSON; UserError where the file cannot be written."""
    try:
        path.write_text(json.dumps(plan, indent=1) + "\n")
    except OSError as error:
        raise UserError(f"--json {path} cannot be written ({error.strerror}): choose another file") from error
