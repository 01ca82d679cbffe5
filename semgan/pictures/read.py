"""Pictures in: a user's picture of any kind as an array, and the pictures of a folder."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from semgan.data.decode import SUFFIXES, Decoded, decode_with_alpha
from semgan.data.picture_files import describe, survey
from semgan.errors import UserError

Picture = np.ndarray | Image.Image | str | os.PathLike[str]
"""uint8 (height, width, 3), or 4 with alpha, a Pillow image, or a path."""


def read(picture: Picture, name: str = "picture") -> np.ndarray:
    """Reads any picture as uint8 (height, width, 3), upright, RGB; UserError (with `name` where it has no path) when it is not one."""
    return read_with_alpha(picture, name).colour


def read_with_alpha(picture: Picture, name: str = "picture") -> Decoded:
    """Reads any picture and its transparency, as `read` does; opaque ones have no alpha."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
            raise UserError(f"the {name} is {picture.dtype} {picture.shape}: give uint8 (height, width, 3), or 4 with alpha")
        if picture.shape[2] == 3:
            return Decoded(picture, None)
        picture = Image.fromarray(picture)
    if isinstance(picture, Image.Image):
        return decode_with_alpha(_encode(picture, name), name)
    if not isinstance(picture, str | os.PathLike):
        raise UserError(f"the {name} is of type {type(picture).__name__}: give an array, a Pillow image or a path")
    return decode_with_alpha(picture)


def is_loaded(picture: Picture) -> bool:
    """Returns whether it is a picture in memory, without a path."""
    return isinstance(picture, np.ndarray | Image.Image)


def list_pictures(folder: Path, recursive: bool = True, apart: Path | None = None, say: Callable[[str], None] | None = None) -> list[Path]:
    """The pictures of a folder, see `picture_files.survey`, in the order of their names; UserError when there is none.

    Args:
      say: is given the line of how many are taken, and what is left out.
    """
    paths, left_out = survey(folder, recursive, apart)
    line = describe(folder, len(paths), left_out)
    if not paths:
        raise UserError(f"{folder} has no pictures in it ({line}): give a folder with files of {', '.join(SUFFIXES)}")
    if say:
        say(line)
    return paths


def _encode(image: Image.Image, name: str) -> bytes:
    """A Pillow image as a lossless file, so that the one decoder settles its kind of pixels, alpha and orientation."""
    file = io.BytesIO()
    if 0 in image.size:
        raise UserError(f"the {name} has no pixels: give one that has")
    try:
        image.load()
    except OSError as error:
        raise UserError(f"the {name} is damaged or cut short ({error}): give another file") from error
    try:
        format = "TIFF" if image.mode in ("CMYK", "YCbCr") else "PNG"
        ImageOps.exif_transpose(image).save(file, format, **({"compress_level": 1} if format == "PNG" else {}))
    except (OSError, ValueError) as error:
        raise UserError(f"the {name} has pixels of mode {image.mode}, which are not supported: convert it to RGB") from error
    return file.getvalue()
