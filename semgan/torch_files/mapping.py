"""Tables of which array of ours is which tensor of another project's file, and how its axes lie; read in both directions."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from flax.traverse_util import unflatten_dict

from semgan.errors import UserError

Tensors = Mapping[str, np.ndarray]
"""A state dict: arrays by the names that the other project gives them."""
Shapes = Mapping[str, tuple[int, ...]]

_MOST_NAMED = 4


class Layout(NamedTuple):
    """A conversion of one tensor into one array and back; the two undo each other exactly."""

    to_ours: Callable[[np.ndarray], np.ndarray]
    to_theirs: Callable[[np.ndarray], np.ndarray]


class Entry(NamedTuple):
    """One line of a table.

    Attributes:
      ours: path in our parameters, "generator/encode0/conv1/kernel".
      theirs: name in their state dict.
    """

    ours: str
    theirs: str
    layout: Layout


def _axes(*order: int) -> Layout:
    back = tuple(int(axis) for axis in np.argsort(order))
    return Layout(lambda x: x.transpose(order), lambda x: x.transpose(back))


SAME = Layout(lambda x: x, lambda x: x)
CONVOLUTION = _axes(2, 3, 1, 0)
"""(out, in, height, width) <-> (height, width, in, out)."""
TRANSPOSED_CONVOLUTION = _axes(2, 3, 0, 1)
"""(in, out, height, width) <-> (height, width, in, out), as `layers.convolutions.TransposedConvolution` counts its kernel."""
DENSE = _axes(1, 0)
"""(out, in) <-> (in, out)."""


def dense_of_map(height: int, width: int) -> Layout:
    """A dense layer on a flattened feature map: theirs in the order (channel, height, width), ours in (height, width, channel)."""

    def to_ours(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1, height, width).transpose(2, 3, 1, 0).reshape(-1, len(x))

    def to_theirs(x: np.ndarray) -> np.ndarray:
        return x.reshape(height, width, -1, x.shape[-1]).transpose(3, 2, 0, 1).reshape(x.shape[-1], -1)

    return Layout(to_ours, to_theirs)


def to_params(table: Sequence[Entry], tensors: Tensors, expected: Shapes, *, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """Converts their tensors into our nested parameters.

    Args:
      expected: shapes of our parameters by path, all that the table has to fill (`shapes_of`).
      ignored: patterns (`fnmatch`) of names in `tensors` that carry nothing, such as "*.num_batches_tracked".

    Raises:
      UserError: tensors are missing, of another shape, or not in the table; it names them.
    """
    if {entry.ours for entry in table} != set(expected):
        raise ValueError(f"the table does not fill the parameters: {sorted({entry.ours for entry in table} ^ set(expected))}")
    table_names = {entry.theirs for entry in table}
    extra = [name for name in tensors if name not in table_names and not any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored)]
    _refuse("is missing", "are missing", [entry.theirs for entry in table if entry.theirs not in tensors])
    _refuse("is not known", "are not known", extra)
    misshapen = [fault for entry in table if (fault := _misshapen(entry, tensors[entry.theirs], expected[entry.ours]))]
    _refuse("has another shape", "have other shapes", misshapen)
    arrays = {entry.ours: np.asarray(entry.layout.to_ours(tensors[entry.theirs]), dtype=np.float32, order="C") for entry in table}
    return unflatten_dict(arrays, sep="/")


def to_tensors(table: Sequence[Entry], params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Our nested parameters as their state dict, in the table's order."""
    return {entry.theirs: np.asarray(entry.layout.to_theirs(_at(params, entry.ours)), order="C") for entry in table}


def shapes_of(tree: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[int, ...]]:
    """Shapes by path, of arrays or of what `jax.eval_shape` gives."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, value in tree.items():
        shapes |= shapes_of(value, f"{prefix}{name}/") if isinstance(value, Mapping) else {prefix + name: tuple(value.shape)}
    return shapes


def _at(params: Mapping[str, Any], path: str) -> np.ndarray:
    node: Any = params
    for name in path.split("/"):
        node = node[name]
    return np.asarray(node)


def _misshapen(entry: Entry, tensor: np.ndarray, expected: tuple[int, ...]) -> str:
    """The fault of the tensor's shape; empty where there is none."""
    expected_shape = entry.layout.to_theirs(np.broadcast_to(np.float32(0), expected)).shape
    return "" if tensor.shape == expected_shape else f"{entry.theirs} {tensor.shape} (not {expected_shape})"


def _refuse(singular: str, plural: str, names: Sequence[str]) -> None:
    if names:
        listing = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else "")
        raise UserError(
            f"{len(names)} of its tensors {singular if len(names) == 1 else plural}: {listing}; give a whole file of this format"
        )
