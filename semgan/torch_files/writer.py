"""Writes PyTorch's zip format from NumPy arrays and plain data, for `torch.load(path, weights_only=True)`.

The members are those that `semgan.torch_files.containers` describes; all of them are stored, and the arrays' bytes begin at multiples
of 64, as PyTorch lays them for memory mapping. The same data gives the same bytes.
"""

import collections
import io
import struct
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from semgan.errors import UserError
from semgan.files import write_whole
from semgan.torch_files.globals import STORAGES

_STORAGES = {kind: name for name, kind in STORAGES.items() if name != "UntypedStorage"}
_ALIGNMENT = 64
_FOLDER = "archive"


def write(path: str | Path, data: Any) -> None:
    """Writes the file, complete or not at all.

    Args:
      data: nested dict, `collections.OrderedDict`, list, tuple, str, int, float, bool, None, and arrays of the types that PyTorch
        has (bfloat16 as `ml_dtypes` has it); NumPy's numbers become Python's. An array that occurs twice is written once, and
        its tensors share their storage.

    Raises:
      UserError: the folder cannot be written to.
      TypeError: `data` holds anything else.
    """
    path = Path(path)
    try:
        write_whole(path, to_bytes(data))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): free the disk or choose another place") from error


def to_bytes(data: Any) -> bytes:
    """The file's bytes; see `write`."""
    pickler = _Pickler()
    pickle = pickler.pickle(data)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, file, "data.pkl", pickle)
        _add(archive, file, "byteorder", sys.byteorder.encode())
        for key, array in enumerate(pickler.arrays):
            _add(archive, file, f"data/{key}", array.tobytes())
        _add(archive, file, "version", b"3\n")
    return file.getvalue()


def _add(archive: zipfile.ZipFile, file: io.BytesIO, name: str, contents: bytes) -> None:
    """Adds a member whose contents begin at a multiple of `_ALIGNMENT`, behind an extra field of zeros."""
    info = zipfile.ZipInfo(f"{_FOLDER}/{name}")
    head = file.tell() + 30 + len(info.filename) + 4
    padding = -head % _ALIGNMENT
    info.extra = b"FB" + struct.pack("<H", padding) + bytes(padding)
    archive.writestr(info, contents)


class _Pickler:
    """Protocol 2, without a memo: what PyTorch's own restricted reader understands.

    Attributes:
      arrays: the storages, by key.
    """

    def __init__(self):
        self.arrays: list[np.ndarray] = []
        self._keys: dict[int, int] = {}

    def pickle(self, data: Any) -> bytes:
        return b"\x80\x02" + self._value(data) + b"."

    def _value(self, value: Any) -> bytes:
        if isinstance(value, np.generic):
            value = value.item()
        match value:
            case None:
                return b"N"
            case bool():
                return b"\x88" if value else b"\x89"
            case int():
                return _integer(value)
            case float():
                return b"G" + struct.pack(">d", value)
            case str():
                return _text(value)
            case np.ndarray():
                return self._tensor(value)
            case collections.OrderedDict():
                return b"ccollections\nOrderedDict\n)R" + self._items(value)
            case dict():
                return b"}" + self._items(value)
            case list():
                return b"](" + self._each(value) + b"e"
            case tuple():
                return b"(" + self._each(value) + b"t"
        raise TypeError(f"a {type(value).__name__} cannot be written to a PyTorch file: plain data and NumPy arrays can")

    def _each(self, values: Iterable[Any]) -> bytes:
        return b"".join(map(self._value, values))

    def _items(self, value: dict[Any, Any]) -> bytes:
        return b"(" + b"".join(self._value(key) + self._value(item) for key, item in value.items()) + b"u"

    def _tensor(self, array: np.ndarray) -> bytes:
        """`_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`, strides in elements."""
        storage = _STORAGES.get(array.dtype.name)
        if storage is None:
            raise TypeError(f"PyTorch has no tensors of NumPy's type {array.dtype}")
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        key = self._keys.setdefault(id(array), len(self.arrays))
        if key == len(self.arrays):
            self.arrays.append(array)
        strides = tuple(int(np.prod(array.shape[axis + 1 :], dtype=np.int64)) for axis in range(array.ndim))
        identifier = b"(" + _text("storage") + f"ctorch\n{storage}\n".encode() + self._each((str(key), "cpu", array.size)) + b"tQ"
        rest = self._each((0, array.shape, strides, False, collections.OrderedDict()))
        return b"ctorch._utils\n_rebuild_tensor_v2\n(" + identifier + rest + b"tR"


def _integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    contents = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if len(contents) > 255:
        raise TypeError(f"an integer of {value.bit_length()} bits cannot be written to a PyTorch file")
    return b"\x8a" + bytes([len(contents)]) + contents


def _text(value: str) -> bytes:
    contents = value.encode()
    return b"X" + struct.pack("<I", len(contents)) + contents
