"""Adobe RGB (1998) where EXIF alone says so: cameras embed no profile, but follow DCF 2.0 (JEITA CP-3461B), whose "optional colour space"
it is: ColorSpace "uncalibrated" together with the interoperability index "R03".
"""

import struct
from functools import lru_cache

import numpy as np
from PIL import Image

_PRIMARIES, _WHITE, _GAMMA = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), (0.3127, 0.3290), 563 / 256
"""Chromaticities of red, green and blue, that of D65, and the exponent: Adobe RGB (1998) Color Image Encoding, 4.3.1."""
_D50 = (0.9642, 1.0, 0.8249)
"""The white of the profile connection space: ICC.1:2001, A.1."""
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
"""From XYZ to cone responses, in which whites are adapted: ICC.1:2010, annex E."""
_EXIF_IFD, _INTEROPERABILITY_IFD = 0x8769, 0xA005
_COLOUR_SPACE, _INDEX = 0xA001, 1
_UNCALIBRATED = 65535
_VERSION, _DATE = 0x02100000, (2026, 1, 1, 0, 0, 0)


def says_adobe_rgb(image: Image.Image) -> bool:
    """Returns whether the EXIF of a loaded picture without a profile says Adobe RGB; Pillow may raise on damaged EXIF."""
    exif = image.getexif()
    index = exif.get_ifd(_INTEROPERABILITY_IFD).get(_INDEX, "")
    text = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    return exif.get_ifd(_EXIF_IFD).get(_COLOUR_SPACE) == _UNCALIBRATED and text.strip("\0 ") == "R03"


@lru_cache(maxsize=1)
def adobe_rgb_profile() -> bytes:
    """A display profile (ICC.1:2001) of the published numbers: Little CMS has no constructor for them."""
    curve = b"curv" + struct.pack(">4xIH", 1, round(_GAMMA * 256))
    tags = {b"wtpt": _xyz(_D50), b"cprt": b"text" + bytes(4) + b"none\0", b"desc": _description(b"Adobe RGB (1998)")}
    for name, column in zip((b"r", b"g", b"b"), _to_d50().T, strict=True):
        tags |= {name + b"XYZ": _xyz(column), name + b"TRC": curve}
    size = 128 + 4 + 12 * len(tags)
    table, data = b"", b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, size + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    kinds = struct.pack(">4sI4s4s4s6H4s", b"none", _VERSION, b"mntr", b"RGB ", b"XYZ ", *_DATE, b"acsp")
    header = struct.pack(">I", size + len(data)) + kinds + bytes(28) + _xyz(_D50)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _to_d50() -> np.ndarray:
    """(3, 3): linear Adobe RGB to XYZ, adapted to D50 by Bradford's method."""
    white = _to_xyz(_WHITE)
    primaries = np.stack([_to_xyz(each) for each in _PRIMARIES], 1)
    bradford = np.array(_BRADFORD)
    gains = (bradford @ _D50) / (bradford @ white)
    return np.linalg.inv(bradford) @ np.diag(gains) @ bradford @ (primaries * np.linalg.solve(primaries, white))


def _to_xyz(chromaticity: tuple[float, float]) -> np.ndarray:
    x, y = chromaticity
    return np.array([x / y, 1, (1 - x - y) / y])


def _xyz(values) -> bytes:
    return b"XYZ " + struct.pack(">4x3i", *(round(value * 65536) for value in values))


def _description(name: bytes) -> bytes:
    return b"desc" + struct.pack(">4xI", len(name) + 1) + name + bytes(1 + 4 + 4 + 2 + 1 + 67)
