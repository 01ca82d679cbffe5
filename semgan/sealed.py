"""Files that carry their own SHA-256, so that a changed bit is noticed wherever it lies.

The digest is written as 64 hexadecimal digits in the first JSON field "sha256" of the file, and is taken over the whole file with 64
zeros in their place. Checkpoints' manifests, snapshots and statistics are sealed in this way. A judge's file holds the digest of its
contents instead (`content_digest`), whatever order they are stored in.
"""

import hashlib
import re
from collections.abc import Mapping

import numpy as np

UNSEALED = "0" * 64
"""The value of the field "sha256" of what is to be sealed."""
_FIELD = re.compile(rb'"sha256": ?"([0-9a-f]{64})"')


def seal(contents: bytes) -> bytes:
    """Puts the digest into the first field "sha256"; ValueError unless that holds `UNSEALED`."""
    field = _FIELD.search(contents)
    if field is None or field[1] != UNSEALED.encode():
        raise ValueError('the contents have no field "sha256" of 64 zeros to hold their digest')
    return b"".join((contents[: field.start(1)], _digest(contents, field).encode(), contents[field.end(1) :]))


def is_intact(contents: bytes) -> bool:
    """Returns whether these are, to the bit, contents that `seal` returned."""
    field = _FIELD.search(contents)
    return field is not None and _digest(contents, field) == field[1].decode()


def content_digest(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of a text and of tensors with their names, shapes and types, in the order of the names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape} {tensors[name].dtype}".encode())
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()


def _digest(contents: bytes, field: re.Match[bytes]) -> str:
    """SHA-256 of the contents with zeros in the field; copies nothing, since a snapshot may be large."""
    view = memoryview(contents)
    digest = hashlib.sha256(view[: field.start(1)])
    digest.update(UNSEALED.encode())
    digest.update(view[field.end(1) :])
    return digest.hexdigest()
