"""Records of a prepared dataset are read without TensorFlow, and damaged ones are refused."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semgan.data.records import open_records, parse_example
from semgan.errors import UserError


def field(number: int, data: bytes) -> bytes:
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def feature(name: str, kind: int, values: bytes) -> bytes:
    return field(1, field(1, name.encode()) + field(2, field(kind, values)))


def test_example_by_hand():
    """Bytes by the protocol-buffer encoding: -1 is ten bytes of varint, 300 is AC 02."""
    packed = field(1, b"\xac\x02" + b"\xff" * 9 + b"\x01")
    loose = b"\x08\x05\x08\x06"
    record = field(
        1,
        feature("i", 3, packed) + feature("l", 3, loose) + feature("b", 1, field(1, b"xy") + field(1, b"")) + feature("e", 3, b""),
    )
    floats = field(1, feature("f", 2, field(1, struct.pack("<2f", 0.5, -2.0))))
    example = parse_example(record + floats)
    assert {key: list(value) for key, value in example.items()} == {
        "i": [300, -1], "l": [5, 6], "b": [b"xy", b""], "e": [], "f": [0.5, -2.0],
    }  # fmt: skip
    assert np.asarray(example["i"]).dtype == np.int64


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_value_error(data):
    with contextlib.suppress(ValueError):
        assert isinstance(parse_example(data), dict)


def write_info(folder, **lengths: int):
    folder.mkdir(exist_ok=True)
    splits = [{"name": name, "shardLengths": [str(length)]} for name, length in lengths.items()]
    (folder / "dataset_info.json").write_text(json.dumps({"splits": splits}))
    return folder


def test_missing_files_and_records_are_told(tmp_path):
    folder = write_info(tmp_path / "a", train=3)
    with pytest.raises(UserError, match="has no train files of format array_record or tfrecord"):
        open_records(folder, "train")
    with pytest.raises(UserError, match="has no split 'test', only: train"):
        open_records(folder, "test")
    (folder / "x-train.tfrecord-00000-of-00001").write_bytes(struct.pack("<Q", 2) + bytes(4) + b"ab" + bytes(4))
    with pytest.raises(UserError, match="says 3 train records in 1 files, but 1 in 1 are there"):
        open_records(folder, "train")


def test_damaged_files_are_told(tmp_path):
    folder = write_info(tmp_path / "a", train=3)
    (folder / "x-train.array_record-00000-of-00001").write_bytes(b"junk" * 100)
    with pytest.raises(UserError, match="00000-of-00001: is damaged, cut short or not an array_record file"):
        open_records(folder, "train")
    (folder / "dataset_info.json").write_text("{")
    with pytest.raises(UserError, match="is not a description of a prepared dataset"):
        open_records(folder, "train")
