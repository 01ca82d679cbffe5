"""The rates of this machine, measured on the spot, so that a plan can be compared with a step that runs here."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from semgan.planning.hardware import Hardware

_ROUNDS = 5
_CHANNELS, _SIDE, _BATCH = 64, 64, 8
"""The convolution's channels, pixels along a side, and examples on a CPU."""
_COPIED = 64 * 2**20
"""Bytes of the array that is scaled."""
Work = tuple[Callable[[], object], float]
"""A function to time, and the FLOPs or bytes that it takes."""


class Meter:
    """Rates of the device that JAX would train on: medians of rounds, in each of which all measurements have a turn.

    The peak is that of a square matrix product, the share of it that of a 3x3 convolution with both its gradients, and the memory's
    bandwidth that of scaling an array in place. Links and network are taken as the memory: on one machine devices talk through it.
    """

    def __init__(self):
        """Compiles and warms up."""
        self._device = jax.devices()[0]
        # a CPU computes bfloat16 in float32
        self._precisions = ("float32",) if self._device.platform == "cpu" else ("bfloat16", "float32")
        self._work = [_scaling(), *(make(precision) for precision in self._precisions for make in (_product, _convolution))]
        self._seconds: list[list[float]] = [[] for _ in self._work]
        for run, _ in self._work:
            jax.block_until_ready(run())

    def sample(self) -> None:
        """Times one more round."""
        for times, (run, _) in zip(self._seconds, self._work, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(run())
            times.append(time.perf_counter() - start)

    def hardware(self) -> Hardware:
        """The medians of the rounds so far."""
        bandwidth, *rates = (work / statistics.median(times) for times, (_, work) in zip(self._seconds, self._work, strict=True))
        rate = dict(zip(self._precisions, rates[::2], strict=True))
        share = {name: attained / rate[name] for name, attained in zip(self._precisions, rates[1::2], strict=True)}
        count = jax.local_device_count()
        return Hardware(
            f"this machine ({self._device.device_kind})",
            {"bfloat16": rate["float32"]} | rate,
            *(_memory(self._device), bandwidth, bandwidth, bandwidth, count, count, "measured now"),
            share={"bfloat16": share["float32"]} | share,
            share_source="a 3x3 convolution with its gradients, measured now",
        )


def measure_rates(rounds: int = _ROUNDS) -> Hardware:
    """The rates of this machine: medians of this many rounds."""
    meter = Meter()
    for _ in range(rounds):
        meter.sample()
    return meter.hardware()


def _memory(device: Any) -> float:
    """Bytes that a device may use; for a CPU, the machine's memory."""
    limit = (device.memory_stats() or {}).get("bytes_limit")
    return float(limit or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _product(precision: str) -> Work:
    size = 1024 if jax.default_backend() == "cpu" else 8192
    a = jnp.ones((size, size), precision)
    multiply = jax.jit(lambda a: a @ a)
    return lambda: multiply(a), 2.0 * size**3


def _convolution(precision: str) -> Work:
    """A 3x3 convolution with both its gradients."""
    batch = _BATCH if jax.default_backend() == "cpu" else 32 * _BATCH
    images = jnp.ones((batch, _SIDE, _SIDE, _CHANNELS), precision)
    kernel = jnp.ones((3, 3, _CHANNELS, _CHANNELS), precision)

    def total(kernel, images):
        convolved = jax.lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jnp.square(convolved).sum()  # so that the gradients need the result

    gradients = jax.jit(jax.grad(total, argnums=(0, 1)))
    return lambda: gradients(kernel, images), 3 * 2.0 * images.size * 9 * _CHANNELS


def _scaling() -> Work:
    """Scales an array in place, as a step reuses its memory: a new array's pages would be cleared first. Read once and written once."""
    scale = jax.jit(lambda x: 2 * x, donate_argnums=0)
    values = [jnp.ones(_COPIED // 4, jnp.float32)]

    def run() -> jax.Array:
        values[0] = scale(values[0])
        return values[0]

    return run, 2.0 * _COPIED
