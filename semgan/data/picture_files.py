"""The files of a folder: which are pictures, and why the others are left out, in the words that all commands use.

A zip file of pictures counts as a folder, and is read in place (`zip_files`).
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from semgan.data import zip_files
from semgan.data.decode import SUFFIXES, DecodeError, decode_picture, upright_size

HIDDEN = "hidden, or the system's"
BROKEN_LINK = "a broken link"
NO_PICTURE = "not a picture by its suffix"
UNREADABLE = "a folder that cannot be read"
SUB_FOLDER = "in a sub-folder"
AGAIN = "links to folders that are taken already"
UNSAFE = "a link in the zip file, or a name that leads out of it"
MAX_FILE_BYTES = zip_files.MAX_MEMBER_BYTES
_SYSTEM = {"lost+found", "__macosx", "$recycle.bin", "system volume information", "@eadir"}  # of Linux, macOS, Windows and Synology


def is_hidden(path: Path) -> bool:
    """Returns whether a name belongs to a system rather than to a user: dot-files, `._7.png` of macOS, `lost+found` and the like."""
    return path.name.startswith(".") or path.name.lower() in _SYSTEM


def is_folder(path: Path) -> bool:
    """Returns whether a path is a folder, a zip file, or a folder in one."""
    if (place := zip_files.split_path(path)) is not None:
        return place[1] == "." or place[1] in zip_files.contents(place[0]).folders
    return path.is_dir()


def is_file(path: Path) -> bool:
    """Returns whether a path is a file, or one in a zip file."""
    if (place := zip_files.split_path(path)) is not None and place[1] != ".":
        return zip_files.member(*place) is not None
    return path.is_file()


def why_left_out(path: Path) -> str:
    """Why an entry of a folder is not a picture, by its name and kind alone; empty for a picture."""
    if is_hidden(path):
        return HIDDEN
    if (place := zip_files.split_path(path)) is not None and place[1] != ".":
        if is_folder(path):
            return SUB_FOLDER
        return "" if path.suffix.lower() in SUFFIXES and zip_files.member(*place) else NO_PICTURE
    if path.is_symlink() and not path.exists():
        return BROKEN_LINK
    if path.is_dir():
        return SUB_FOLDER if os.access(path, os.R_OK | os.X_OK) else UNREADABLE
    return "" if path.suffix.lower() in SUFFIXES and path.is_file() else NO_PICTURE


def entries(folder: Path) -> list[Path]:
    """The entries of a folder, in the order of their names."""
    if (place := zip_files.split_path(folder)) is not None:
        return [folder / name for name in zip_files.contents(place[0]).folders[place[1]]]
    return sorted(folder.iterdir())


def visible(folder: Path) -> list[Path]:
    """The entries of a folder that are not hidden, in the order of their names; folders that cannot be read are among them."""
    return [path for path in entries(folder) if not is_hidden(path)]


def survey(folder: Path, recursive: bool = True, apart: Path | None = None) -> tuple[list[Path], Counter[str]]:
    """The pictures of a folder, in the order of their names, and the number of other files by the reason that they are left out.

    Args:
      recursive: takes those of its sub-folders too, but for hidden ones. A link to a folder that is taken already is left out.
      apart: a folder that is neither looked into nor counted.
    """
    visited = {folder.resolve(), *([] if apart is None else [apart.resolve()])}
    return _survey(folder, recursive, visited, None if apart is None else apart.resolve())


def _survey(folder: Path, recursive: bool, visited: set[Path], apart: Path | None) -> tuple[list[Path], Counter[str]]:
    """Surveys a folder and those below it that are not in `visited`, which grows."""
    taken: list[Path] = []
    left_out: Counter[str] = Counter()
    for path in entries(folder):
        reason = why_left_out(path)
        if reason == SUB_FOLDER and path.resolve() == apart:
            continue
        if reason == SUB_FOLDER and recursive:
            if path.resolve() in visited:
                left_out[AGAIN] += 1
                continue
            visited.add(path.resolve())
            below, counts = _survey(path, recursive, visited, apart)
            taken += below
            left_out += counts
        elif reason:
            left_out += count_left_out([(path, reason)])
        else:
            taken.append(path)
    return taken, left_out


def stems(folder: Path, paths: Iterable[Path]) -> dict[Path, Path]:
    """Each picture's path below `folder` without its suffix; with it where two would be the same, such as `a.jpg` and `a.webp`."""
    relative = {path: path.relative_to(folder) for path in paths}
    result = {path: each.with_name(each.stem) for path, each in relative.items()}
    while True:
        counts = Counter(str(each).lower() for each in result.values())
        unclear = [path for path, each in result.items() if counts[str(each).lower()] > 1 and each != relative[path]]
        if not unclear:
            return result
        result |= {path: relative[path] for path in unclear}


def pictures_below(folder: Path) -> list[Path]:
    """The pictures at any depth below a folder, but for those in hidden folders, in the order of their names."""
    paths = []
    for top, inner, names in _walk(folder):
        inner[:] = [name for name in inner if not is_hidden(Path(name))]
        paths += [path for name in names if not why_left_out(path := Path(top, name))]
    return sorted(paths)


def unsafe_members(folder: Path) -> list[Path]:
    """The members of a zip file that are not read, by their names as far as these stay inside; none of a folder."""
    place = zip_files.split_path(folder)
    names = zip_files.contents(place[0]).unsafe if place is not None and place[1] == "." else []
    return [folder.joinpath(*(part for part in Path(name).parts if part not in ("/", ".."))) for name in names]


def file_state(path: Path) -> tuple[int, int]:
    """Two numbers that change with a file: its size and its time, or in a zip file its size and its checksum (CRC-32)."""
    if (place := zip_files.split_path(path)) is not None and (entry := zip_files.member(*place)) is not None:
        return entry.file_size, entry.CRC
    return (status := path.stat()).st_size, status.st_mtime_ns


def read_file(path: Path) -> bytes:
    """A picture's bytes.

    Raises:
      DecodeError: it cannot be read, or is larger than `MAX_FILE_BYTES`.
    """
    if (place := zip_files.split_path(path)) is not None:
        return zip_files.read_member(*place)
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise DecodeError(str(path), f"is a file of {size:,} bytes, more than {MAX_FILE_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise DecodeError(str(path), f"cannot be read ({error.strerror})") from error


def decode_file(path: Path) -> np.ndarray:
    """Decodes a picture, see `decode.decode_picture`, wherever it lies."""
    if zip_files.split_path(path) is None:
        return decode_picture(path)
    return decode_picture(read_file(path), str(path))


def size_as_seen(path: Path) -> tuple[int, int] | None:
    """(height, width) of a picture, see `decode.upright_size`, wherever it lies."""
    if zip_files.split_path(path) is None:
        return upright_size(path)
    try:
        return upright_size(read_file(path))
    except DecodeError:
        return None


def _walk(folder: Path) -> Iterator[tuple[str | Path, list[str], list[str]]]:
    """As `os.walk`, in zip files too."""
    if zip_files.split_path(folder) is None:
        yield from os.walk(folder)
        return
    names = entries(folder)
    inner = [path.name for path in names if is_folder(path)]
    yield folder, inner, [path.name for path in names if not is_folder(path)]
    for name in inner:
        yield from _walk(folder / name)


def count_left_out(files: Iterable[tuple[Path, str]]) -> Counter[str]:
    """The number of files by the reason that they are left out; a folder counts as the files in it, hidden ones as one."""
    counts: Counter[str] = Counter()
    for path, reason in files:
        holds_files = reason not in (HIDDEN, UNREADABLE, UNSAFE) and is_folder(path) and not path.is_file()
        counts[reason] += _file_count(path) if holds_files else 1
    return +counts


def describe(folder: Path | str, taken: int, left_out: Mapping[str, int]) -> str:
    """The line that tells what became of a folder's files."""
    total = sum(left_out.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items(), key=lambda item: -item[1]))
    return f"{folder}: {_counted(taken, 'picture')} taken, {_counted(total, 'file')} left out" + (f" ({reasons})" if total else "")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _file_count(folder: Path) -> int:
    return sum(len(names) for _, _, names in _walk(folder))
