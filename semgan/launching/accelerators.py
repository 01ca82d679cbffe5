"""The accelerators of a job: GPUs by their number, TPU slices by family and size, as `--accelerator` names them."""

import math
from typing import NamedTuple

from semgan.errors import UserError


class Tpu(NamedTuple):
    """A slice in the words of gcloud (`accelerator_type`, `runtime`) and of GKE's node labels (`pool`, `topology`)."""

    accelerator_type: str
    runtime: str
    pool: str
    topology: str


class Accelerator(NamedTuple):
    """Hosts, and devices of each, with one process per host."""

    kind: str  # "gpu", "cpu" or "tpu"
    hosts: int
    devices: int
    tpu: Tpu | None = None


class _Family(NamedTuple):
    accelerator_type: str
    runtime: str
    pool: str
    cores: int  # of a chip, where gcloud counts cores; else 1
    most_on_one_host: int  # chips; larger slices have four per host
    topologies: tuple[str, ...]


_FLAT = ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_CUBIC = ("2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4", "4x4x8", "4x8x8", "8x8x8", "8x8x16", "8x16x16")
_FAMILIES = {
    "v4": _Family("v4", "tpu-ubuntu2204-base", "tpu-v4-podslice", 2, 4, _CUBIC),
    "v5e": _Family("v5litepod", "v2-alpha-tpuv5-lite", "tpu-v5-lite-podslice", 1, 8, _FLAT),
    "v5p": _Family("v5p", "v2-alpha-tpuv5", "tpu-v5p-slice", 2, 4, _CUBIC),
    "v6e": _Family("v6e", "v2-alpha-tpuv6e", "tpu-v6e-slice", 1, 8, _FLAT),
}
_DEFAULT_DEVICES = {"gpu": 8, "cpu": 1}


def parse(text: str, hosts: int | None = None, devices: int | None = None) -> Accelerator:
    """`gpu`, `gpu:4`, `cpu` or `tpu:v5e-16`; `hosts` and `devices` are the options' numbers, which a TPU slice implies."""
    kind, _, size = text.partition(":")
    if kind == "tpu":
        if hosts or devices:
            raise UserError(f"--accelerator {text} has its own hosts and devices: leave out --hosts and --devices-per-host")
        return _tpu(text, size)
    if kind not in _DEFAULT_DEVICES or (size and (kind == "cpu" or not size.isdecimal() or int(size) < 1)):
        raise UserError(f"--accelerator {text} is not known: give gpu:8 (eight per host), tpu:v5e-16 (a slice) or cpu")
    if size and devices not in (None, int(size)):
        raise UserError(f"--accelerator {text} and --devices-per-host {devices} contradict each other: give one of them")
    return Accelerator(kind, hosts or 1, int(size) if size else devices or _DEFAULT_DEVICES[kind])


def _tpu(text: str, name: str) -> Accelerator:
    family, _, size = name.replace("v5litepod-", "v5e-").partition("-")
    if family not in _FAMILIES:
        raise UserError(f"--accelerator {text} names no TPU known here: give one of {', '.join(_FAMILIES)} with a size, such as tpu:v5e-16")
    tpu_family = _FAMILIES[family]
    sizes = {str(_chips(topology) * tpu_family.cores): topology for topology in tpu_family.topologies}
    if size not in sizes:
        raise UserError(f"--accelerator {text} is not a size that slices come in: give tpu:{family}- and one of {', '.join(sizes)}")
    chips = _chips(sizes[size])
    devices = chips if chips <= tpu_family.most_on_one_host else 4
    tpu = Tpu(f"{tpu_family.accelerator_type}-{size}", tpu_family.runtime, tpu_family.pool, sizes[size])
    return Accelerator("tpu", chips // devices, devices, tpu)


def _chips(topology: str) -> int:
    return math.prod(map(int, topology.split("x")))
