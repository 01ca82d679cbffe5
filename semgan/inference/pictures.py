"""Pictures in and out: reads the user's picture, fits it to the model, puts the result back, writes it completely or not at all."""

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from semgan.data.colour_profiles import srgb_profile
from semgan.data.decode import SUFFIXES, decode_picture, fit, square_crop
from semgan.data.picture_files import count_left_out, describe, why_left_out
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.pictures.gpano import save_arguments

Picture = np.ndarray | Image.Image | str | os.PathLike[str]
"""uint8 (height, width, 3), a Pillow image, or a path."""

FORMATS = {
    **{".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".dib": "BMP"},
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
}
"""The suffixes that can be written, and their formats."""
_FEATHER = 1 / 12  # of the square's side


def read(picture: Picture, name: str = "picture") -> np.ndarray:
    """Reads any picture as uint8 (height, width, 3), upright, RGB; UserError (with `name` where it has no path) when it is not one."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            raise UserError(f"the {name} is {picture.dtype} {picture.shape}: give uint8 (height, width, 3)")
        return picture
    if isinstance(picture, Image.Image):
        return decode_picture(_encode(picture, name), name)
    return decode_picture(picture)


def is_loaded(picture: Picture) -> bool:
    """Returns whether it is a picture in memory, without a path."""
    return isinstance(picture, np.ndarray | Image.Image)


def list_folder(folder: Path) -> list[Path]:
    """The pictures directly in a folder, by their suffixes, in the order of their names; UserError when there is none."""
    paths = sorted(path for path in folder.iterdir() if not why_left_out(path))
    if not paths:
        left_out = f" ({describe_folder(folder)})" if any(folder.iterdir()) else ""
        raise UserError(f"{folder} has no pictures in it{left_out}: give a folder with files of {', '.join(SUFFIXES)}")
    return paths


def describe_folder(folder: Path) -> str:
    """The line that tells how many pictures of a folder `list_folder` takes, and what it leaves out."""
    reasons = [(path, why_left_out(path)) for path in folder.iterdir()]
    left_out = count_left_out((path, reason) for path, reason in reasons if reason)
    return describe(folder, sum(not reason for _, reason in reasons), left_out)


def _encode(image: Image.Image, name: str) -> bytes:
    """A Pillow image as a lossless file, so that the one decoder settles its kind of pixels, alpha and orientation."""
    file = io.BytesIO()
    try:
        format = "TIFF" if image.mode in ("CMYK", "YCbCr") else "PNG"
        ImageOps.exif_transpose(image).save(file, format, **({"compress_level": 1} if format == "PNG" else {}))
    except (OSError, ValueError) as error:
        raise UserError(f"the {name} has pixels of mode {image.mode}, which are not supported: convert it to RGB") from error
    return file.getvalue()


def put_back(picture: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The picture with its centred square replaced by the translated one, at the picture's own size.

    Where the square ends inside the picture it fades into it over a twelfth of its side.

    Args:
      picture: uint8 (height, width, 3).
      translation: uint8 (size, size, 3), of what `fit(picture, size)` gives.
    """
    height, width = picture.shape[:2]
    top, left, side = square_crop(height, width)
    square = fit(translation, side)
    if height == width:
        return square
    result = picture.copy()
    region = result[top : top + side, left : left + side]
    rows = _fade(side, top > 0, top + side < height)[:, None, None]
    columns = _fade(side, left > 0, left + side < width)[None, :, None]
    region[:] = np.rint(region + rows * columns * (square.astype(np.float32) - region)).astype(np.uint8)
    return result


def _fade(length: int, at_start: bool, at_end: bool) -> np.ndarray:
    """Weights in (0, 1], float32 (length,), that rise from the start and fall to the end, each where asked for."""
    place = np.arange(length, dtype=np.float32) + 0.5
    ramp = max(length * _FEATHER, 1)
    weights = np.ones(length, np.float32)
    if at_start:
        weights = np.minimum(weights, place / ramp)
    if at_end:
        weights = np.minimum(weights, (length - place) / ramp)
    return weights


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


def check_writable_suffix(path: Path) -> None:
    """Raises a UserError unless the suffix names a format that `write` knows."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path}: {path.suffix or 'no suffix'} is not a picture format that can be written: use {', '.join(FORMATS)}")


def write(path: Path, image: np.ndarray, packet: bytes = b"") -> None:
    """Writes uint8 (height, width, 3) as sRGB in the format of the suffix, with an XMP packet if given, through a temporary file."""
    check_writable_suffix(path)
    format = FORMATS[path.suffix.lower()]
    encoded = io.BytesIO()
    arguments = _says_srgb(format) | ({"quality": 95} if format in ("JPEG", "WEBP") else {})
    Image.fromarray(image).save(encoded, format, **(save_arguments(format, packet, arguments) if packet else arguments))
    try:
        write_whole(path, encoded.getvalue())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}): choose another place or free the disk") from error


def _says_srgb(format: str) -> dict[str, Any]:
    """Pillow's arguments by which a file says that it is sRGB: a PNG in a chunk of one byte, others by a profile; BMP cannot."""
    if format != "PNG":
        return {} if format == "BMP" else {"icc_profile": srgb_profile()}
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x01")  # relative colorimetric (ISO/IEC 15948, 11.3.2.5)
    return {"pnginfo": chunks}
