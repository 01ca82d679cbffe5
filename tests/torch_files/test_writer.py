"""The writer of PyTorch's zip format."""

from collections import OrderedDict

import ml_dtypes
import numpy as np
import pytest

from semgan.errors import UserError
from semgan.torch_files import reader, writer
from tests.torch_files.checks import TENSORS, assert_same, members_of, read


def test_what_the_writer_writes_reads_back_the_same(tmp_path):
    path = tmp_path / "folder" / "net.pth"
    data = OrderedDict(tensors=OrderedDict(TENSORS), plain=[1, -1, 2**31, -(2**80), 0.5, True, None, "é", ("a", ()), {}, {3: "x"}])
    writer.write(path, data)
    got = reader.read(path)
    assert_same(got["tensors"], TENSORS)
    assert got["plain"] == data["plain"]
    assert list(map(type, got["plain"])) == list(map(type, data["plain"]))
    first = path.read_bytes()
    writer.write(path, data)
    assert path.read_bytes() == first


def test_the_writer_takes_views_other_byte_orders_and_numpy_numbers():
    turned = TENSORS["float"].transpose(2, 0, 1)
    data = {
        "turned": turned,
        "big": np.arange(3, dtype=">f4"),
        "wide": TENSORS["half"].astype(ml_dtypes.bfloat16),
        "shared": [turned, turned],
        "one": np.float32(0.5),
    }
    contents = writer.to_bytes(data)
    got = read(contents)
    np.testing.assert_array_equal(got["turned"], turned)
    np.testing.assert_array_equal(got["big"], [0, 1, 2])
    np.testing.assert_array_equal(got["wide"], data["wide"].astype(np.float32))
    assert got["one"] == 0.5
    assert sum("/data/" in name for name in members_of(contents)) == 3


def test_stored_arrays_begin_at_multiples_of_64():
    contents = writer.to_bytes(TENSORS)
    for name in ("double", "float", "long"):
        assert contents.index(TENSORS[name].tobytes()) % 64 == 0


def test_the_writer_names_what_it_cannot_write(tmp_path):
    for bad, because in (
        ({1, 2}, "a set cannot"),
        (np.zeros(2, complex), "complex128"),
        (1 << 5000, "an integer of 5001 bits"),
        (b"x", "a bytes cannot"),
    ):
        with pytest.raises(TypeError, match=because):
            writer.to_bytes({"a": [bad]})
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        writer.write(tmp_path / "file" / "net.pth", {})
