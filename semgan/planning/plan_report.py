"""A plan as text, for a terminal."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_PARTS = {
    "parameters": "parameters",
    "averages": "averaged parameters",
    "optimizers": "optimizers",
    "model_state": "model state",
    "batch": "batch",
    "gradients": "gradients",
    "activations": "activations, temporaries",
}
_UNITS = ("", "k", "M", "G", "T", "P", "E")


def plan_text(plan: Mapping[str, Any]) -> str:
    """The whole report, assumptions last."""
    single = len(plan["hardware"]) == 1
    devices = plan["experiment"]["devices"]
    tables = _one(next(iter(plan["hardware"].values())), devices) if single else _overview(plan["hardware"], devices)
    return "\n".join([*_what(plan), "", *_cost(plan), "", *tables, "", *_assumptions(plan)])


def _what(plan: Mapping[str, Any]) -> list[str]:
    of, parameters = plan["experiment"], plan["parameters"]
    micro = f" in {of['accumulate']} micro-batches" if of["accumulate"] > 1 else ""
    domains = f"domains {', '.join(of['domains'])}" if of["domains"] else "two domains taken for those of the data"
    head = f"{of['algorithm']} at {of['image_size']} px in {of['precision']}, {domains}"
    batch = (
        f"{of['device_batch']} examples{micro} on each of {of['devices']:,} device{'s' * (of['devices'] > 1)}: batch {of['batch_size']:,}"
    )
    rows = [(name, f"{count:,}") for name, count in parameters.items()]
    return [head, batch, "", *_align([("parameters", ""), *rows, ("in all", f"{sum(parameters.values()):,}")])]


def _cost(plan: Mapping[str, Any]) -> list[str]:
    memory, flops = plan["memory"], plan["flops"]
    rows = [("memory of a device", ""), *((text, _bytes(memory[name])) for name, text in _PARTS.items())]
    rows += [("in all", _bytes(sum(memory.values()))), ("", ""), ("a mean step", "")]
    rows += [("FLOPs of a device", _si(flops["device"], "")), ("FLOPs of all", _si(flops["all"], ""))]
    rows += [("memory read and written", _bytes(plan["bytes_moved"])), ("", ""), ("all-reduced", "")]
    for phase in plan["averaged"]:
        of = ", ".join(f"{name} {_bytes(phase[name])}" for name in ("gradients", "metrics", "model_state") if phase[name])
        lazily = f", every {phase['every']} steps" if phase["every"] > 1 else ""
        rows.append((f"phase {phase['name']}", f"{_bytes(phase['total'])} ({of}{lazily})"))
    return _align([*rows, ("a device sends in a ring", f"{_bytes(plan['ring_bytes'])} a mean step")])


def _one(on: Mapping[str, Any], devices: int) -> list[str]:
    step, device = on["step"], on["device"]
    slower = "arithmetic" if step["arithmetic"] >= step["memory"] else "memory"
    fits = f"{on['largest_device_batch']:,} a device, batch {on['largest_batch']:,} on {devices:,}"
    lines = [
        f"on {device['name']}, at {_si(on['attained'], 'FLOP/s')} ({device['share_source']})",
        f"  step {_ms(step['total'])} ms: arithmetic {_ms(step['arithmetic'])}, memory {_ms(step['memory'])}, communication "
        f"{_ms(step['communication'])} (the slower of the first two, {slower}, and the third)",
        f"  largest batch that fits: {fits if on['largest_device_batch'] else 'none'}",
    ]
    for name, title in (("weak_scaling", "weak scaling (the batch grows)"), ("strong_scaling", "strong scaling (one batch)")):
        head = ("devices", "batch", "ms", "images/s", "all-reduce ms", "efficiency")
        lines += ["", title, *_table(head, map(_row, on[name]))]
    return lines


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (f"{row['devices']:,}", f"{row['batch_size']:,}", _ms(row["seconds"]), f"{row['images_per_second']:,.0f}")
    return (*counts, _ms(row["communication"]), f"{100 * row['efficiency']:.1f} %")


def _overview(hardware: Mapping[str, Any], devices: int) -> list[str]:
    def row(name: str, on: Mapping[str, Any]) -> tuple[str, ...]:
        last = on["weak_scaling"][-1]
        numbers = (_ms(last["seconds"]), f"{last['images_per_second']:,.0f}", f"{100 * last['efficiency']:.1f} %")
        return (name, *numbers, f"{on['largest_device_batch']:,}", f"{on['largest_batch']:,}")

    head = ("hardware", "ms", "images/s", "weak scaling", "fits a device", "largest batch")
    heading = "predicted (--hardware NAME tells more; 'this' measures this machine)"
    return [heading, *_table(head, (row(name, on) for name, on in hardware.items()))]


def _assumptions(plan: Mapping[str, Any]) -> list[str]:
    of = plan["assumptions"]
    shares = " and ".join(sorted({on["device"]["share_source"] for on in plan["hardware"].values()}))
    traced = (
        "FLOPs are XLA's cost analysis of the lowered step. Activations and bytes read and written are estimated from the traced program, "
        "as if all between convolutions and matrix products were fused."
    )
    compiled = "FLOPs, temporaries and bytes read and written are what XLA says of the step compiled for the device at hand."
    text = (
        f"Parameters, state, gradients and all-reduced bytes are exact. {compiled if of['compiled'] else traced} Assumed: the share of the "
        f"peak that is attained by {shares}; {100 * of['link_share']:.0f} % of a link's bandwidth and {1e6 * of['hop_seconds']:.0f} us a "
        f"hop in all-reduces, which overlap with nothing; {100 * of['usable_memory']:.0f} % of the memory for training. Loading data and "
        "waiting for slow devices are left out."
    )
    return textwrap.wrap(text, 120)


def _align(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Two columns; a row without the second is a title."""
    return [f"  {name:<26}{value:>10}" if value else name for name, value in rows]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return ["  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.3g}" if seconds < 1 else f"{1000 * seconds:,.0f}"


def _bytes(count: float) -> str:
    return _si(count, "B")


def _si(number: float, unit: str) -> str:
    """Three digits with a decimal prefix: 12,345,678 -> 12.3 M."""
    power = 0
    while abs(number) >= 999.5 and power < len(_UNITS) - 1:
        number, power = number / 1000, power + 1
    return f"{number:.3g} {_UNITS[power]}{unit}".rstrip()
