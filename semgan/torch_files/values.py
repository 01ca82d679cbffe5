"""The values of a PyTorch file: passive records while its pickle is read, plain data at the end, within a bound on memory.

The records here are all that the restricted reader ever builds. None of them does anything when it is made, compared or thrown away.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError

MEMORY_FACTOR = 20
MEMORY_BASE = 2**20
"""Reading a file may allocate its size this many times over, and this many bytes besides, beyond the file's own bytes."""
MAX_DEPTH = 64
"""The depth to which data may be nested: R3GAN's networks reach 30. Whoever walks the result may recurse."""

NUMBER, STRING, LIST, TUPLE, DICT, SET, RECORD, ITEM = 40, 64, 56, 48, 64, 216, 120, 100
"""Bytes that such objects and one entry of a dict or set take at most in CPython, growth by doubling included."""

TYPES = {
    **{name: np.dtype(name) for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")},
    **{name: np.dtype(name) for name in ("uint16", "uint32", "uint64")},
    "bfloat16": np.dtype(np.uint16),
}
"""NumPy's types of the stored bits, by PyTorch's names of the types."""
_NUMPY_TYPE = re.compile("b1|[iu][1248]|f[248]")


class Budget:
    """The memory that reading one file may still allocate. Everything is paid for before it is made, at the prices above.

    Attributes:
      limit: in bytes.
      remaining: of it.
    """

    def __init__(self, file_size: int):
        self.limit = MEMORY_FACTOR * file_size + MEMORY_BASE
        self.remaining = self.limit

    def spend(self, size: int) -> None:
        """Raises UserError when `size` more bytes are too many."""
        self.remaining -= size
        if self.remaining < 0:
            raise too_large(self.limit)


class Namespace(dict[str, Any]):
    """The attributes of an `argparse.Namespace`, by name."""


class Module(NamedTuple):
    """A pickled `torch.nn.Module`, as passive data.

    Attributes:
      class_name: "Generator" where the class was made persistent (StyleGAN2-ADA's way: its source lies in the file, and is left
        unread), else with its module, "torch.nn.modules.container.ModuleList".
      state: the object's attributes; `_parameters`, `_buffers` and `_modules` hold arrays, None, and further `Module` by name.
    """

    class_name: str
    state: dict[str, Any]


@dataclass(slots=True, eq=False)
class Storage:
    """A stretch of typed bytes that tensors look into.

    Attributes:
      type_name: key of `TYPES`.
      size: in bytes.
      contents: these bytes; None until they are found, and in a part of another storage.
      order: "<" or ">", which byte of a number comes first.
      whole: the storage that this is a part of, from the byte `start`.
    """

    type_name: str
    size: int
    contents: bytes | memoryview | None = None
    order: str = "<"
    whole: "Storage | None" = None
    start: int = 0

    def part(self, start: int, count: int) -> "Storage":
        """`count` elements from the element `start`."""
        width = TYPES[self.type_name].itemsize
        if start < 0 or count < 0 or (start + count) * width > self.size:
            raise malformed_error("part of a storage")
        return Storage(self.type_name, count * width, order=self.order, whole=self, start=start * width)

    def numbers(self, type_name: str) -> np.ndarray:
        """The bits as a flat read-only array of NumPy's type for `type_name`."""
        root, start = (self.whole, self.start) if self.whole else (self, 0)
        if root.contents is None:
            raise UserError("lacks the numbers of a tensor: download it again")
        dtype = TYPES[type_name].newbyteorder(root.order)
        return np.frombuffer(root.contents, dtype, count=self.size // dtype.itemsize, offset=start)


@dataclass(slots=True, eq=False)
class Tensor:
    """A view into a storage; offset and strides count elements."""

    storage: Storage
    type_name: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Record:
    """An object whose attributes are kept and whose class is a name: a module, or a namespace where `class_name` is None."""

    class_name: str | None
    state: dict[Any, Any] | None = None


@dataclass(slots=True, eq=False)
class NumpyType:
    """A `numpy.dtype` of plain numbers, such as "f4"."""

    code: str
    order: str = "<"

    def dtype(self) -> np.dtype:
        """NumPy's own type, after a check against a list."""
        if not _NUMPY_TYPE.fullmatch(self.code) or self.order not in ("<", ">", "|", "="):
            raise UserError(f"holds a NumPy array of type {excerpt(self.code)}: only arrays of numbers are read")
        return np.dtype(self.code).newbyteorder(self.order)


@dataclass(slots=True, eq=False)
class NumpyArray:
    """A `numpy.ndarray` before its state is known, and after."""

    type: NumpyType | None = None
    shape: tuple[int, ...] = ()
    fortran: bool = False
    contents: bytes = b""


def malformed_error(what: str) -> UserError:
    """The error for what no writer makes."""
    return UserError(f"holds a malformed {what}: download it again")


def too_large(limit: int) -> UserError:
    """The error for a file whose contents are out of all proportion to its size."""
    return UserError(f"would take more than {limit} bytes of memory, {MEMORY_FACTOR} times its size and more: use a file that you trust")


def excerpt(text: str) -> str:
    """An excerpt of an untrusted file that is safe in a message: short, in ASCII, on one line."""
    escaped = ascii(text[:80])[1:-1]
    return escaped if len(text) <= 80 and len(escaped) <= 80 else escaped[:80] + "..."


def plain(value: Any, budget: Budget) -> Any:
    """The records as plain data: dict, list, tuple, set, str, bytes, int, float, bool, None, `np.ndarray`, `Namespace` and `Module`.

    What one object was stays one object. Even so the result is a tree that may be walked without care: it has no cycle, is at most
    `MAX_DEPTH` deep, and written out with nothing shared it stays within the budget's limit.

    Raises:
      UserError: a record is malformed, or the bounds are passed.
    """
    return _Plainer(budget).convert(value, 0).value


class _Plain(NamedTuple):
    """A converted value, its size written out with nothing shared, and how many levels it has."""

    value: Any
    size: int
    height: int = 0


class _Plainer:
    """Converts each record once."""

    def __init__(self, budget: Budget):
        self._budget = budget
        self._done: dict[int, _Plain] = {}
        self._begun: set[int] = set()

    def convert(self, value: Any, depth: int) -> _Plain:
        """The value at this depth below the whole."""
        if value is None or type(value) in (int, float, bool):
            return _Plain(value, 0)
        if type(value) in (str, bytes):
            return _Plain(value, len(value))
        result = self._done.get(id(value))
        if result is None:
            result = self._first(value, depth)
        if depth + result.height > MAX_DEPTH:
            raise _too_deep()
        return result

    def _first(self, value: Any, depth: int) -> _Plain:
        if depth > MAX_DEPTH or id(value) in self._begun:
            raise _too_deep()
        self._begun.add(id(value))
        self._budget.spend(ITEM)
        result = self._convert(value, depth)
        if result.size > self._budget.limit:
            raise too_large(self._budget.limit)
        self._done[id(value)] = result
        return result

    def _convert(self, value: Any, depth: int) -> _Plain:
        match value:
            case Tensor():
                array = _array_of_tensor(value, self._budget)
                return _Plain(array, array.nbytes)
            case NumpyArray():
                array = _array_of_numpy(value, self._budget)
                return _Plain(array, array.nbytes)
            case dict():
                items, size, height = self._items(value.values(), depth)
                for key, item in zip(value, items, strict=True):
                    value[key] = item  # in place: none of these dicts and lists is anyone else's
                return _Plain(value, size, height)
            case list():
                items, size, height = self._items(value, depth)
                value[:] = items
                return _Plain(value, size, height)
            case tuple():
                self._budget.spend(TUPLE + 8 * len(value))
                items, size, height = self._items(value, depth)
                return _Plain(tuple(items), size, height)
            case set():  # of strings and integers alone
                return _Plain(value, 16 * len(value))
            case Record():
                return self._record(value, depth)
            case Storage():
                raise UserError("holds a storage outside of a tensor: save the tensors themselves")
        name = getattr(value, "name", type(value).__name__)
        raise UserError(f"holds {excerpt(name)} itself, which is not data: save tensors and plain data only")

    def _items(self, values: Iterable[Any], depth: int) -> tuple[list[Any], int, int]:
        items = [self.convert(value, depth + 1) for value in values]
        size = sum(16 + item.size for item in items)
        return [item.value for item in items], size, 1 + max((item.height for item in items), default=0)

    def _record(self, record: Record, depth: int) -> _Plain:
        state = _Plain({}, 0) if record.state is None else self.convert(record.state, depth + 1)
        attributes = state.value
        self._budget.spend(TUPLE + 16 + (ITEM if record.class_name is None else 8) * len(attributes))
        if not all(type(name) is str for name in attributes):
            raise malformed_error("object")
        value = Namespace(attributes) if record.class_name is None else Module(record.class_name, attributes)
        return _Plain(value, 16 + state.size, 1 + state.height)


def _too_deep() -> UserError:
    return UserError(f"nests its data in itself, or more than {MAX_DEPTH} deep: use a file that you trust")


def _array_of_tensor(tensor: Tensor, budget: Budget) -> np.ndarray:
    """A C-ordered copy in the machine's byte order; bfloat16 becomes float32, exactly."""
    shape, bits = tensor.shape, TYPES[tensor.type_name]
    count = math.prod(shape)
    if len(shape) != len(tensor.strides) or min((tensor.offset, *shape, *tensor.strides)) < 0:
        raise malformed_error("tensor")
    if math.prod(max(size, 1) for size in shape) > 2**40:
        raise too_large(budget.limit)
    wide = tensor.type_name == "bfloat16"
    budget.spend(256 + count * (4 if wide else bits.itemsize))
    if count == 0:
        return np.zeros(shape, np.float32 if wide else bits)
    # A stride along an axis of one element is never walked, and may be anything.
    strides = [stride if size > 1 else 0 for size, stride in zip(shape, tensor.strides, strict=True)]
    numbers = tensor.storage.numbers(tensor.type_name)
    if tensor.offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) >= len(numbers):
        raise UserError("holds a tensor that reaches beyond its storage: download it again")
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], shape, [stride * bits.itemsize for stride in strides])
    if wide:
        bits32 = np.array(view, np.uint32, order="C")
        return np.left_shift(bits32, 16, out=bits32).view(np.float32)
    if tensor.type_name == "bool":
        return np.asarray(np.not_equal(view.view(np.uint8), 0, order="C"))  # of no axes, too
    return np.array(view, bits, order="C")


def _array_of_numpy(array: NumpyArray, budget: Budget) -> np.ndarray:
    if array.type is None:
        raise malformed_error("NumPy array")
    dtype = array.type.dtype()
    if min((0, *array.shape)) < 0 or math.prod(array.shape) * dtype.itemsize != len(array.contents):
        raise malformed_error("NumPy array")
    if math.prod(max(size, 1) for size in array.shape) > 2**40:
        raise too_large(budget.limit)
    budget.spend(256 + len(array.contents))
    numbers = np.frombuffer(array.contents, np.uint8 if dtype.kind == "b" else dtype)
    numbers = numbers.reshape(array.shape, order="F" if array.fortran else "C")
    return np.asarray(np.not_equal(numbers, 0, order="C")) if dtype.kind == "b" else np.array(numbers, dtype.newbyteorder("="), order="C")
