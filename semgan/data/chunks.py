"""Makes a cache in chunks, each kept once it is complete: pictures go to their place in one file, the rest to one file per chunk."""

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.decode import DecodeError
from semgan.data.decode_warnings import DecodeWarning
from semgan.files import write_whole

IMAGES = "images.u8"
_CHUNK_BYTES = 16 * 2**20
_CHUNK_ROWS = 256
_ANNOTATION = "annotation "  # before an annotation's name in a chunk's file

ReadExample = Callable[[int], dict[str, np.ndarray] | None]


class Note(NamedTuple):
    """A `DecodeWarning` about a row: its kind, what was left out, and its text."""

    row: int
    kind: str
    count: int
    text: str


class Part(NamedTuple):
    """A completed chunk, without its pictures."""

    sha256: str  # of its pictures
    failures: list[tuple[int, str]]  # rows that cannot be used, and why
    notes: list[Note]  # on rows that decoding had something to say about
    annotations: dict[str, np.ndarray]


class CacheJob(NamedTuple):
    """Everything that a worker needs to make any chunk of a cache."""

    example: ReadExample
    folder: Path
    image_size: int
    count: int

    @property
    def rows(self) -> int:
        """Rows of a full chunk."""
        return max(1, min(_CHUNK_ROWS, _CHUNK_BYTES // (self.image_size**2 * 3)))

    @property
    def chunks(self) -> int:
        return -(-self.count // self.rows)

    def length(self, chunk: int) -> int:
        """Rows of this chunk."""
        return min(self.rows, self.count - chunk * self.rows)

    def path(self, chunk: int) -> Path:
        """Path of the file that marks the chunk as done."""
        return self.folder / f"chunk-{chunk:06d}.npz"

    def is_done(self, chunk: int) -> bool:
        """Returns whether the chunk is there and intact: a machine that lost its power may have kept one file without the other."""
        if not self.path(chunk).exists():
            return False
        with open(self.folder / IMAGES, "rb") as file:
            file.seek(self._start(chunk))
            pictures = file.read(self.length(chunk) * self.image_size**2 * 3)
        try:
            return self.read(chunk).sha256 == hashlib.sha256(pictures).hexdigest()
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return False

    def make(self, chunk: int) -> None:
        """Writes the chunk's pictures, and then its annotations and failures."""
        images, part = self._collect(chunk)
        with open(self.folder / IMAGES, "r+b") as file:
            file.seek(self._start(chunk))
            file.write(images.data)
        path = self.path(chunk)
        arrays: dict[str, np.ndarray] = {_ANNOTATION + name: value for name, value in part.annotations.items()}
        arrays["sha256"] = np.array(part.sha256)
        arrays["failed"] = np.array([row for row, _ in part.failures], np.int64)
        arrays["reasons"] = np.array([reason for _, reason in part.failures], str)
        arrays["notes"] = np.array(json.dumps(part.notes))
        encoded = io.BytesIO()
        np.savez(encoded, allow_pickle=False, **arrays)
        write_whole(path, encoded.getvalue())

    def read(self, chunk: int) -> Part:
        """Reads what `make` wrote beside the pictures."""
        with np.load(self.path(chunk), allow_pickle=False) as arrays:
            failures = list(zip(arrays["failed"].tolist(), arrays["reasons"].tolist(), strict=True))
            names = [key for key in arrays.files if key.startswith(_ANNOTATION)]
            annotations = {key.removeprefix(_ANNOTATION): arrays[key] for key in names}
            notes = [Note(*note) for note in json.loads(str(arrays["notes"]))] if "notes" in arrays.files else []  # of an earlier version
            return Part(str(arrays["sha256"]), failures, notes, annotations)

    def _start(self, chunk: int) -> int:
        """Offset of the chunk's pictures in the file of all pictures, in bytes."""
        return chunk * self.rows * self.image_size**2 * 3

    def _collect(self, chunk: int) -> tuple[np.ndarray, Part]:
        first, length = chunk * self.rows, self.length(chunk)
        images = np.zeros((length, self.image_size, self.image_size, 3), np.uint8)
        annotations: dict[str, np.ndarray] = {}
        failures, notes = [], []
        for place in range(length):
            try:
                example, caught = _with_notes(self.example, first + place)
                notes += caught
            except DecodeError as error:
                failures.append((first + place, str(error)))
                continue
            if example is None:
                failures.append((first + place, "left out by its source"))
                continue
            images[place] = example.pop("image")
            for name, value in example.items():
                value = np.asarray(value)
                annotations.setdefault(name, np.zeros((length, *value.shape), value.dtype))[place] = value
        return images, Part(hashlib.sha256(images.data).hexdigest(), failures, notes, annotations)


def _with_notes(example: ReadExample, row: int) -> tuple[dict[str, np.ndarray] | None, list[Note]]:
    """The row's example and what decoding warned of; other warnings are passed on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = example(row)
    notes = []
    for each in caught:
        if isinstance(each.message, DecodeWarning):
            notes.append(Note(row, each.message.kind, each.message.count, str(each.message)))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return result, notes
