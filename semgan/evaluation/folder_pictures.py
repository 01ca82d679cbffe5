"""The pictures of a folder of any layout, decoded ahead on all cores while others are processed."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import hash_json
from semgan.data.decode import SUFFIXES, DecodeError
from semgan.data.picture_files import decode_file, file_state, is_folder, pictures_below, size_as_seen
from semgan.data.workers import core_count
from semgan.errors import UserError
from semgan.evaluation.extractors.batches import AnyPictures
from semgan.files import why_no_folder

_BATCH_BYTES = 2**26
MOST = 512
"""Pictures per batch."""
_AHEAD = 2  # batches


class Folder(NamedTuple):
    """Pictures to score.

    Attributes:
      root: the folder.
      paths: the pictures' paths, in the order of their names.
      sizes: (height, width) of each, as it is seen.
      fingerprint: hex; of the names, sizes and times of the files.
    """

    root: Path
    paths: tuple[Path, ...]
    sizes: tuple[tuple[int, int], ...]
    fingerprint: str


def open_folder(root: str | Path, count: int = 0) -> Folder:
    """All pictures below the folder; hidden files and folders, and files whose suffix is not a picture's are skipped.

    Args:
      root: a folder, or a zip file, which is read in place.
      count: takes that many, evenly from first to last; 0: all.

    Raises:
      UserError: no such folder, fewer than two pictures (or than `count`), or a first picture that cannot be read.
    """
    root = Path(root)
    if not is_folder(root):
        raise UserError(f"{root}: {why_no_folder(root)}; give a folder of pictures, or a zip file")
    paths = pictures_below(root)
    if len(paths) < max(count, 2):
        raise UserError(f"{root} has {len(paths):,} pictures ({', '.join(SUFFIXES)}), but at least {max(count, 2):,} are needed: add some")
    if count:
        paths = [paths[place * len(paths) // count] for place in range(count)]
    files = [[path.relative_to(root).as_posix(), *file_state(path)] for path in paths]
    height, width = _decode(paths[0], paths[0].parent).shape[:2]
    sizes = [(height, width), *(size_as_seen(path) or (height, width) for path in paths[1:])]  # decoding says what cannot be read
    return Folder(root, tuple(paths), tuple(sizes), hash_json(["scored", [height, width], files]))


def size_notes(real: Folder, fake: Folder, resize: str) -> list[str]:
    """Says where pictures have several sizes: what a network makes of sharper pictures counts as a difference.

    Args:
      resize: how each picture is brought to the network's size.
    """
    if len(set(real.sizes) | set(fake.sizes)) == 1:
        return []
    which = " and ".join(f"{folder.root} has {_describe_sizes(folder.sizes)}" for folder in (real, fake))
    return [f"{which}: each is brought to the network's size by itself ({resize}), and pictures that are sharper then count as different"]


def _describe_sizes(sizes: Sequence[tuple[int, int]]) -> str:
    different = sorted(set(sizes), key=lambda size: size[0] * size[1])
    if len(different) == 1:
        return f"pictures of {_by(different[0])} pixels"
    return f"pictures of {len(different):,} sizes, from {_by(different[0])} to {_by(different[-1])} pixels"


def batches(folder: Folder) -> Iterator[AnyPictures]:
    """The pictures in their order, a list where the folder has several sizes, and else an array; threads decode a few batches ahead.

    Raises:
      UserError: a picture that is damaged.
    """
    cuts = _cut(folder.sizes)
    with ThreadPoolExecutor(core_count()) as pool:
        waiting = deque()
        try:
            while True:
                while len(waiting) <= _AHEAD and (cut := next(cuts, None)) is not None:
                    waiting.append([pool.submit(_decode, path, folder.root) for path in folder.paths[cut]])
                if not waiting:
                    return
                images = [future.result() for future in waiting.popleft()]
                yield np.stack(images) if len({image.shape[:2] for image in images} | set(folder.sizes)) == 1 else images
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _cut(sizes: Sequence[tuple[int, int]]) -> Iterator[slice]:
    """Batches of up to `MOST` pictures and `_BATCH_BYTES`, at least one each."""
    start, used = 0, 0
    for place, (height, width) in enumerate(sizes):
        size = height * width * 3
        if place > start and (used + size > _BATCH_BYTES or place - start == MOST):
            yield slice(start, place)
            start, used = place, 0
        used += size
    yield slice(start, len(sizes))


def content_digest(digests: Sequence[bytes]) -> str:
    """Returns a digest of a set of pictures by their pixels alone (see `pixel_digests`), whatever their order, folders and names."""
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def pixel_digests(images: AnyPictures) -> list[bytes]:
    """SHA-256 of each picture's pixels."""
    return [hashlib.sha256(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest() for image in images]


def _decode(path: Path, root: Path) -> np.ndarray:
    try:
        return decode_file(path)
    except DecodeError as error:
        raise UserError(f"{error}: mend or remove it (semgan data check {root} lists all such)") from error


def _by(size: tuple[int, ...]) -> str:
    return f"{size[1]} x {size[0]}"
