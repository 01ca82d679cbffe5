"""The list of names that a PyTorch file may use, and the passive record that each of them makes.

Nothing is ever imported or looked up by a name from a file: a name is a key of the table below, or the file is refused.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semgan.errors import UserError
from semgan.torch_files.values import (
    DICT,
    ITEM,
    RECORD,
    SET,
    TYPES,
    Budget,
    NumpyArray,
    NumpyType,
    Record,
    Storage,
    Tensor,
    excerpt,
    malformed_error,
)


@dataclass(slots=True, eq=False)
class Context:
    """The state that the makers of records share.

    Attributes:
      load_storage: reads a storage that was saved as a separate file, `torch.storage._load_from_bytes`.
    """

    budget: Budget
    load_storage: Callable[[bytes], Storage]


@dataclass(slots=True, eq=False)
class Global:
    """An allowed name.

    Attributes:
      name: with its module.
      call: what calling it with arguments makes; None where it may not be called.
      new: an object of it without arguments; None where it has none.
      storage: of a storage's class, what its numbers are (a key of `TYPES`).
    """

    name: str
    call: Callable[[Context, tuple[Any, ...]], Any] | None = None
    new: Callable[[Context], Any] | None = None
    storage: str | None = None


def find(module: str, name: str) -> Global | str:
    """The allowed name, or the text that stands for it ("bfloat16" for `torch.bfloat16`).

    Raises:
      UserError: the name is not on the list.
    """
    if module == "torch" and name in TYPES:
        return name
    if (allowed := _GLOBALS.get((module, name))) is not None:
        return allowed
    if _MODULES.fullmatch(module) and _NAME.fullmatch(name):
        full = f"{module}.{name}"
        return Global(full, new=lambda context: _record(context, full))
    raise UserError(f"needs {excerpt(module)}.{excerpt(name)}, which could run code: use a file of tensors and plain data only")


def check_key(key: Any) -> Any:
    """A key of a dict or a member of a set, which no file can make slow to compare or deep to hash."""
    if key is None or type(key) in (str, bool) or (type(key) is int and -(2**63) <= key < 2**63):
        return key
    raise malformed_error("key of a dict, which is neither a string nor an integer")


def are_sizes(values: tuple[Any, ...]) -> bool:
    """Returns whether a tuple can be a shape, or strides."""
    return len(values) <= _MOST_AXES and all(type(value) is int for value in values)


_MOST_AXES = 32
_MODULES = re.compile(r"torch\.nn\.modules(\.\w+)+|R3GAN\.(Networks|Resamplers|FusedOperators)|training\.networks", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def _record(context: Context, class_name: str | None) -> Record:
    context.budget.spend(RECORD)
    return Record(class_name)


def _tensor(context: Context, args: tuple[Any, ...]) -> Tensor:
    """`_rebuild_tensor(storage, offset, size, stride)`; _v2 adds (requires_grad, hooks, metadata)."""
    match args:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), *rest) if are_sizes(shape) and are_sizes(strides):
            if len(rest) > 2 and rest[2]:
                raise UserError("holds a tensor with a pending conjugate or negation: save its resolved copy")
            context.budget.spend(RECORD)
            return Tensor(storage, storage.type_name, offset, shape, strides)
    raise malformed_error("tensor")


def _tensor_v3(context: Context, args: tuple[Any, ...]) -> Tensor:
    """`_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, type, metadata)`."""
    tensor = _tensor(context, args[:6] + args[7:])
    match args[6:7]:
        case (str(type_name),) if type_name in TYPES:
            tensor.type_name = type_name
            return tensor
    raise malformed_error("tensor")


def _parameter(context: Context, args: tuple[Any, ...]) -> Any:
    """`_rebuild_parameter(data, requires_grad, hooks)`; `_with_state` adds Python attributes."""
    if not args or not isinstance(args[0], Tensor):
        raise malformed_error("parameter")
    return args[0]


def _dict(context: Context, args: tuple[Any, ...]) -> dict[Any, Any]:
    """`OrderedDict()`, or of a list of pairs as Python 2 pickled it."""
    pairs = args[0] if len(args) == 1 else []
    if len(args) > 1 or type(pairs) is not list or not all(type(pair) in (list, tuple) and len(pair) == 2 for pair in pairs):
        raise malformed_error("OrderedDict")
    context.budget.spend(DICT + ITEM * len(pairs))
    return {check_key(key): value for key, value in pairs}


def _empty_dict(context: Context, args: tuple[Any, ...] = ()) -> dict[Any, Any]:
    """`defaultdict(factory)`: what is missing stays missing."""
    context.budget.spend(DICT)
    return {}


def _set(context: Context, args: tuple[Any, ...]) -> set[Any]:
    if len(args) > 1 or (args and type(args[0]) is not list):
        raise malformed_error("set")
    members = args[0] if args else []
    context.budget.spend(SET + ITEM * len(members))
    return {check_key(member) for member in members}


def _bytes(context: Context, args: tuple[Any, ...]) -> bytes:
    """`bytes()` and `_codecs.encode(text, "latin1")`, which is how bytes look in old protocols."""
    match args:
        case ():
            return b""
        case (str(text), "latin1") if not text or max(text) <= "\xff":
            context.budget.spend(64 + len(text))
            return text.encode("latin1")
        case (bytes(contents),):  # bytearray(b"...")
            return contents
    raise malformed_error("bytes")


def _size(context: Context, args: tuple[Any, ...]) -> tuple[int, ...]:
    match args:
        case (tuple(shape),) if are_sizes(shape):
            return shape
    raise malformed_error("torch.Size")


def _device(context: Context, args: tuple[Any, ...]) -> str:
    match args:
        case (str(kind),) if len(kind) < 32:
            return kind
        case (str(kind), int(index)) if len(kind) < 32 and type(index) is int:
            return f"{kind}:{index}"
    raise malformed_error("torch.device")


def _storage_of_bytes(context: Context, args: tuple[Any, ...]) -> Storage:
    match args:
        case (bytes(contents),):
            return context.load_storage(contents)
    raise malformed_error("storage")


def _persistent(context: Context, args: tuple[Any, ...]) -> Record:
    """`_reconstruct_persistent_obj(meta)` of StyleGAN2-ADA's `torch_utils.persistence`. `meta["module_src"]` is left behind."""
    match args:
        case ({"type": "class", "version": int(), "class_name": str(class_name), "state": dict(state)},):
            context.budget.spend(RECORD)
            return Record(class_name, state)
    raise malformed_error("persistent object")


def _numpy_type(context: Context, args: tuple[Any, ...]) -> NumpyType:
    match args:
        case (str(code), *_):
            context.budget.spend(RECORD)
            return NumpyType(code)
    raise malformed_error("NumPy type")


def _numpy_array(context: Context, args: tuple[Any, ...]) -> NumpyArray:
    """`_reconstruct(ndarray, (0,), b"b")`: an empty array, whose state follows."""
    if len(args) != 3 or args[0] is not _NDARRAY:
        raise malformed_error("NumPy array")
    context.budget.spend(RECORD)
    return NumpyArray()


def _numpy_frombuffer(context: Context, args: tuple[Any, ...]) -> NumpyArray:
    """`_frombuffer(contents, type, shape, order)`, since protocol 5."""
    match args:
        case (bytes(contents), NumpyType() as kind, tuple(shape), "C" | "F" as order) if are_sizes(shape):
            context.budget.spend(RECORD)
            return NumpyArray(kind, shape, order == "F", contents)
    raise malformed_error("NumPy array")


def _numpy_scalar(context: Context, args: tuple[Any, ...]) -> Any:
    """`scalar(type, contents)` as Python's own number."""
    match args:
        case (NumpyType() as kind, bytes(contents)):
            dtype = kind.dtype()
            if len(contents) != dtype.itemsize:
                raise malformed_error("NumPy number")
            if dtype.kind == "b":
                return contents != b"\0"
            if dtype.kind == "f":
                letter = {2: "e", 4: "f", 8: "d"}[dtype.itemsize]
                return struct.unpack((">" if kind.order == ">" else "<") + letter, contents)[0]
            return int.from_bytes(contents, "big" if kind.order == ">" else "little", signed=dtype.kind == "i")
    raise malformed_error("NumPy number")


_NDARRAY = Global("numpy.ndarray")


def _table() -> dict[tuple[str, str], Global]:
    calls: dict[str, Callable[[Context, tuple[Any, ...]], Any]] = {
        "torch._utils._rebuild_tensor": _tensor,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _tensor_v3,
        "torch._utils._rebuild_parameter": _parameter,
        "torch._utils._rebuild_parameter_with_state": _parameter,
        "torch.storage._load_from_bytes": _storage_of_bytes,
        "torch.Size": _size,
        "torch.device": _device,
        "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
        "collections.OrderedDict": _dict,
        "collections.defaultdict": _empty_dict,
        "_codecs.encode": _bytes,
        "numpy.dtype": _numpy_type,
    }
    for builtins in ("builtins", "__builtin__"):  # of Python 3, and of protocol 2
        calls |= {f"{builtins}.set": _set, f"{builtins}.bytes": _bytes, f"{builtins}.bytearray": _bytes}
    for core in ("numpy.core", "numpy._core"):  # of NumPy 1 and 2
        calls |= {f"{core}.multiarray._reconstruct": _numpy_array, f"{core}.multiarray.scalar": _numpy_scalar}
        calls[f"{core}.numeric._frombuffer"] = _numpy_frombuffer
    entries = [Global(name, call=call) for name, call in calls.items()]
    entries += [Global(f"{builtins}.{name}") for builtins in ("builtins", "__builtin__") for name in ("dict", "list", "int", "float")]
    entries += [_NDARRAY, Global("argparse.Namespace", new=lambda context: _record(context, None))]
    entries += [Global(name, new=_empty_dict) for name in ("dnnlib.EasyDict", "dnnlib.util.EasyDict")]
    entries += [Global(f"torch.{name}", storage=kind) for name, kind in STORAGES.items()]
    entries += [Global(f"torch.storage.{name}", storage="uint8") for name in ("UntypedStorage", "_UntypedStorage")]
    return {(entry.name.rpartition(".")[0], entry.name.rpartition(".")[2]): entry for entry in entries}


STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
"""Storages' classes in the module torch, and what their numbers are (keys of `TYPES`)."""
_GLOBALS = _table()
