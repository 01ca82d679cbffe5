"""Pictures out: a grid of them, and files that are written completely or not at all."""

import io
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from semgan.data.colour_profiles import srgb_profile
from semgan.data.decode import over, size_of
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.pictures.gpano import save_arguments

FORMATS = {
    **{".png": "PNG", ".apng": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".dib": "BMP", ".gif": "GIF"},
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
}
"""The suffixes that can be written, and their formats."""


def grid(images: np.ndarray, gap: int = 2) -> np.ndarray:
    """Pictures (count, size, size, 3) in rows, as near to a square as it goes, on white: uint8 (height, width, 3)."""
    count, size = images.shape[:2]
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    pitch = size + gap
    page = np.full((rows * pitch - gap, columns * pitch - gap, 3), 255, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        page[row * pitch : row * pitch + size, column * pitch : column * pitch + size] = image
    return page


class FormatError(UserError):
    """A picture, or its metadata, that a format cannot hold."""


def check_writable_suffix(path: Path) -> None:
    """Raises a UserError unless the suffix names a format that `write` knows."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path}: {path.suffix or 'no suffix'} is not a picture format that can be written: use {', '.join(FORMATS)}")


def keeps_alpha(path: Path) -> bool:
    """Returns whether pictures of the suffix can be transparent in part."""
    return FORMATS[path.suffix.lower()] in ("PNG", "WEBP", "TIFF")


def write(path: Path, image: np.ndarray, *, exif: bytes = b"", xmp: bytes = b"") -> None:
    """Writes a picture as sRGB in the format of the suffix, through a temporary file; makes the folder.

    Args:
      image: uint8 (height, width, 3), or 4 with alpha, which comes over white where the format has none.
      exif, xmp: metadata; see `semgan.pictures.metadata`.

    Raises:
      FormatError: the picture is too long for the format, or its metadata are.
      UserError: a suffix of no such format, or a place that cannot be written to.
    """
    check_writable_suffix(path)
    format = FORMATS[path.suffix.lower()]
    if image.shape[2] == 4 and not keeps_alpha(path):
        image = over(image[..., :3], image[..., 3], 255)
    options = {**_says_srgb(format), **({"quality": 95} if format in ("JPEG", "WEBP") else {}), **({"exif": exif} if exif else {})}
    encoded = io.BytesIO()
    try:
        Image.fromarray(image).save(encoded, format, **(save_arguments(format, xmp, options) if xmp else options))
    except (OSError, ValueError, OverflowError, struct.error) as error:
        height, width = size_of(image)
        raise FormatError(f"{path}: a {format} file cannot hold this picture of {width} x {height} pixels ({error}): write PNG") from error
    try:
        write_whole(path, encoded.getvalue())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}): choose another place or free the disk") from error


def _says_srgb(format: str) -> dict[str, Any]:
    """Pillow's arguments by which a file says that it is sRGB: a PNG in a chunk of one byte, others by a profile; BMP and GIF cannot."""
    if format != "PNG":
        return {} if format in ("BMP", "GIF") else {"icc_profile": srgb_profile()}
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x01")  # relative colorimetric (ISO/IEC 15948, 11.3.2.5)
    return {"pnginfo": chunks}
