"""Masks of a user's own pictures: PNG files of class ids, checked before anything is decoded for training."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from semgan.data.cache import hash_json
from semgan.data.decode import FORMATS, MAX_PIXELS, DecodeError, square_crop
from semgan.data.workers import run_in_workers
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.paths import cache_dir
from semgan.progress import Progress

MASKS = "masks"
"""The sub-folder of a domain's folder that its masks lie in."""
CLASSES = "mask_classes.txt"
"""The file in the root folder that may name the classes."""
MOST = 256
"""Classes that 8 bits tell apart."""
_BATCH = 256
_GREY, _PALETTE = 0, 3  # colour types of PNG
_ORIENTATION_TAG, _LYING = 0x0112, (5, 6, 7, 8)


def read_classes(root: Path) -> tuple[str, ...]:
    """The names of the classes; none without the file.

    Raises:
      UserError: an unreadable or empty file, a line without a name, a name twice, or more than 256.
    """
    path = root / CLASSES
    if not path.is_file():
        return ()
    try:
        names = [line.strip() for line in path.read_text("utf-8-sig").rstrip().splitlines()]
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); write one class per line in UTF-8") from error
    if not 0 < len(names) <= MOST or "" in names or len(set(names)) < len(names):
        raise UserError(f"{path}: has to have one class per line, that of id 0 first: from 1 to {MOST} names, none empty and none twice")
    return tuple(names)


def load_mask(path: Path | str) -> np.ndarray:
    """Reads class ids as the file has them, uint8 (height, width).

    Raises:
      DecodeError: unreadable, damaged, too large, or neither of 8-bit grey nor with a palette.
    """
    try:
        data = Path(path).read_bytes()
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DecodeError(str(path), f"has more than the {MAX_PIXELS:,} pixels that are opened; make it smaller")
            depth, colour = data[24], data[25]  # as its header says: Pillow stretches grey of fewer bits to 8
            if colour != _PALETTE and (colour, depth) != (_GREY, 8):
                raise DecodeError(str(path), "is neither of 8-bit grey nor with a palette; save it so, its values the class ids")
            return np.array(image, np.uint8)
    except DecodeError:
        raise
    except Exception as error:  # whatever Pillow raises on damaged bytes
        raise DecodeError(str(path), f"is not a PNG, or is damaged ({error})") from error


def size_fault(mask: tuple[int, ...], picture: tuple[int, ...]) -> str:
    """The fault of a mask of this (height, width) for such a picture; empty where the sizes are the same."""
    if mask == picture:
        return ""
    return f"is {mask[1]} x {mask[0]} pixels and its picture {picture[1]} x {picture[0]}; make them of one size"


def fit_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """The ids at the centres of the pixels of `decode.fit`: uint8 (height, width) -> uint8 (size, size)."""
    top, left, side = square_crop(*mask.shape)
    nearest = ((2 * np.arange(size) + 1) * side) // (2 * size)
    return mask[top + nearest][:, left + nearest]


def inspect_masks(pairs: Sequence[tuple[str, str]], files: Any, limit: int) -> tuple[int, dict[int, str]]:
    """The largest class id of all masks and, by their places, what is wrong with those that cannot be used.

    Every mask is read, once: where all are right, the cache keeps the largest id for as long as `files` stays the same.

    Args:
      pairs: paths of a picture and its mask.
      files: JSON-able; changes with what is in these files.
      limit: how many classes there may be.
    """
    note = cache_dir() / "data" / f"folder-masks-{hash_json([limit, files])[:16]}.txt"
    with contextlib.suppress(OSError, ValueError):
        return int(note.read_text()), {}
    largest, faults = 0, {}
    with Progress("checking masks", len(pairs)) as progress:
        for start, results in run_in_workers(_MaskInspector(tuple(pairs), limit), range(0, len(pairs), _BATCH)):
            largest = max(largest, *(most for most, _ in results))
            faults |= {start + place: fault for place, (_, fault) in enumerate(results) if fault}
            progress.advance(len(results))
    if not faults:
        with contextlib.suppress(OSError):  # they are read again then
            write_whole(note, str(largest).encode())
    return largest, faults


class _MaskInspector(NamedTuple):
    """Finds the largest id of each mask in the batch that begins at `start`, and what is wrong with the mask; picklable."""

    pairs: tuple[tuple[str, str], ...]
    limit: int

    def __call__(self, start: int) -> list[tuple[int, str]]:
        return [self._inspect(*pair) for pair in self.pairs[start : start + _BATCH]]

    def _inspect(self, picture: str, path: str) -> tuple[int, str]:
        try:
            mask = load_mask(path)
        except DecodeError as error:
            return 0, error.reason
        largest = int(mask.max())
        fault = size_fault(mask.shape, _seen_size(picture, mask.shape))
        if not fault and largest >= self.limit:
            fault = f"has the class {largest}, but {CLASSES} names {self.limit}, from 0 on; name it there or correct the mask"
        return largest, fault


def _seen_size(picture: str, likely: tuple[int, ...]) -> tuple[int, ...]:
    """(height, width) of a picture as it is seen, from its header; the likely one for a picture that will be left out."""
    try:
        with Image.open(picture, formats=FORMATS) as image:
            shape = (image.height, image.width)
            if shape == likely or image.getexif().get(_ORIENTATION_TAG) not in _LYING:
                return shape
            return shape[::-1]
    except Exception:  # whatever Pillow raises on damaged bytes; decoding says it
        return likely
