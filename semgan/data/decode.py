"""The project's one decoder of pictures, on Pillow: every picture from outside passes through `decode_picture`.

Pillow alone is silently wrong for some of what users have: `convert("RGB")` clips 16-bit grey to white, drops alpha onto
black, ignores colour profiles and leaves photographs from phones lying on their side.
"""

import contextlib
import io
import os
import struct
import warnings
import zlib
from os import PathLike, fspath
from typing import IO, NamedTuple

import numpy as np
from PIL import Image

from semgan.data.adobe_rgb import adobe_rgb_profile, says_adobe_rgb
from semgan.data.colour_profiles import to_srgb
from semgan.data.decode_warnings import DecodeWarning, FramesWarning
from semgan.data.sample_range import SampleFacts, colour_to_8_bits, grey_to_8_bits, png_chunk, sample_facts
from semgan.errors import UserError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""The formats that are opened at all. GIF, animated WebP and multi-page TIFF give their first frame, with a warning."""
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"),
    *(".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"),
)
"""The suffixes that pictures of these formats have, in lower case; what a file is, its bytes decide."""
MAX_PIXELS = 2**27  # a panorama of 16,384 x 8,192
"""Larger pictures are refused from their header, before any pixel is decoded."""
FLAT = 8
"""Of 255: a picture none of whose channels differs by more shows nothing."""

# What Pillow's readers raise on damaged or hostile bytes.
_READER_FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, AttributeError,
    AssertionError, struct.error, zlib.error, MemoryError, NotImplementedError, RuntimeError,
)  # fmt: skip
_OPAQUE_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "RGBX")
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_PROFILED_MODES = ("L", "RGB", "RGBA")
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)


class DecodeError(UserError):
    """A picture that cannot be used: `name` of the file and `reason`."""

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class Decoded(NamedTuple):
    """A decoded picture: `colour` uint8 (height, width, 3), as `decode_picture` gives it, and `alpha` uint8 (height, width) or None."""

    colour: np.ndarray
    alpha: np.ndarray | None


def decode_picture(picture: bytes | str | PathLike[str], name: str = "") -> np.ndarray:
    """Decodes a picture fully.

    Args:
      picture: the file's bytes, or its path.
      name: what errors call the picture; the path by default.

    Returns:
      uint8 (height, width, 3), upright, sRGB; alpha over white, or over black where the picture would vanish in white; 16 bits scaled
      to 8, from the range that the file's values fill. What is guessed is said in a warning that names the picture.

    Raises:
      DecodeError: unreadable, damaged, cut short, too large, of a format or kind of pixel that is not supported.
    """
    return decode_with_alpha(picture, name).colour


def decode_with_alpha(picture: bytes | str | PathLike[str], name: str = "") -> Decoded:
    """Decodes a picture as `decode_picture` does, and its transparency; None where all of it is opaque."""
    name = name or ("picture" if isinstance(picture, bytes) else fspath(picture))
    try:
        with _stream(picture) as stream, Image.open(stream, formats=FORMATS) as image:
            _check_header(image, name)
            facts = sample_facts(image)
            image.load()
            _add_profile(image)
            turn = _turn(image)  # after loading, by which Pillow has turned a TIFF already
            shallow = _to_8_bits(image, picture, facts, name) if facts.is_deep else image
            return _to_rgb(shallow if turn is None else shallow.transpose(turn), name)
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DecodeError(name, _too_large()) from error
    except Image.UnidentifiedImageError as error:
        raise DecodeError(name, f"not a picture in a supported format ({', '.join(FORMATS)})") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        if not isinstance(picture, bytes) and os.path.islink(picture) and not os.path.exists(picture):
            raise DecodeError(name, f"is a broken link: {os.readlink(picture)} does not exist") from error
        raise DecodeError(name, f"cannot be read ({error.strerror})") from error
    except _READER_FAULTS as error:
        raise DecodeError(name, f"damaged or cut short ({error or type(error).__name__})") from error


def _stream(picture: bytes | str | PathLike[str]) -> IO[bytes]:
    """Opens a picture's bytes; by a path Pillow maps some TIFFs into memory, and then leaves them lying on their side."""
    return io.BytesIO(picture) if isinstance(picture, bytes) else open(picture, "rb")


def upright_size(picture: bytes | str | PathLike[str]) -> tuple[int, int] | None:
    """(height, width) of a picture as it is seen, from its header; None for what decoding will refuse."""
    try:
        with _stream(picture) as stream, Image.open(stream, formats=FORMATS) as image:
            lies = image.format != "TIFF" and _has_exif(image) and image.getexif().get(_ORIENTATION_TAG) in _LYING
            return (image.width, image.height) if lies else (image.height, image.width)  # Pillow gives a TIFF's as it is seen
    except Exception:  # whatever Pillow raises on damaged bytes
        return None


def _has_exif(image: Image.Image) -> bool:
    """Returns whether there is any EXIF; of a PNG without it Pillow would decode the pixels to find that out."""
    return image.format != "PNG" or "exif" in image.info or "Raw profile type exif" in image.info or png_chunk(image, b"eXIf") is not None


def size_of(image: np.ndarray) -> tuple[int, int]:
    """(height, width) of a picture, (height, width, ...)."""
    return image.shape[0], image.shape[1]


def square_crop(height: int, width: int) -> tuple[int, int, int]:
    """The largest centred square: `(top, left, side)`."""
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def fit(image: np.ndarray, size: int) -> np.ndarray:
    """Crops the centred square and resizes it with Lanczos, antialiased: uint8 (H, W, 3) -> uint8 (size, size, 3)."""
    top, left, side = square_crop(*image.shape[:2])
    square = image[top : top + side, left : left + side]
    if side == size:
        return np.ascontiguousarray(square)
    resized = Image.fromarray(np.ascontiguousarray(square)).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(resized)


def _too_large(size: tuple[int, int] | None = None) -> str:
    what = f"{size[0]:,} x {size[1]:,} pixels are" if size else "the picture is"
    return f"{what} more than the {MAX_PIXELS:,} pixels that are opened; make it smaller first"


def _check_header(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise DecodeError(name, _too_large(image.size))
    if image.format != "MPO" and (total := getattr(image, "n_frames", 1)) > 1:
        warnings.warn(FramesWarning(name, "pages" if image.format == "TIFF" else "frames", total), stacklevel=3)
        image.seek(0)


def _add_profile(image: Image.Image) -> None:
    """Gives a picture whose colour space EXIF alone names the profile of it; unreadable EXIF counts as none."""
    if image.mode in _PROFILED_MODES and "icc_profile" not in image.info:
        with contextlib.suppress(*_READER_FAULTS):
            if says_adobe_rgb(image):
                image.info["icc_profile"] = adobe_rgb_profile()


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What makes the picture upright, by its EXIF orientation; unreadable EXIF counts as none."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except _READER_FAULTS:
        return None
    return _UPRIGHT.get(orientation) if isinstance(orientation, int) else None


def _to_8_bits(image: Image.Image, picture: bytes | str | PathLike[str], facts: SampleFacts, name: str) -> Image.Image:
    """The loaded picture, if it is of integers or of channels of 16 bits, with 8."""

    def reload(raw_mode: str) -> Image.Image:
        with _stream(picture) as stream, Image.open(stream, formats=FORMATS) as again:
            again.tile = [_with_raw_mode(tile, raw_mode) for tile in again.tile]  # pyright: ignore[reportAttributeAccessIssue]
            again.load()
            return again.copy()

    if not image.mode.startswith("I"):
        return colour_to_8_bits(image, reload, facts, name)
    grey = grey_to_8_bits(image, facts, name)
    if grey is None:
        raise DecodeError(name, "pixels of 32 bits above 65,535 are not supported, because their range is not known; save it with 16 bits")
    return grey


def _with_raw_mode(tile, raw_mode: str):
    """One of Pillow's tiles, unpacked in another way."""
    arguments = (raw_mode, *tile[3][1:]) if isinstance(tile[3], tuple) else raw_mode
    return type(tile)(*tile[:3], arguments)


def _to_rgb(image: Image.Image, name: str) -> Decoded:
    mode = image.mode
    if mode in _ALPHA_MODES or (mode in _OPAQUE_MODES and "transparency" in image.info):
        rgba = image.convert("RGBA")
        colour = to_srgb(rgba.convert("RGB"), name)
        alpha = np.asarray(rgba.getchannel("A"))
        return Decoded(_without_alpha(np.asarray(colour), alpha, name), None if alpha.min() == 255 else alpha)
    if mode in _OPAQUE_MODES:
        return Decoded(np.array(to_srgb(image if mode in ("L", "CMYK", "RGB") else image.convert("RGB"), name)), None)
    kind = "floating-point pixels" if mode == "F" else f"pixels of Pillow's mode {mode}"
    raise DecodeError(name, f"{kind} are not supported, because their range is not known; save it with 8 or 16 bits")


def _without_alpha(colour: np.ndarray, alpha: np.ndarray, name: str) -> np.ndarray:
    """Puts the picture over white, or over black where it is white itself and would vanish."""
    over_white = over(colour, alpha, 255)
    if is_flat(over_white) and not is_flat(over_black := over(colour, alpha, 0)):
        warnings.warn(f"{name}: is white on transparency; it is put over black", DecodeWarning, stacklevel=3)
        return over_black
    return over_white


def is_flat(image: np.ndarray) -> bool:
    """Returns whether a picture, uint8 (height, width, 3), is of one colour or nearly so."""
    return int(np.max(image.max((0, 1)).astype(int) - image.min((0, 1)))) <= FLAT


def over(colour: np.ndarray, alpha: np.ndarray, background: int) -> np.ndarray:
    """uint8 (H, W, 3), (H, W) -> uint8 (H, W, 3): `alpha * colour + (1 - alpha) * background`, rounded."""
    colour, alpha = colour.astype(np.uint32), alpha[..., None].astype(np.uint32)
    return ((colour * alpha + background * (255 - alpha) + 127) // 255).astype(np.uint8)
