"""Colour profiles (ICC.1:2022) that pictures carry: their colours are converted to sRGB, by Little CMS, which Pillow brings along."""

import io
import struct
import warnings
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_TOLERANCE = 3  # of 255: how far the sRGB profiles in use differ from each other; Adobe RGB and Display P3 differ by 40 and more
_LEVELS = 9  # of each channel, in the colours that a profile is probed with
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # Pillow's mode by a profile's colour space
_DATE, _DATE_AT = (2026, 1, 1, 0, 0, 0), 24  # in a profile's header, so that equal pictures are written as equal bytes


def to_srgb(image: Image.Image, name: str) -> Image.Image:
    """Converts a picture of mode L, RGB or CMYK to RGB in sRGB, by the profile in its `info`.

    Relative colorimetric with black-point compensation. Pixels stay as they are without a profile, with sRGB's, and, with a warning that
    names the picture, with a profile that is damaged or belongs to other kinds of pixels.
    """
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    if "icc_profile" not in image.info:
        return rgb
    try:
        profile = image.info["icc_profile"] or b""  # None: Pillow could not read it
        mode = _profile_mode(profile)
        pixels = _as_mode(image, rgb, mode)
        transform = _transform(profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError, struct.error):
        warnings.warn(f"{name}: its colour profile is damaged or of another kind of pixels; it is taken for sRGB", stacklevel=4)
        return rgb
    if transform is None:
        return rgb
    return ImageCms.applyTransform(pixels, transform) or rgb


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The profile that says sRGB, of about 600 bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    struct.pack_into(">6H", profile, _DATE_AT, *_DATE)
    return bytes(profile)


def _profile_mode(profile: bytes) -> str:
    """Pillow's mode of the pixels that a profile is of; KeyError for those that are not decoded."""
    return _MODES[profile[16:20].decode("ascii").strip()]


def _as_mode(image: Image.Image, rgb: Image.Image, mode: str) -> Image.Image:
    """The pixels as a profile of that mode takes them; ValueError where it cannot be theirs."""
    if mode == image.mode:
        return image
    if mode == "RGB" and image.mode == "L":
        return rgb
    if mode == "L" and image.mode == "RGB":
        red, green, blue = rgb.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            return red
    raise ValueError


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way to sRGB; None where it is so short that it can be left out."""
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "CMYK":
        return transform
    levels = np.rint(np.linspace(0, 255, _LEVELS)).astype(np.uint8)
    grid = np.stack(np.meshgrid(*[levels] * 3), -1).reshape(1, -1, 3) if mode == "RGB" else np.arange(256, dtype=np.uint8)[None]
    probe = Image.fromarray(grid)
    converted = ImageCms.applyTransform(probe, transform)
    moved = np.abs(np.asarray(converted, np.int16) - np.asarray(probe.convert("RGB"), np.int16)).max()
    return transform if moved > _TOLERANCE else None
