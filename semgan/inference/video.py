"""Moving pictures: .gif and .webp through Pillow, .mp4 through imageio (an extra); whole or not at all."""

import importlib
import io
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semgan.errors import UserError
from semgan.files import write_whole

FPS = 25
"""Frames per second: 40 ms per frame, which GIF, in hundredths of a second, can hold exactly."""
SUFFIXES = (".mp4", ".gif", ".webp")


def check_writable(path: Path) -> None:
    """Raises a UserError unless `write` knows the suffix and has what it takes."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: {path.suffix or 'no suffix'} is not a video format that can be written: use {', '.join(SUFFIXES)}")
    if suffix == ".mp4":
        _imageio()


def write(path: Path, frames: Iterable[np.ndarray]) -> None:
    """Writes uint8 frames (height, width, 3) of one size at `FPS`, in the format of the suffix; makes the folder.

    A .gif or .webp is played over and over.
    """
    check_writable(path)
    try:
        if path.suffix.lower() == ".mp4":
            _write_mp4(path, frames)
        else:
            write_whole(path, _animation(frames, path.suffix.lower()))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}): choose another place or free the disk") from error


def _animation(frames: Iterable[np.ndarray], suffix: str) -> bytes:
    first, *rest = [Image.fromarray(frame) for frame in frames]
    encoded = io.BytesIO()
    options: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": 1000 // FPS, "loop": 0}
    first.save(encoded, suffix[1:].upper(), **options, **({"quality": 85} if suffix == ".webp" else {}))
    return encoded.getvalue()


def _write_mp4(path: Path, frames: Iterable[np.ndarray]) -> None:
    """Writes under a temporary name beside `path`, then renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}.mp4")
    try:
        writer = _imageio().get_writer(temporary, format="FFMPEG", fps=FPS, codec="libx264", quality=8, macro_block_size=2)
        with closing(writer):  # used as a context manager, it would go on writing after an error
            for frame in _even(frames):
                writer.append_data(frame)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _even(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The usual pixel format of .mp4 needs even sides: the last row or column is repeated where they are odd."""
    for frame in frames:
        height, width = frame.shape[:2]
        yield np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _imageio() -> Any:
    try:
        importlib.import_module("imageio_ffmpeg")
        return importlib.import_module("imageio.v2")
    except ImportError as error:
        raise UserError(
            "an .mp4 takes imageio with imageio-ffmpeg: pip install 'semgan[video]', or choose .gif or .webp, which need no extra"
        ) from error
