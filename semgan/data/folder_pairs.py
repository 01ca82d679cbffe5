"""Pairs of a user's own pictures, checked before anything is decoded for training: files of one name and shape in two domains, or files
that hold both side by side.
"""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from semgan.data.cache import hash_json
from semgan.data.picture_files import file_state, size_as_seen
from semgan.data.workers import run_in_workers
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.names import one_form
from semgan.paths import cache_dir
from semgan.progress import Progress

_BATCH = 256
_VERSION = 1  # raise when the check changes


def check_pairs(root: Path, domains: Mapping[str, Sequence[Path]]) -> None:
    """Raises a UserError unless there are two domains with the same names, and each two partners have the same shape."""
    if len(domains) != 2:
        found = ", ".join(domains) or "none, and no pictures of A and B side by side"
        raise UserError(f"{root}: pairs need two sub-folders, such as A and B; found {found}")
    (a, b), stems = domains, [{one_form(path.stem): path for path in paths} for paths in domains.values()]
    for own, other, mine, others in ((a, b, *stems), (b, a, *reversed(stems))):
        if len(mine) < len(domains[own]):
            raise UserError(f"{root}: {own} has two files of one name that differ in the suffix alone; leave one")
        if alone := sorted(set(mine) - set(others)):
            raise UserError(
                f"{root}: {own} has {len(mine):,} pictures and {other} {len(others):,}, but {own}/{mine[alone[0]].name} has no partner in "
                f"{other} ({len(alone):,} of {own} have none): give both the same names"
            )
    _check_shapes(root, [(stems[0][stem], stems[1][stem]) for stem in sorted(stems[0])])


def check_sides(root: Path, paths: Sequence[Path]) -> None:
    """Raises a UserError unless all pictures can hold two side by side: twice as wide as high, or all of one shape and an even width."""
    stats = [[str(path), *file_state(path)] for path in paths]
    note = _note("sides", stats)
    if note.is_file():
        return
    sizes = _sizes(paths)
    shapes = {size for size in sizes if size is not None}  # decoding says what cannot be read
    is_one_shape = len(shapes) == 1 and all(width % 2 == 0 and width > height for height, width in shapes)
    if not is_one_shape and (odd := [place for place, size in enumerate(sizes) if size is not None and size[1] != 2 * size[0]]):
        height, width = sizes[odd[0]] or (0, 0)
        raise UserError(
            f"{root}: pairs need two sub-folders, such as A and B, or pictures that hold A and B side by side, twice as wide as high; "
            f"{paths[odd[0]].relative_to(root).as_posix()} is {width} x {height} pixels ({len(odd):,} of {len(paths):,} are not so)"
        )
    with contextlib.suppress(OSError):  # they are read again then
        write_whole(note, b"alike")


def _check_shapes(root: Path, pairs: Sequence[tuple[Path, Path]]) -> None:
    """Every header is read, once: where all pairs are right, the cache keeps a note of it for as long as the files stay the same."""
    stats = [(str(path), *file_state(path)) for pair in pairs for path in pair]
    note = _note("pairs", stats)
    if note.is_file():
        return
    sizes = _sizes([path for pair in pairs for path in pair])
    faults = [
        fault for pair, size, other in zip(pairs, sizes[::2], sizes[1::2], strict=True) if (fault := _difference(root, pair, size, other))
    ]
    if faults:
        more = f" (and {len(faults) - 1:,} more pairs differ)" if len(faults) > 1 else ""
        raise UserError(f"{root}: {faults[0]}{more}; make both of one shape, so that they show the same")
    with contextlib.suppress(OSError):  # they are read again then
        write_whole(note, b"alike")


def _note(kind: str, stats: Sequence[object]) -> Path:
    return cache_dir() / "data" / f"folder-{kind}-{hash_json([_VERSION, stats])[:16]}.txt"


_Size = tuple[int, int] | None


def _sizes(paths: Sequence[Path]) -> list[_Size]:
    """Every picture's (height, width), from its header."""
    sizes: dict[int, list[_Size]] = {}
    with Progress("comparing shapes", len(paths)) as progress:
        for start, batch in run_in_workers(_ReadSizes(tuple(paths)), range(0, len(paths), _BATCH)):
            sizes[start] = batch
            progress.advance(len(batch))
    return [size for start in sorted(sizes) for size in sizes[start]]


class _ReadSizes(NamedTuple):
    """Reads the sizes of the batch that begins at `start`; picklable."""

    paths: tuple[Path, ...]

    def __call__(self, start: int) -> list[_Size]:
        return [size_as_seen(path) for path in self.paths[start : start + _BATCH]]


def _difference(root: Path, pair: tuple[Path, Path], size: _Size, other: _Size) -> str:
    """A sentence about two partners of different shape; empty for those of one, and for what cannot be read, which decoding says."""
    if size is None or other is None or _is_same_shape(size, other):
        return ""
    names = [path.relative_to(root).as_posix() for path in pair]
    first, second = (f"{width} x {height}" for height, width in (size, other))
    return f"{names[0]} is {first} pixels as seen and its partner {names[1]} {second}"


def _is_same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Returns whether one size is the other scaled, but for less than a pixel of rounding at the smaller scale."""
    (height, width), (small_height, small_width) = sorted((one, other), key=lambda size: size[0] * size[1], reverse=True)
    return abs(height * small_width - small_height * width) < min(height, width)
