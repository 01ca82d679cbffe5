import errno
import hashlib
import json
import os

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from semgan.errors import UserError
from semgan.snapshot import read_snapshot, write_snapshot

PARAMS = {"generator": {"from_rgb": {"kernel": np.arange(3, dtype=np.float32)[None], "bias": np.float32(0.5)}}}
CONFIG = {"algorithm": "x", "domains": ("a", "b"), "text": 'a "sha256":"0" in quotes', "none": None}
META = {"domains": ["a", "ü"], "kimg": 1.5}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "snapshot.safetensors"
    write_snapshot(path, PARAMS, CONFIG, META)
    return path


def test_snapshot_comes_back_as_written(path):
    snapshot = read_snapshot(path)
    kernel, bias = (snapshot.params["generator"]["from_rgb"][name] for name in ("kernel", "bias"))
    np.testing.assert_array_equal(kernel, [[0, 1, 2]], strict=False)
    assert kernel.dtype == np.float32
    assert bias.shape == ()
    assert bias == 0.5
    assert snapshot.config == {**CONFIG, "domains": ["a", "b"]}
    assert snapshot.meta == META


def test_digest_is_of_the_file_with_zeros_in_its_place(path):
    contents = path.read_bytes()
    length = int.from_bytes(contents[:8], "little")
    digest = json.loads(contents[8 : 8 + length])["__metadata__"]["sha256"]
    assert contents.count(digest.encode()) == 1
    assert hashlib.sha256(contents.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


def test_other_readers_of_safetensors_read_it(path):
    assert sorted(load_file(path)) == ["generator/from_rgb/bias", "generator/from_rgb/kernel"]


def test_same_input_gives_same_bytes(path, tmp_path):
    write_snapshot(tmp_path / "again.safetensors", PARAMS, CONFIG, META)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_transposed_array_keeps_its_values(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    write_snapshot(tmp_path / "s.safetensors", {"n": {"a": array}}, {}, {})
    np.testing.assert_array_equal(read_snapshot(tmp_path / "s.safetensors").params["n"]["a"], array)


def test_every_flipped_bit_is_detected_and_the_file_named(path):
    contents = path.read_bytes()
    for place in range(len(contents)):
        flipped = bytearray(contents)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(UserError, match=path.name) as caught:
            read_snapshot(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(contents)
    read_snapshot(path)


def test_every_bit_of_the_digest_and_the_length_counts(path):
    contents = path.read_bytes()
    digest = contents.index(b'"sha256":"')
    for bit in [*range(8 * 8), *range(8 * digest, 8 * (digest + 76))]:
        flipped = bytearray(contents)
        flipped[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(flipped)
        with pytest.raises(UserError):
            read_snapshot(path)


def test_every_truncation_is_detected(path):
    contents = path.read_bytes()
    for length in range(len(contents)):
        path.write_bytes(contents[:length])
        with pytest.raises(UserError, match=path.name):
            read_snapshot(path)
    path.write_bytes(contents + b"\0")
    with pytest.raises(UserError, match="damaged"):
        read_snapshot(path)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"hello, world: this is a text and not a snapshot",
        b"\xff" * 64,
        (2**24 + 1).to_bytes(8, "little") + b"{" * 64,
        (60000).to_bytes(8, "little") + b"[" * 60000,
        (13).to_bytes(8, "little") + b'{"a": [1, 2]}',
        (22).to_bytes(8, "little") + b'{"__metadata__": null}',
        (21).to_bytes(8, "little") + b'{"__metadata__": "x"}',
    ],
    ids=["empty", "text", "ones", "long header", "deep header", "other header", "no metadata", "odd metadata"],
)
def test_other_files_are_refused(tmp_path, contents):
    path = tmp_path / "other.safetensors"
    path.write_bytes(contents)
    with pytest.raises(UserError, match="not a semgan snapshot"):
        read_snapshot(path)


def test_other_safetensors_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(3)}, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match="not a semgan snapshot"):
        read_snapshot(path)


def test_missing_file_folder_and_pipe_are_refused(path, tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_snapshot(tmp_path / "missing.safetensors")
    with pytest.raises(UserError, match=r"is a folder: give a snapshot file, such as .*snapshot\.safetensors"):
        read_snapshot(path.parent)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular file"):
        read_snapshot(tmp_path / "pipe")


def resealed(contents, old, new):
    """The snapshot with a header of the same length and a digest that fits, as someone could craft it."""
    assert len(old) == len(new)
    assert old in contents
    contents = contents.replace(old, new)
    place = contents.index(b'"sha256":"') + 10
    blank = contents[:place] + b"0" * 64 + contents[place + 64 :]
    return blank[:place] + hashlib.sha256(blank).hexdigest().encode() + blank[place + 64 :]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"semgan-snapshot-1", b"semgan-snapshot-9", "'semgan-snapshot-9'"),
        (b'"config":"{', b'"config":"[', "well-formed"),
        (b'"meta":', b'"mate":', "well-formed"),
        (b'"data_offsets":[0,', b'"data_offsets":[9,', "well-formed"),
    ],
)
def test_crafted_snapshots_are_refused(path, old, new, message):
    path.write_bytes(resealed(path.read_bytes(), old, new))
    with pytest.raises(UserError, match=message):
        read_snapshot(path)


def test_array_inside_an_array_is_refused(tmp_path):
    path = tmp_path / "s.safetensors"
    write_snapshot(path, {"n": {"a": np.zeros(1), "bcd": np.zeros(1)}}, {}, {})
    path.write_bytes(resealed(path.read_bytes(), b"n/bcd", b"n/a/b"))
    with pytest.raises(UserError, match="lies in an array"):
        read_snapshot(path)


def test_slash_in_a_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="slash"):
        write_snapshot(tmp_path / "s.safetensors", {"a/b": np.zeros(1)}, {}, {})


def test_failed_write_leaves_the_old_snapshot_and_nothing_else(path, monkeypatch):
    old = path.read_bytes()

    def no_space(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(UserError, match=r"snapshot\.safetensors cannot be written \(No space left on device\)"):
        write_snapshot(path, PARAMS, CONFIG, {})
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_unwritable_place_is_a_clean_error(path):
    with pytest.raises(UserError, match="cannot be written"):
        write_snapshot(path / "below" / "s.safetensors", PARAMS, CONFIG, META)
