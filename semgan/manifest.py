"""The manifest that makes a folder of files trustworthy, with every file's size and SHA-256 and a SHA-256 of itself."""

import hashlib
import json
from pathlib import Path
from typing import Any

from semgan.files import sync
from semgan.sealed import is_intact, seal

FORMAT = "semgan-checkpoint-1"
MANIFEST = "manifest.json"


class DamagedError(Exception):
    """Raised for a damaged checkpoint; names the file and what is wrong with it."""


def write(folder: Path, manifest: dict) -> None:
    """Adds every file's size and SHA-256, seals the manifest, whose "sha256" is `sealed.UNSEALED`, and syncs all of it to disk."""
    files = {path.relative_to(folder).as_posix(): _fingerprint(path) for path in _files(folder)}
    (folder / MANIFEST).write_bytes(seal(json.dumps(manifest | {"files": files}, indent=1).encode()))
    for path in [folder, *folder.rglob("*")]:
        sync(path)


def verify(folder: Path, step: int | None) -> dict:
    """The manifest, once every file proved to be as it was written, and to be of this step unless that is None; else DamagedError."""
    manifest = _read(folder / MANIFEST)
    if step is not None and manifest["step"] != step:
        raise DamagedError(f"{MANIFEST} is of step {manifest['step']}")
    paths = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    if missing := manifest["files"].keys() - paths:
        raise DamagedError(f"{min(missing)} is missing")
    if extra := paths.keys() - manifest["files"]:
        raise DamagedError(f"{min(extra)} does not belong to it")
    for name, path in paths.items():
        if _fingerprint(path) != manifest["files"][name]:
            raise DamagedError(f"{name} is not as it was written")
    return manifest


def _read(path: Path) -> dict:
    try:
        raw = path.read_bytes()
        manifest = json.loads(raw)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path.name} is missing or unreadable") from error
    if not is_intact(raw):
        raise DamagedError(f"{path.name} is not as it was written")
    return manifest


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir() and path != folder / MANIFEST)


def _fingerprint(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    except OSError as error:
        raise DamagedError(f"{path.name} cannot be read") from error
