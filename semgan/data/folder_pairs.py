"""Pairs of a user's own pictures: files of one name in two domains, of one shape, checked before anything is decoded for training."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from semgan.data.cache import hash_json
from semgan.data.decode import upright_size
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
        raise UserError(f"{root}: pairs need two sub-folders, such as A and B; found {', '.join(domains)}")
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


def _check_shapes(root: Path, pairs: Sequence[tuple[Path, Path]]) -> None:
    """Every header is read, once: where all pairs are right, the cache keeps a note of it for as long as the files stay the same."""
    stats = [(str(path), stat.st_size, stat.st_mtime_ns) for pair in pairs for path in pair for stat in (path.stat(),)]
    note = cache_dir() / "data" / f"folder-pairs-{hash_json([_VERSION, stats])[:16]}.txt"
    if note.is_file():
        return
    faults: dict[int, str] = {}
    with Progress("comparing the shapes of pairs", len(pairs)) as progress:
        for start, results in run_in_workers(_PairInspector(tuple(pairs), root), range(0, len(pairs), _BATCH)):
            faults |= {start + place: fault for place, fault in enumerate(results) if fault}
            progress.advance(len(results))
    if faults:
        more = f" (and {len(faults) - 1:,} more pairs differ)" if len(faults) > 1 else ""
        raise UserError(f"{root}: {faults[min(faults)]}{more}; make both of one shape, so that they show the same")
    with contextlib.suppress(OSError):  # they are read again then
        write_whole(note, b"alike")


class _PairInspector(NamedTuple):
    """Finds what is wrong with each pair in the batch that begins at `start`; picklable."""

    pairs: tuple[tuple[Path, Path], ...]
    root: Path

    def __call__(self, start: int) -> list[str]:
        return [self._inspect(*pair) for pair in self.pairs[start : start + _BATCH]]

    def _inspect(self, one: Path, other: Path) -> str:
        size, other_size = upright_size(one), upright_size(other)
        if size is None or other_size is None or _is_same_shape(size, other_size):  # decoding says what cannot be read
            return ""
        names = [path.relative_to(self.root).as_posix() for path in (one, other)]
        first, second = (f"{width} x {height}" for height, width in (size, other_size))
        return f"{names[0]} is {first} pixels as seen and its partner {names[1]} {second}"


def _is_same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Returns whether one size is the other scaled, but for less than a pixel of rounding at the smaller scale."""
    (height, width), (small_height, small_width) = sorted((one, other), key=lambda size: size[0] * size[1], reverse=True)
    return abs(height * small_width - small_height * width) < min(height, width)
