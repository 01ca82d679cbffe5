"""Reports of a run while it trains: means over intervals of steps, in `metrics.jsonl`, on the terminal and in TensorBoard."""

import importlib.util
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.files import write_whole
from semgan.progress import format_duration
from semgan.types import Metrics

FILE = "metrics.jsonl"
LogLine = dict[str, Any]
"""One line of metrics.jsonl: `step`, `kimg` and metrics by name; None where there was nothing to measure."""
Totals = dict[str, Float[Array, "2"]]
"""Sum and count of each metric's finite values so far, on the device: a step costs no transfer."""


@jax.jit
def _add(totals: Totals, metrics: Metrics) -> Totals:
    def add(total: Array, value: Array) -> Array:
        finite = jnp.isfinite(value)
        return total + jnp.stack([jnp.where(finite, value, 0.0), finite.astype(jnp.float32)])

    return {name: add(totals[name], value) for name, value in metrics.items()}


def add(totals: Totals | None, metrics: Metrics) -> Totals:
    """The totals with one more step; NaN, which a lazy phase gives in the steps that it sits out, does not count."""
    return _add(totals or {name: jnp.zeros(2) for name in metrics}, metrics)


def means(totals: Totals) -> dict[str, float | None]:
    """The means, fetched from the device; None for a metric that was never finite."""
    return {name: float(total) / float(count) if count else None for name, (total, count) in jax.device_get(totals).items()}


def progress_line(line: Mapping[str, Any], total_kimg: float, seconds_left: float | None) -> str:
    """`step 1,500 · 24.0 of 48 kimg (50%) · 41 images/s · 9:45 left · d_latent 1.21 · ...`: the phases' losses last."""
    parts = [f"step {line['step']:,}", f"{line['kimg']:.4g} of {total_kimg:g} kimg ({min(100 * line['kimg'] / total_kimg, 100):.0f}%)"]
    if (rate := line.get("time/images_per_second")) is not None:
        parts.append(f"{rate:.3g} images/s")
    if seconds_left is not None:
        parts.append(f"{format_duration(seconds_left)} left")
    for name, value in line.items():
        if not name.endswith("/loss") or (value is None and not line.get("skipped")):  # a lazy phase that sat the interval out
            continue
        parts.append(f"{name.removesuffix('/loss')} {'not finite' if value is None else format(value, '.3g')}")
    if line.get("skipped"):
        parts.append(f"{line['skipped']:,} steps skipped")
    return " · ".join(parts)


def read_lines(path: Path) -> list[LogLine]:
    """The lines of a metrics file; one that a killed run cut short is left out. Empty where there is no file."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines


class MetricsLog:
    """Appends to a run's metrics.jsonl, and to TensorBoard events where tensorboardX is installed.

    Args:
      workdir: the run's folder.
      step: where training goes on: later lines, written after the checkpoint that it goes on from, are dropped.
    """

    def __init__(self, workdir: Path, step: int):
        path = workdir / FILE
        self.lines = [line for line in read_lines(path) if line["step"] <= step]
        write_whole(path, "".join(map(_text, self.lines)).encode())
        self._file = path.open("a")
        self._events = _events(workdir, step)

    def write(self, line: LogLine) -> None:
        """Adds one line and makes sure that the system has it."""
        line = {name: _finite(value) for name, value in line.items()}
        self.lines.append(line)
        self._file.write(_text(line))
        self._file.flush()
        for name, value in _scalars(line) if self._events else ():
            self._events.add_scalar(name, value, global_step=line["step"])

    def close(self) -> None:
        self._file.close()
        if self._events:
            self._events.close()


def _text(line: LogLine) -> str:
    return json.dumps(line, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Replaces NaN, which JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _scalars(line: LogLine) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in line.items() if name != "step" and value is not None)


def _events(workdir: Path, step: int) -> Any:
    if importlib.util.find_spec("tensorboardX") is None:
        return None
    from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports] (an extra)

    return SummaryWriter(str(workdir), purge_step=step + 1)
