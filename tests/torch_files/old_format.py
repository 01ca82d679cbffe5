"""Writes what PyTorch and the projects around it write, of any kind and of any malice, from NumPy arrays and without PyTorch.

Python's own pickler in Python does the work; names are written without being looked up, and arrays as tensors over storages.
"""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}


class Name(NamedTuple):
    """A name, written whether or not there is such a thing."""

    module: str
    name: str


class Call(NamedTuple):
    """REDUCE, and BUILD where there is a state."""

    function: Any
    args: Any
    state: Any = None


class New(NamedTuple):
    """NEWOBJ, and BUILD where there is a state."""

    kind: Name
    state: Any = None
    args: Any = ()


class Persistent(NamedTuple):
    """BINPERSID."""

    identifier: Any


class View(NamedTuple):
    """A tensor of any shape over an array's bytes."""

    base: np.ndarray
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Lone(NamedTuple):
    """An array's storage by itself."""

    array: np.ndarray


class Raw(NamedTuple):
    """Operations as they are."""

    operations: bytes


TENSOR = Name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = Name("torch._utils", "_rebuild_parameter")
PERSISTENT = Name("torch_utils.persistence", "_reconstruct_persistent_obj")
LOAD_BYTES = Name("torch.storage", "_load_from_bytes")
ORDERED = Name("collections", "OrderedDict")


class _Pickler(pickle._Pickler):  # pyright: ignore[reportAttributeAccessIssue]
    """What is between `Name` and `Raw` above is written as what it says; arrays by `storage`."""

    def __init__(self, file, protocol, storage):
        super().__init__(file, protocol)
        self._storage = storage

    def save(self, obj, save_persistent_id=True):
        match obj:
            case Raw(operations):
                self.write(operations)
            case Name(module, name):
                self.write(b"c" + f"{module}\n{name}\n".encode())
            case Call(function, args, state):
                self.save(function)
                self.save(args)
                self.write(b"R")
                self._build(state)
            case New(kind, state, args):
                self.save(kind)
                self.save(args)
                self.write(b"\x81")
                self._build(state)
            case Persistent(identifier):
                self.save(identifier)
                self.write(b"Q")
            case _Lone(array):
                self.save(self._storage(array))
            case np.ndarray():
                strides = tuple(stride // obj.itemsize for stride in np.empty(obj.shape, obj.dtype).strides)
                self.save(View(obj, 0, obj.shape, strides))
            case View(base, offset, shape, strides):
                self.save(Call(TENSOR, (self._storage(base), offset, shape, strides, False, Call(ORDERED, ()))))
            case _:
                super().save(obj)

    def _build(self, state):
        if state is not None:
            self.save(state)
            self.write(b"b")


def pickled(data, protocol=2, storage=None):
    """One pickle; `storage(array)` says what stands for an array's storage."""
    file = io.BytesIO()
    _Pickler(file, protocol, storage).dump(data)
    return file.getvalue()


class _Storages:
    """Storages by key, and the persistent ids that mean them."""

    def __init__(self, old, type_of):
        self.arrays = {}
        self._old = old
        self._type_of = type_of

    def __call__(self, array):
        key = str(94_000_000 + 16 * next((k for k, known in enumerate(self.arrays.values()) if known is array), len(self.arrays)))
        self.arrays[key] = array
        kind = Name("torch", self._type_of(array))
        identifier = ("storage", kind, key, "cuda:0", array.size)
        return Persistent((*identifier, None) if self._old else identifier)


def _type_of(array):
    return STORAGES[array.dtype.name]


def old_file(data, protocol=2, *, machine=MACHINE, type_of=_type_of, storage_alone=None):
    """`torch.save(data, _use_new_zipfile_serialization=False)`; of a lone storage where `storage_alone` is its array."""
    storages = _Storages(True, type_of)
    body = pickled(data if storage_alone is None else _Lone(storage_alone), protocol, storages)
    heads = b"".join(pickled(part) for part in (MAGIC_NUMBER, 1001, machine))
    ends = b"".join(struct.pack("<q", array.size) + array.tobytes() for array in storages.arrays.values())
    return heads + body + pickled(list(storages.arrays)) + ends


def zip_file(data, protocol=2, *, compression=zipfile.ZIP_STORED, folder="archive", order=b"little", type_of=_type_of, **members):
    """`torch.save(data)`; `members` are further ones."""
    storages = _Storages(False, type_of)
    body = pickled(data, protocol, storages)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(f"{folder}/data.pkl", body)
        if order is not None:
            archive.writestr(f"{folder}/byteorder", order)
        for key, array in storages.arrays.items():
            dtype = array.dtype.newbyteorder(">" if order == b"big" else "<")
            archive.writestr(f"{folder}/data/{key}", array.astype(dtype).tobytes())
        archive.writestr(f"{folder}/version", b"3\n")
        for name, contents in members.items():
            archive.writestr(f"{folder}/{name}", contents)
    return file.getvalue()


def zip_storage(array, compression):
    """`torch.save` of a lone storage."""
    return zip_file(_Lone(array), compression=compression)


def plain_file(data, protocol=4):
    """`pickle.dump(data)` of a process with PyTorch: a network pickle."""
    return pickled(data, protocol, lambda array: Call(LOAD_BYTES, (old_file(None, storage_alone=array),)))


def parameter(array):
    """`torch.nn.Parameter`."""
    return Call(PARAMETER, (array, True, Call(ORDERED, ())))


def module_state(parameters=(), buffers=(), modules=(), **attributes):
    """The attributes of a `torch.nn.Module`."""
    ordered = [OrderedDict(part) for part in (parameters, buffers, modules)]
    return {
        "training": False,
        "_parameters": OrderedDict((name, parameter(value)) for name, value in ordered[0].items()),
        "_buffers": ordered[1],
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_modules": ordered[2],
        **attributes,
    }


def persistent(class_name, state, module_src="raise RuntimeError('this text must never run')"):
    """An object of a class that StyleGAN2-ADA's `persistence` made persistent."""
    meta = {"type": "class", "version": 6, "module_src": module_src, "class_name": class_name, "state": state}
    return Call(PERSISTENT, (meta,))
