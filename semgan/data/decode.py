"""The project's one decoder of pictures, on Pillow: every picture from outside passes through `decode_picture`.

Pillow alone is silently wrong for some of what users have: `convert("RGB")` clips 16-bit grey to white, drops alpha onto
black and leaves photographs from phones lying on their side.
"""

import io
import struct
import warnings
import zlib
from os import PathLike, fspath

import numpy as np
from PIL import Image

from semgan.errors import UserError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""The formats that are opened at all. GIF, animated WebP and multi-page TIFF give their first frame, with a warning."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MAX_PIXELS = 8192 * 8192
"""Larger pictures are refused from their header, before any pixel is decoded."""

# What Pillow's readers raise on damaged or hostile bytes.
_READER_FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, AttributeError,
    AssertionError, struct.error, zlib.error, MemoryError, NotImplementedError, RuntimeError,
)  # fmt: skip
_OPAQUE_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "RGBX")
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
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


class DecodeError(UserError):
    """A picture that cannot be used: `name` of the file and `reason`."""

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def decode_picture(picture: bytes | str | PathLike[str], name: str = "") -> np.ndarray:
    """Decodes a picture fully.

    Args:
      picture: the file's bytes, or its path.
      name: what errors call the picture; the path by default.

    Returns:
      uint8 (height, width, 3), upright, RGB; alpha over white, 16 bits scaled to 8.

    Raises:
      DecodeError: unreadable, damaged, cut short, too large, of a format or kind of pixel that is not supported.
    """
    name = name or ("picture" if isinstance(picture, bytes) else fspath(picture))
    try:
        with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture, formats=FORMATS) as image:
            _check_header(image, name)
            image.load()
            return _to_rgb(_upright(image), name)
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DecodeError(name, _too_large()) from error
    except Image.UnidentifiedImageError as error:
        raise DecodeError(name, f"not a picture in a supported format ({', '.join(FORMATS)})") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise DecodeError(name, f"cannot be read ({error.strerror})") from error
    except _READER_FAULTS as error:
        raise DecodeError(name, f"damaged or cut short ({error or type(error).__name__})") from error


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
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        warnings.warn(f"{name}: has several frames; the first one is used", stacklevel=3)
        image.seek(0)


def _upright(image: Image.Image) -> Image.Image:
    """Applies the EXIF orientation; unreadable EXIF counts as none."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except _READER_FAULTS:
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image, name: str) -> np.ndarray:
    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
        return _from_16_bit(np.asarray(image))
    if mode in _ALPHA_MODES or (mode in _OPAQUE_MODES and "transparency" in image.info):
        return _over_white(np.asarray(image.convert("RGBA")))
    if mode in _OPAQUE_MODES:
        return np.array(image.convert("RGB"))
    kind = "floating-point pixels" if mode == "F" else f"pixels of Pillow's mode {mode}"
    raise DecodeError(name, f"{kind} are not supported, because their range is not known; save it with 8 or 16 bits")


def _from_16_bit(grey: np.ndarray) -> np.ndarray:
    """Integers (H, W) in [0, 65535] -> uint8 (H, W, 3), rounded; 65535 becomes 255."""
    scaled = (np.clip(grey, 0, 65535).astype(np.uint32) * 255 + 32767) // 65535
    return np.repeat(scaled.astype(np.uint8)[..., None], 3, axis=-1)


def _over_white(rgba: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 4) -> uint8 (H, W, 3): `alpha * colour + (1 - alpha) * white`, rounded."""
    colour, alpha = rgba[..., :3].astype(np.uint32), rgba[..., 3:].astype(np.uint32)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
