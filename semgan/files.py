"""Writes files completely or not at all."""

import os
import uuid
from pathlib import Path

from semgan.errors import UserError


def why_no_folder(path: Path) -> str:
    """Says why a path that should be a folder's is none."""
    return "no such folder" if not path.exists() else "not a folder"


def check_place(path: Path) -> None:
    """Raises a UserError unless a folder or file could be made there, which is not done."""
    above = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not above.is_dir() and above != path:
        raise UserError(f"{path} cannot be written ({above} is a file): give another --out")
    if not os.access(above, os.W_OK):
        raise UserError(f"{path} cannot be written (no permission for {above}): give another --out")


def check_writable(path: Path) -> None:
    """Raises a UserError unless a file can be written there: before the work rather than after it. Makes the folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --out") from error
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a file as --out")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"{path} cannot be written (no permission for {path.parent}): give another --out")


def write_whole(path: Path, contents: bytes) -> None:
    """Writes under a temporary name beside `path`, to the disk, then renames; makes the folder. OSError when it cannot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)  # the rename too


def sync(path: Path) -> None:
    """Waits until the file, or the list of a folder's entries, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
