"""Files inside zip files, read in place and never unpacked: the path `faces.zip/00000/7.png` leads to a member of `faces.zip`."""

import functools
import stat
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from semgan.data.decode import DecodeError
from semgan.errors import UserError

MAX_MEMBERS = 1_000_000
MAX_MEMBER_BYTES = 256 * 2**20
MAX_RATIO = 100
"""Of a member's size to what it takes in the zip file: a picture hardly compresses."""
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Contents(NamedTuple):
    """The members of a zip file.

    Attributes:
      files: by name, those that can be read.
      folders: the names in each folder, in order, by the folder's name; that of the zip file itself is ".".
      unsafe: names of links, and names that lead outside.
    """

    files: MappingProxyType[str, zipfile.ZipInfo]
    folders: MappingProxyType[str, list[str]]
    unsafe: list[str]


def split_path(path: Path) -> tuple[Path, str] | None:
    """The zip file that a path is or leads into, and the member's name, "." for the zip file itself; None for any other path."""
    if ".zip" not in str(path).lower():  # nearly all: this is asked for every file of a folder
        return None
    for top in (path, *path.parents):
        if top.suffix.lower() == ".zip" and top.is_file():
            return top, path.relative_to(top).as_posix()
    return None


def contents(path: Path) -> Contents:
    """Lists a zip file.

    Raises:
      UserError: it is damaged, not a zip file, or has more than `MAX_MEMBERS` members.
    """
    return _contents(str(path), _state(path))


def member(path: Path, name: str) -> zipfile.ZipInfo | None:
    """The entry of a file; None where there is none, or where it cannot be read safely."""
    return contents(path).files.get(name)


def read_member(path: Path, name: str, most_bytes: int = MAX_MEMBER_BYTES, label: str = "") -> bytes:
    """A member's bytes; `label` is what errors call it.

    Raises:
      DecodeError: it is absent, damaged, encrypted, or would grow more than a picture can.
    """
    archive, label = open_zip(path), label or f"{path}/{name}"
    try:
        info = member(path, name) or archive.getinfo(name)
    except KeyError as error:
        raise DecodeError(label, "is not in the zip file") from error
    if info.file_size > most_bytes or info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise DecodeError(label, f"{info.compress_size:,} bytes would grow to {info.file_size:,}; it is not a picture")
    try:
        return archive.read(info)
    except _FAULTS as error:
        raise DecodeError(label, f"is damaged in the zip ({error})") from error


def open_zip(path: Path) -> zipfile.ZipFile:
    """Opens a zip file, once per process for as long as it stays the same: its directory may have 200,000 entries.

    Raises:
      UserError: it is damaged or not a zip file.
    """
    return _open(str(path), _state(path))


def _state(path: Path) -> tuple[int, int]:
    try:
        return (status := path.stat()).st_size, status.st_mtime_ns
    except OSError:
        return 0, 0


@functools.lru_cache(maxsize=4)
def _open(path: str, state: tuple[int, int]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _FAULTS as error:
        raise UserError(f"{path}: {state[0]:,} bytes are cut short or not a zip file; download it again") from error


@functools.lru_cache(maxsize=4)
def _contents(path: str, state: tuple[int, int]) -> Contents:
    entries = _open(path, state).infolist()
    if len(entries) > MAX_MEMBERS:
        raise UserError(f"{path}: {len(entries):,} members are more than the {MAX_MEMBERS:,} that are opened")
    files, folders, unsafe = {}, defaultdict(set, {".": set()}), []
    for entry in entries:
        if _is_unsafe(entry):
            unsafe.append(entry.filename)
            continue
        parts = Path(entry.filename).parts
        for depth, part in enumerate(parts):
            folders["/".join(parts[:depth]) or "."].add(part)
        if entry.is_dir():
            folders["/".join(parts)] |= set()
        else:
            files["/".join(parts)] = entry
    listing = {name: sorted(names) for name, names in folders.items() if name not in files}
    return Contents(MappingProxyType(files), MappingProxyType(listing), unsafe)


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    leads_outside = name.startswith("/") or ".." in Path(name).parts or "\\" in name or ":" in name.partition("/")[0]
    return leads_outside or stat.S_ISLNK(entry.external_attr >> 16) or not Path(name).parts
