"""Sealed files: the digest is of the file with zeros in its place, and no bit can change unnoticed."""

import hashlib

import numpy as np
import pytest

from semgan.sealed import UNSEALED, content_digest, is_intact, seal

ZEROS = "0" * 64
BLANK = b'{"step": 2, "sha256": "' + ZEROS.encode() + b'", "files": {"a": {"sha256": "' + b"ab" * 32 + b'"}}} \xff\x00'
COMPACT = b'{"sha256":"' + ZEROS.encode() + b'","x":1}'
SEALED = b'{"sha256":"bf43de1e0af72b26fc40dc4ac3cc37548f4c42327989396abb69dd01c121ba57","x":1}'


@pytest.mark.parametrize("blank", [BLANK, COMPACT])
def test_the_digest_is_of_the_file_with_zeros_in_its_place(blank):
    assert UNSEALED == ZEROS
    assert seal(blank) == blank.replace(ZEROS.encode(), hashlib.sha256(blank).hexdigest().encode())
    assert is_intact(seal(blank))
    assert not is_intact(blank)


def test_every_bit_counts():
    sealed = seal(BLANK)
    for place in range(8 * len(sealed)):
        damaged = bytearray(sealed)
        damaged[place // 8] ^= 1 << place % 8
        assert not is_intact(bytes(damaged))
    for damaged in (b"", sealed[:-1], sealed + b" ", b" " + sealed):
        assert not is_intact(damaged)


def test_text_inside_a_string_is_not_taken_for_the_field():
    blank = b'{"config": "{\\"sha256\\": \\"' + b"cd" * 32 + b'\\"}", "sha256": "' + ZEROS.encode() + b'"}'
    assert hashlib.sha256(blank).hexdigest().encode() in seal(blank)
    assert is_intact(seal(blank))


@pytest.mark.parametrize("contents", [b"{}", b'{"sha256": "' + b"12" * 32 + b'"}', SEALED])
def test_nothing_is_sealed_without_a_place_for_the_digest(contents):
    with pytest.raises(ValueError, match="64 zeros"):
        seal(contents)


def test_a_file_of_an_older_version_is_intact():
    assert is_intact(SEALED)


def test_the_digest_of_contents_is_of_text_names_shapes_types_and_values():
    tensors = {"b": np.array([[1, 2]], np.uint8), "a": np.array(0.5, np.float32)}
    assert content_digest("text", tensors) == hashlib.sha256(b"texta () float32\x00\x00\x00?b (1, 2) uint8\x01\x02").hexdigest()
