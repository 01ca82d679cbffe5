"""Reads datasets that tfds prepared, TFRecord or array_record, by themselves: neither TensorFlow nor tfds is imported.

A record is a serialized `tf.train.Example`. Its protocol-buffer messages, by field number:
`Example {1: Features}`, `Features {1: map<string, Feature>}`, `Feature {1: BytesList, 2: FloatList, 3: Int64List}`, and each
list has its values in field 1.
"""

import functools
import json
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader

from semgan.errors import UserError

_FORMATS = ("array_record", "tfrecord")
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5  # wire types


class Shard(Protocol):
    """One file of records."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> bytes: ...


class Records(NamedTuple):
    """A split's records over all of its files."""

    shards: tuple[Shard, ...]
    ends: np.ndarray  # int64: records up to and with each shard

    def __call__(self, index: int) -> bytes:
        """The record at `index`, in [0, count)."""
        shard = int(np.searchsorted(self.ends, index, side="right"))
        return self.shards[shard][index - int(self.ends[shard] - len(self.shards[shard]))]

    @property
    def count(self) -> int:
        return int(self.ends[-1])


@functools.lru_cache(maxsize=8)
def open_records(folder: Path, split: str) -> Records:
    """Opens a split of a prepared dataset: a folder with `dataset_info.json`.

    Raises:
      UserError: files or records are missing, or files are damaged or of another format.
    """
    lengths = split_lengths(folder)
    if split not in lengths:
        raise UserError(f"{folder}: has no split {split!r}, only: {', '.join(lengths) or 'none'}")
    for kind, opener in zip(_FORMATS, (_ArrayRecordShard, _TfrecordShard), strict=True):
        paths = sorted(folder.glob(f"*-{split}.{kind}-*-of-*"))
        if not paths:
            continue
        shards = tuple(map(opener, paths))
        counts = [len(shard) for shard in shards]
        if counts != lengths[split]:
            raise UserError(
                f"{folder}: dataset_info.json says {sum(lengths[split]):,} {split} records in {len(lengths[split])} files, but "
                f"{sum(counts):,} in {len(counts)} are there; copy the folder again"
            )
        return Records(shards, np.cumsum(counts, dtype=np.int64))
    raise UserError(f"{folder}: has no {split} files of format {' or '.join(_FORMATS)}; prepare it again in one of them")


def split_lengths(folder: Path) -> dict[str, list[int]]:
    """Records in each file of each split, as `dataset_info.json` says."""
    path = folder / "dataset_info.json"
    try:
        splits = json.loads(path.read_bytes())["splits"]
        return {split["name"]: [int(length) for length in split.get("shardLengths", ())] for split in splits}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: is not a description of a prepared dataset ({error!r})") from error


def parse_example(record: bytes) -> dict[str, list[bytes] | np.ndarray]:
    """A `tf.train.Example` as a dict: lists of bytes, int64 arrays and float32 arrays by feature name.

    Raises:
      ValueError: the bytes are not such a message.
    """
    try:
        features = {}
        for message in _messages(memoryview(record), 1):
            for entry in _messages(message, 1):
                name = next(_messages(entry, 1))
                features[bytes(name).decode()] = _feature(next(_messages(entry, 2), memoryview(b"")))
        return features
    except (IndexError, struct.error, StopIteration, UnicodeDecodeError) as error:
        raise ValueError("not a tf.train.Example") from error


def _feature(feature: memoryview) -> list[bytes] | np.ndarray:
    for values in _messages(feature, 1):
        return [bytes(value) for value in _messages(values, 1)]
    for values in _messages(feature, 2):
        return np.frombuffer(b"".join(_messages(values, 1)), "<f4")
    for values in _messages(feature, 3):
        return np.array([number for _, value in _fields(values) for number in _integers(value)], np.int64)
    return []


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The values of one field that are bytes or messages themselves."""
    for field, value in _fields(message):
        if field == number:
            if isinstance(value, int):
                raise ValueError("a number stands where a message should")
            yield value


def _integers(value: int | memoryview) -> Iterator[int]:
    """One plain varint, or many packed ones; as signed 64 bits."""
    if isinstance(value, int):
        yield value - (value >> 63 << 64)
        return
    place = 0
    while place < len(value):
        number, place = _varint(value, place)
        yield number - (number >> 63 << 64)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """`(field number, value)` of a message; varints as unsigned integers, the rest as bytes."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        value: memoryview | int
        if wire == _VARINT:
            value, place = _varint(message, place)
        else:
            if wire == _DELIMITED:
                length, place = _varint(message, place)
            elif wire in (_FIXED32, _FIXED64):
                length = 4 if wire == _FIXED32 else 8
            else:
                raise ValueError(f"unknown wire type {wire}")
            value, place = message[place : place + length], place + length
            if place > len(message):
                raise ValueError("a field is cut short")
        yield number, value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value & (2**64 - 1), place
        if shift > 63:
            raise ValueError("a number is too long")


class _ArrayRecordShard:
    """Riegeli checks its own hashes."""

    def __init__(self, path: Path):
        self._path = path
        self._reader = ArrayRecordReader(str(path))
        self._count = self._reader.num_records()
        if not self._reader.ok():
            raise UserError(f"{path}: is damaged, cut short or not an array_record file; copy it again")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> bytes:
        try:
            return self._reader.read([index])[0]
        except RuntimeError as error:
            raise UserError(f"{self._path}: record {index} is damaged; copy the file again") from error


class _TfrecordShard:
    """A memory map whose records are found by hopping over their lengths: uint64 length, 4 bytes, data, 4 bytes."""

    def __init__(self, path: Path):
        with open(path, "rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise UserError(f"{path}: is empty; copy it again") from error
        self._starts, self._ends, place = [], [], 0
        while place < len(self._map):
            if place + 12 > len(self._map):
                raise _cut_short(path, len(self._starts))
            (length,) = struct.unpack_from("<Q", self._map, place)
            self._starts.append(place + 12)
            self._ends.append(place + 12 + length)
            place += 16 + length
            if place > len(self._map):
                raise _cut_short(path, len(self._starts) - 1)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> bytes:
        return self._map[self._starts[index] : self._ends[index]]


def _cut_short(path: Path, records: int) -> UserError:
    return UserError(f"{path}: is cut short or damaged after record {records:,}; copy it again")
