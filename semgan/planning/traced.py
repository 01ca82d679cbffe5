"""Two estimates read off a traced program, for any device and without compiling it: memory at its fullest, and bytes moved.

Both take it that XLA fuses everything between convolutions and matrix products, runs the program in the order in which it was written,
and gives an array's memory back after its last use.
"""

from collections.abc import Iterable, Iterator
from typing import Any

_VIEWS = {"reshape", "squeeze"}
"""Primitives whose results take no further memory."""
_MADE_WHERE_USED = {"broadcast_in_dim", "iota"}
_HEAVY = {"dot_general", "conv_general_dilated"}


def size(value: Any) -> int:
    """Bytes of an array, or of a variable of a traced program; a random key counts as nothing."""
    shaped = getattr(value, "aval", value)
    return getattr(getattr(shaped, "dtype", None), "itemsize", 0) * getattr(shaped, "size", 0)


def peak_bytes(jaxpr: Any) -> int:
    """Largest sum of the arrays that live at one time, without the program's inputs."""
    roots, sizes = _roots_and_sizes(jaxpr)
    last_uses = _last_uses(jaxpr, roots, sizes)
    live = most = 0
    for place, equation in enumerate(jaxpr.eqns):
        name = equation.primitive.name
        outs = sum(sizes.get(out, 0) for out in equation.outvars)
        inside = max((peak_bytes(inner) for inner in _inner(equation)), default=0)
        freed = sum(sizes[value] for value in last_uses.get(place, ()))
        reused = 0 if inside or name in _HEAVY else min(freed, outs)  # a fused operation writes over what it reads last
        most = max(most, live - reused + (outs + inside if name == "scan" else max(outs, inside)))
        live += outs - freed
    return most


def moved_bytes(jaxpr: Any) -> int:
    """Bytes that convolutions and matrix products read and write, and those of what is made for them in between."""
    heavy = {out for equation in jaxpr.eqns if equation.primitive.name in _HEAVY for out in equation.outvars}
    elsewhere = heavy | {*jaxpr.invars, *jaxpr.constvars}
    fused: set = set()
    total = 0
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        inside = [moved_bytes(inner) for inner in _inner(equation)]
        total += max(inside) if name == "cond" else equation.params.get("length", 1) * sum(inside)
        if name in _HEAVY:
            total += sum(map(size, (*equation.invars, *equation.outvars)))
            fused |= {*_variables(equation.invars)} - elsewhere
    return total + 2 * sum(map(size, fused))  # each is written, and made from about as much


def _roots_and_sizes(jaxpr: Any) -> tuple[dict, dict]:
    """The array that each view shows, and the bytes that each other array of the equations holds."""
    roots, sizes = {}, {}
    for equation in jaxpr.eqns:
        if equation.primitive.name in _VIEWS and (sources := list(_variables(equation.invars[:1]))):
            roots[equation.outvars[0]] = roots.get(sources[0], sources[0])
        else:
            is_stored = equation.primitive.name not in _MADE_WHERE_USED
            sizes |= {out: size(out) if is_stored else 0 for out in equation.outvars}
    return roots, sizes


def _last_uses(jaxpr: Any, roots: dict, sizes: dict) -> dict[int, list]:
    """The arrays that nothing uses after an equation, by the equation's place; results of the program are used to the end."""
    last = {}
    for place, equation in enumerate(jaxpr.eqns):
        last |= {roots.get(value, value): place for value in (*_variables(equation.invars), *equation.outvars)}
    last |= {roots.get(value, value): len(jaxpr.eqns) for value in _variables(jaxpr.outvars)}
    last_uses: dict[int, list] = {}
    for value, place in last.items():
        if value in sizes:
            last_uses.setdefault(place, []).append(value)
    return last_uses


def _variables(values: Iterable) -> Iterator:
    """The variables among the values; constants that are written into a program are dropped."""
    return (value for value in values if not hasattr(value, "val"))


def _inner(equation: Any) -> Iterator:
    """The programs that an equation runs."""
    for parameter in equation.params.values():
        for part in parameter if isinstance(parameter, tuple | list) else (parameter,):
            program = getattr(part, "jaxpr", part)
            if hasattr(program, "eqns"):
                yield program
