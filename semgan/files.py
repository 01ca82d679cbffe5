"""Files that are there whole or not at all."""

import os
import uuid
from pathlib import Path


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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename too
    finally:
        os.close(folder)
