"""Pictures decoded once: a folder of raw uint8 at the training resolution, memory-mapped, with a manifest.

    images.u8        uint8 (count, size, size, 3), raw
    attributes.npy   an array for each annotation, its first axis along the pictures
    manifest.json    counts, shapes, names, rows that failed, SHA-256 of every file and of every chunk of images.u8

A batch gathered from it costs under a tenth of decoding. It is built by worker processes in chunks, each of which is kept, so
that a build that was killed goes on where it was; the folder gets its name only when it is complete.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from semgan.data.answers import Answer
from semgan.data.chunks import IMAGES, CacheJob, Note, ReadExample
from semgan.data.workers import run_in_workers
from semgan.errors import UserError
from semgan.progress import Progress

FORMAT = "semgan-cache-1"
_MANIFEST, _IDENTITY = "manifest.json", "identity.json"


class Source(NamedTuple):
    """The source of a cache.

    Attributes:
      name, split: of the dataset.
      count: examples listed.
      fingerprint: hex; of the listing (names, sizes, times or hashes) and the parameters of drawing or decoding.
      example: row -> {"image": uint8 (size, size, 3), and annotations}; None or `DecodeError` leaves the row out. Runs in
        worker processes, so it can be pickled.
      names: what the columns or values of annotations are called, by annotation; "domain" where the data has domains of its
        own (each example then has a scalar "domain").
      note: a line for the person who watches; may be empty.
      lacks: what to do about annotations that data of this name can have and these do not, by annotation.
      answer: draws the right answers to translations; None where nobody knows them.
    """

    name: str
    split: str
    count: int
    fingerprint: str
    example: ReadExample
    names: dict[str, tuple[str, ...]]
    note: str = ""
    lacks: Mapping[str, str] = MappingProxyType({})
    answer: Answer | None = None


class Cache(NamedTuple):
    """An opened cache; arrays are memory-mapped and read-only. Rows that failed are black and listed in the manifest.

    The manifest's "notes" count what decoding warned of (see `_count_notes`); a cache of an earlier version has none.
    """

    images: np.ndarray  # uint8 (count, size, size, 3)
    annotations: dict[str, np.ndarray]
    manifest: dict[str, Any]

    @property
    def usable(self) -> np.ndarray:
        """Bool (count,): the rows that did not fail."""
        usable = np.ones(len(self.images), bool)
        usable[[row for row, _ in self.manifest["failed"]]] = False
        return usable


def build_cache(source: Source, folder: Path | str, image_size: int, workers: int | None = None) -> Cache:
    """Builds the cache unless it is there already, and opens it.

    Args:
      workers: processes; all cores by default, 1: this process.

    Raises:
      UserError: no room on the disk, nothing that could be decoded, or a folder that holds another cache.
    """
    folder = Path(folder)
    if not folder.exists():
        with _hold_lock(folder):
            if not folder.exists():  # another process may have made it meanwhile
                _build(source, folder, image_size, workers)
    cache = open_cache(folder)
    if cache.manifest["source_fingerprint"] != source.fingerprint or cache.manifest["image_size"] != image_size:
        raise UserError(f"{folder} holds another cache: give another folder, or delete it")
    return cache


def open_cache(folder: Path | str) -> Cache:
    """Opens a cache; sizes and shapes are checked against the manifest (contents are checked by `verify`)."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    shape = (manifest["count"], manifest["image_size"], manifest["image_size"], 3)
    path = folder / IMAGES
    if not path.is_file() or path.stat().st_size != np.prod(shape):
        raise _damage_error(path, f"is not {np.prod(shape):,} bytes long")
    annotations = {}
    for name, kind in manifest["annotations"].items():
        path = folder / f"{name}.npy"
        try:
            annotations[name] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise _damage_error(path, f"cannot be read ({error})") from error
        if list(annotations[name].shape) != kind["shape"] or str(annotations[name].dtype) != kind["dtype"]:
            raise _damage_error(path, "is not of the shape that the manifest says")
    images = np.memmap(folder / IMAGES, np.uint8, "r", shape=shape)
    return Cache(np.asarray(images), annotations, manifest)


def verify(folder: Path | str) -> list[str]:
    """Reads the whole cache and compares it with the manifest's hashes; names what differs, nothing if it is intact."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    faults = []
    chunk_bytes = manifest["chunk_rows"] * manifest["image_size"] ** 2 * 3
    with open(folder / IMAGES, "rb") as file:
        for index, expected in enumerate(manifest["chunks"]):
            if hashlib.sha256(file.read(chunk_bytes)).hexdigest() != expected:
                first = index * manifest["chunk_rows"]
                faults.append(f"{folder / IMAGES}: rows {first} to {min(first + manifest['chunk_rows'], manifest['count']) - 1}")
    for name, kind in manifest["annotations"].items():
        path = folder / f"{name}.npy"
        if not path.is_file() or hash_file(path) != kind["sha256"]:
            faults.append(str(path))
    return faults


def hash_json(value: Any) -> str:
    """SHA-256 of a value that JSON can write, in one spelling."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _damage_error(path, "is missing or not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _damage_error(path, f"is not of format {FORMAT}")
    return manifest


def _damage_error(path: Path, what: str) -> UserError:
    return UserError(f"{path} {what}: delete {path.parent} and it is prepared again")


@contextlib.contextmanager
def _hold_lock(folder: Path) -> Iterator[None]:
    """One process builds a cache, others wait for it. The system frees the lock when its process ends, however it ends."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = open(folder.with_name(folder.name + ".lock"), "a+")  # noqa: SIM115
    except OSError as error:
        message = f"{folder.parent}: cannot be written to ({error.strerror}); choose another cache folder with SEMGAN_CACHE"
        raise UserError(message) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            if holder == _process_name(os.getppid()):
                # A starting worker runs an unguarded script again, and would wait for its own parent for ever.
                raise RuntimeError("guard the script's start with `if __name__ == '__main__':`") from None
            print(f"{folder.name}: {holder} is preparing it; waiting", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(_process_name(os.getpid()))
        file.flush()
        yield


def _process_name(pid: int) -> str:
    return f"process {pid} on {socket.gethostname()}"


def _build(source: Source, folder: Path, image_size: int, workers: int | None) -> None:
    job = CacheJob(source.example, folder.with_name(folder.name + ".partial"), image_size, source.count)
    try:
        _start_or_resume(job, {"source": source.fingerprint, "image_size": image_size, "count": source.count, "rows": job.rows})
        todo = [chunk for chunk in range(job.chunks) if not job.is_done(chunk)]
        with Progress(f"preparing {source.name} ({source.split}, {image_size} px)", source.count) as progress:
            progress.advance(source.count - sum(map(job.length, todo)))
            for chunk, _ in run_in_workers(job.make, todo, workers):
                progress.advance(job.length(chunk))
        _finish(source, job)
        os.replace(job.folder, folder)
        for leftover in [folder / _IDENTITY, *folder.glob("chunk-*")]:
            leftover.unlink()
    except OSError as error:
        raise UserError(f"{job.folder}: {error.strerror or error}; make room, or move the cache with SEMGAN_CACHE") from error


def _start_or_resume(job: CacheJob, identity: dict[str, Any]) -> None:
    """Keeps the chunks of an earlier build of the same source; any other partial build is deleted."""
    path = job.folder / _IDENTITY
    if job.folder.exists() and not (path.exists() and path.read_text() == json.dumps(identity)):
        shutil.rmtree(job.folder)
    needed = job.count * job.image_size**2 * 3
    if not job.folder.exists() and needed > (free := shutil.disk_usage(job.folder.parent).free):
        raise UserError(
            f"{job.folder.parent}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; "
            "make room, or move the cache with SEMGAN_CACHE"
        )
    job.folder.mkdir(exist_ok=True)
    with open(job.folder / IMAGES, "ab") as file:
        file.truncate(needed)
    path.write_text(json.dumps(identity))


def _finish(source: Source, job: CacheJob) -> None:
    """Joins the chunks' annotations and writes the manifest."""
    kinds: dict[str, dict[str, Any]] = {}
    hashes, failures, notes = [], [], []
    for part in map(job.read, range(job.chunks)):
        hashes.append(part.sha256)
        failures += part.failures
        notes += part.notes
        for name, value in part.annotations.items():
            kinds[name] = {"dtype": str(value.dtype), "shape": [job.count, *value.shape[1:]]}
    if len(failures) == job.count:
        reason = f", the first because: {failures[0][1]}" if failures else ""
        raise UserError(f"{source.name}: none of the {job.count:,} pictures of split {source.split} can be used{reason}")
    for name, kind in kinds.items():
        kind["sha256"] = _join_annotation(job, name, np.dtype(kind["dtype"]), tuple(kind["shape"]))
    content = {
        "name": source.name,
        "split": source.split,
        "count": job.count,
        "image_size": job.image_size,
        "names": source.names,
        "annotations": kinds,
        "failed": failures,
        "chunk_rows": job.rows,
        "chunks": hashes,
    }
    fingerprint = hash_json(content | {"failed": [row for row, _ in failures]})  # reasons hold paths
    manifest = {"format": FORMAT, "fingerprint": fingerprint, "source_fingerprint": source.fingerprint, **content}
    manifest["notes"] = _count_notes(notes)
    (job.folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))
    for name in (IMAGES, _MANIFEST, *(f"{name}.npy" for name in kinds)):
        with open(job.folder / name, "rb") as file:
            os.fsync(file.fileno())  # on the disk before the folder gets its name


def _count_notes(notes: Sequence[Note]) -> dict[str, dict[str, Any]]:
    """By the kind of a `DecodeWarning`: the number of `pictures`, the `count` that was left out of them, and the `first` text."""
    counts: dict[str, dict[str, Any]] = {}
    for note in notes:
        entry = counts.setdefault(note.kind, {"pictures": 0, "count": 0, "first": note.text})
        entry["pictures"] += 1
        entry["count"] += note.count
    return counts


def _join_annotation(job: CacheJob, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> str:
    """Writes `NAME.npy` chunk by chunk; returns its SHA-256."""
    path = job.folder / f"{name}.npy"
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in range(job.chunks):
            empty = np.zeros((job.length(chunk), *shape[1:]), dtype)  # of a chunk in which every row failed
            file.write(job.read(chunk).annotations.get(name, empty).tobytes())
    return hash_file(path)
