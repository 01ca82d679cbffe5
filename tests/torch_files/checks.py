"""What the tests of the restricted reader share: sound data, the ways to write it, and what a refusal looks like."""

import io
import zipfile

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.torch_files import reader
from tests.torch_files import old_format

RNG = np.random.default_rng(0)
TENSORS = {
    "double": RNG.normal(size=(3, 2)),
    "float": RNG.normal(size=(2, 3, 4)).astype(np.float32),
    "half": RNG.normal(size=5).astype(np.float16),
    "long": RNG.integers(-(2**60), 2**60, (2, 2)),
    "int": RNG.integers(-9, 9, 3, np.int32),
    "short": np.array([-3, 4], np.int16),
    "char": np.array([-128, 127], np.int8),
    "byte": np.array([[0], [255]], np.uint8),
    "bool": np.array([True, False, True]),
    "number": np.array(2.5, np.float32),
    "nothing": np.zeros((0, 4), np.float32),
}
FILES = {
    "zip": old_format.zip_file,
    "deflated": lambda data, **options: old_format.zip_file(data, compression=zipfile.ZIP_DEFLATED, **options),
    "old": old_format.old_file,
    "plain": old_format.plain_file,
}
kinds = pytest.mark.parametrize("kind", FILES)


def read(contents):
    return reader.read_bytes(contents, "a.pth")


def refused(contents, because):
    with pytest.raises(UserError, match=because) as caught:
        read(contents)
    message = str(caught.value)
    assert message.startswith("a.pth ")
    assert len(message) < 400
    assert "\n" not in message


def assert_same(got, want):
    assert list(got) == list(want)
    for name, array in want.items():
        assert got[name].dtype == array.dtype
        assert got[name].flags.c_contiguous
        assert got[name].flags.writeable
        np.testing.assert_array_equal(got[name], array)


def members_of(contents):
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, contents in members:
            archive.writestr(name, contents)
    return file.getvalue()
