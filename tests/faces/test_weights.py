import importlib.metadata
import sys

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.faces import weights as weight_files
from semgan.faces.weights import installed_weights, read_weights
from tests.faces import fake_weights

FILES = ("pnet.lz4", "rnet.lz4", "onet.lz4")


@pytest.fixture
def lz4_frame():
    return pytest.importorskip("lz4.frame")


def test_files_as_joblib_writes_them_are_read_to_the_bit(lz4_frame, tmp_path):
    expected = fake_weights.weights()
    for name, arrays in zip(FILES, expected, strict=True):
        (tmp_path / name).write_bytes(lz4_frame.compress(fake_weights.joblib_bytes(arrays)))
    for arrays, others in zip(read_weights(tmp_path), expected, strict=True):
        for one, other in zip(arrays, others, strict=True):
            np.testing.assert_array_equal(one, other)


def test_records_are_read_without_lz4():
    expected = fake_weights.weights().refinement
    import io

    arrays = weight_files._Unpickler(io.BytesIO(fake_weights.joblib_bytes(expected))).load_arrays()
    for one, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("contents", [fake_weights.hostile_bytes(), fake_weights.joblib_bytes([np.zeros(3, np.float32)], ("os", "system"))])
def test_names_that_could_run_code_are_refused(contents):
    import io
    import pickle

    with pytest.raises(pickle.UnpicklingError, match="needs"):
        weight_files._Unpickler(io.BytesIO(contents)).load_arrays()


def test_missing_package_says_what_to_install(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    installed_weights.cache_clear()
    with pytest.raises(UserError, match=r"pip install 'semgan\[faces\]'"):
        installed_weights()


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: b"no frame"])
def test_damaged_file_is_named(lz4_frame, tmp_path, spoil):
    for name, arrays in zip(FILES, fake_weights.weights(), strict=True):
        (tmp_path / name).write_bytes(lz4_frame.compress(fake_weights.joblib_bytes(arrays)))
    (tmp_path / "rnet.lz4").write_bytes(spoil((tmp_path / "rnet.lz4").read_bytes()))
    with pytest.raises(UserError, match=r"rnet\.lz4 is damaged or not of mtcnn 1\.0.*pip install"):
        read_weights(tmp_path)


def test_other_shapes_are_refused(lz4_frame, tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes(lz4_frame.compress(fake_weights.joblib_bytes([np.zeros((2, 2), np.float32)])))
    with pytest.raises(UserError, match=r"pnet\.lz4 is damaged or not of mtcnn 1\.0 \(the arrays have other shapes"):
        read_weights(tmp_path)


def test_installed_weights_are_read_without_importing_the_package():
    pytest.importorskip("lz4.frame")
    try:
        importlib.metadata.distribution("mtcnn")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("mtcnn is not installed")
    installed_weights.cache_clear()
    assert [len(each) for each in installed_weights()] == [13, 16, 21]
    assert not {"mtcnn", "tensorflow", "joblib"} & sys.modules.keys()
