"""The files of a folder: which are pictures, and why the others are left out, in the words that all commands use."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from semgan.data.decode import SUFFIXES

HIDDEN = "hidden, or the system's"
BROKEN_LINK = "a broken link"
NO_PICTURE = "not a picture by its suffix"
UNREADABLE = "a folder that cannot be read"
SUB_FOLDER = "in a sub-folder"
_SYSTEM = {"lost+found", "__macosx", "$recycle.bin", "system volume information", "@eadir"}  # of Linux, macOS, Windows and Synology


def is_hidden(path: Path) -> bool:
    """Returns whether a name belongs to a system rather than to a user: dot-files, `._7.png` of macOS, `lost+found` and the like."""
    return path.name.startswith(".") or path.name.lower() in _SYSTEM


def why_left_out(path: Path) -> str:
    """Why an entry of a folder is not a picture, by its name and kind alone; empty for a picture."""
    if is_hidden(path):
        return HIDDEN
    if path.is_symlink() and not path.exists():
        return BROKEN_LINK
    if path.is_dir():
        return SUB_FOLDER if os.access(path, os.R_OK | os.X_OK) else UNREADABLE
    return "" if path.suffix.lower() in SUFFIXES and path.is_file() else NO_PICTURE


def visible(folder: Path) -> list[Path]:
    """The entries of a folder that are not hidden, in the order of their names; folders that cannot be read are among them."""
    return [path for path in sorted(folder.iterdir()) if not is_hidden(path)]


def survey(folder: Path, recursive: bool = True, apart: Path | None = None) -> tuple[list[Path], Counter[str]]:
    """The pictures of a folder, in the order of their names, and the number of other files by the reason that they are left out.

    Args:
      recursive: takes those of its sub-folders too, but for hidden ones.
      apart: a folder that is neither looked into nor counted.
    """
    taken, left_out = [], []
    for path in sorted(folder.iterdir()):
        reason = why_left_out(path)
        if reason == SUB_FOLDER and apart is not None and path.resolve() == apart.resolve():
            continue
        if reason == SUB_FOLDER and recursive:
            below, counts = survey(path, recursive, apart)
            taken += below
            left_out.append(counts)
        elif reason:
            left_out.append(count_left_out([(path, reason)]))
        else:
            taken.append(path)
    return taken, sum(left_out, Counter())


def pictures_below(folder: Path) -> list[Path]:
    """The pictures at any depth below a folder, but for those in hidden folders, in the order of their names."""
    paths = []
    for top, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not is_hidden(Path(name))]
        paths += [path for name in names if not why_left_out(path := Path(top, name))]
    return sorted(paths)


def count_left_out(entries: Iterable[tuple[Path, str]]) -> Counter[str]:
    """The number of files by the reason that they are left out; a folder counts as the files in it, hidden ones as one."""
    counts: Counter[str] = Counter()
    for path, reason in entries:
        counts[reason] += _file_count(path) if reason not in (HIDDEN, UNREADABLE) and path.is_dir() else 1
    return +counts


def describe(folder: Path | str, taken: int, left_out: Mapping[str, int]) -> str:
    """The line that tells what became of a folder's files."""
    total = sum(left_out.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items(), key=lambda item: -item[1]))
    return f"{folder}: {taken:,} pictures taken, {total:,} files left out" + (f" ({reasons})" if total else "")


def _file_count(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))
