"""The pictures of a folder of any layout, decoded ahead on all cores while others are processed."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from semgan.data.cache import hash_json
from semgan.data.decode import SUFFIXES, DecodeError
from semgan.data.picture_files import decode_file, file_state, is_folder, pictures_below
from semgan.data.workers import core_count
from semgan.errors import UserError

_BATCH_BYTES = 2**26
MOST = 512
"""Pictures per batch."""
_AHEAD = 2  # batches


class Folder(NamedTuple):
    """Pictures to score.

    Attributes:
      root: the folder.
      paths: the pictures' paths, in the order of their names.
      size: (height, width) of the first; `batches` holds all others to it.
      fingerprint: hex; of the names, sizes and times of the files.
    """

    root: Path
    paths: tuple[Path, ...]
    size: tuple[int, int]
    fingerprint: str


def open_folder(root: str | Path, count: int = 0) -> Folder:
    """All pictures below the folder; hidden files and folders, and files whose suffix is not a picture's are skipped.

    Args:
      count: takes that many, evenly from first to last; 0: all.

    Raises:
      UserError: no such folder, fewer than two pictures (or than `count`), or a first picture that cannot be read.
    """
    root = Path(root)
    if not is_folder(root):
        raise UserError(f"{root}: no such folder; give a folder of pictures, or a zip file")
    paths = pictures_below(root)
    if len(paths) < max(count, 2):
        raise UserError(f"{root} has {len(paths):,} pictures ({', '.join(SUFFIXES)}), but at least {max(count, 2):,} are needed: add some")
    if count:
        paths = [paths[place * len(paths) // count] for place in range(count)]
    files = [[path.relative_to(root).as_posix(), *file_state(path)] for path in paths]
    height, width = _decode(paths[0]).shape[:2]
    return Folder(root, tuple(paths), (height, width), hash_json(["scored", [height, width], files]))


def check_sizes(real: Folder, fake: Folder) -> None:
    """Raises a UserError unless both have pictures of one size: what a network makes of sharper pictures would count as a difference."""
    if real.size != fake.size:
        raise UserError(
            f"{real.root} has pictures of {_by(real.size)} pixels and {fake.root} of {_by(fake.size)}: resize one, so that they compare"
        )


def batches(folder: Folder) -> Iterator[UInt8[np.ndarray, "batch height width 3"]]:
    """The pictures in their order; threads decode a few batches ahead.

    Raises:
      UserError: a picture that is damaged or of another size than the first.
    """
    size = max(min(_BATCH_BYTES // (folder.size[0] * folder.size[1] * 3), MOST), 1)
    starts = iter(range(0, len(folder.paths), size))
    with ThreadPoolExecutor(core_count()) as pool:
        waiting = deque()
        try:
            while True:
                while len(waiting) <= _AHEAD and (start := next(starts, None)) is not None:
                    waiting.append([pool.submit(_decode, path, folder) for path in folder.paths[start : start + size]])
                if not waiting:
                    return
                yield np.stack([future.result() for future in waiting.popleft()])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def content_digest(digests: Sequence[bytes]) -> str:
    """Returns a digest of a set of pictures by their pixels alone (see `pixel_digests`), whatever their order, folders and names."""
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def pixel_digests(images: UInt8[np.ndarray, "batch height width 3"]) -> list[bytes]:
    """SHA-256 of each picture's pixels."""
    return [hashlib.sha256(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest() for image in images]


def _decode(path: Path, folder: Folder | None = None) -> np.ndarray:
    try:
        image = decode_file(path)
    except DecodeError as error:
        raise UserError(
            f"{error}: mend or remove it (semgan data check {folder.root if folder else path.parent} lists all such)"
        ) from error
    if folder and image.shape[:2] != folder.size:
        first = folder.paths[0].relative_to(folder.root)
        raise UserError(f"{path} has {_by(image.shape[:2])} pixels, but {first} has {_by(folder.size)}: give pictures of one size")
    return image


def _by(size: tuple[int, ...]) -> str:
    return f"{size[1]} x {size[0]}"
