"""What makes a folder of files trustworthy: its manifest, with every file's size and SHA-256 and a SHA-256 of itself."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

FORMAT = "semgan-checkpoint-1"
MANIFEST = "manifest.json"
NO_HASH = "0" * 64
"""In the place of the manifest's own hash while that is taken."""


class DamagedError(Exception):
    """Names the file of a checkpoint and what is wrong with it."""


def write(folder: Path, manifest: dict) -> None:
    """Adds every file's size and SHA-256 and the manifest's own (taken with 64 zeros in its place), all of it synced to disk."""
    files = {path.relative_to(folder).as_posix(): _fingerprint(path) for path in _files(folder)}
    text = json.dumps(manifest | {"files": files}, indent=1)
    own = f'"sha256": "{NO_HASH}"'
    text = text.replace(own, own.replace(NO_HASH, _sha256(text.encode())), 1)
    (folder / MANIFEST).write_text(text)
    for path in [folder, *folder.rglob("*")]:
        sync(path)


def verify(folder: Path, step: int) -> dict:
    """The manifest, once every file proved to be as it was written; else DamagedError."""
    manifest = _read(folder / MANIFEST)
    if manifest["step"] != step:
        raise DamagedError(f"{MANIFEST} is of step {manifest['step']}")
    found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    if missing := manifest["files"].keys() - found:
        raise DamagedError(f"{min(missing)} is missing")
    if extra := found.keys() - manifest["files"]:
        raise DamagedError(f"{min(extra)} does not belong to it")
    for name, path in found.items():
        if _fingerprint(path) != manifest["files"][name]:
            raise DamagedError(f"{name} is not as it was written")
    return manifest


def _read(path: Path) -> dict:
    try:
        raw = path.read_bytes()
        manifest = json.loads(raw)
        own = str(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path.name} is missing or unreadable") from error
    if _sha256(raw.replace(own.encode(), NO_HASH.encode(), 1)) != own:
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


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
