"""The range of samples of more than 8 bits: a file of 16 bits may hold 8, 10, 12 or 14, and rarely says so."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from semgan.data.decode_warnings import DecodeWarning

_LIKELY = (255, 1023, 4095, 16383)  # the largest values of 8, 10, 12 and 14 bits, as scanners, microscopes and cameras have them
_BITS, _WHITE_IS, _MOST, _FORMAT = 258, 262, 281, 339  # TIFF 6.0: BitsPerSample, PhotometricInterpretation, MaxSampleValue, SampleFormat
_SIGNED = 2
_LOW_BYTES = {";16B": ";16L", ";16L": ";16B", ";16N": ";16B"}  # the other byte of each sample, which Pillow drops


class SampleFacts(NamedTuple):
    """The statements of an opened file about its samples, read before its pixels are.

    Attributes:
      raw_mode: Pillow's name of how they are stored, such as "RGB;16B".
      full: the largest value of this kind of sample; 0 where 32 bits leave it open.
      bits: significant bits, if the file says; 0 otherwise.
      most: the largest value in use, if the file says; 0 otherwise.
      inverted: whether 0 is white and Pillow leaves it so.
    """

    raw_mode: str
    full: int
    bits: int
    most: int
    inverted: bool

    @property
    def is_deep(self) -> bool:
        return ";16" in self.raw_mode or self.raw_mode.startswith("I")


def sample_facts(image: Image.Image) -> SampleFacts:
    """Reads the facts of a file that `Image.open` opened and that is not loaded yet."""
    tiles = getattr(image, "tile", None) or [(None, None, None, "")]
    arguments = tiles[0][3]
    raw_mode = str(arguments[0] if isinstance(arguments, tuple | list) and arguments else arguments or "")
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return SampleFacts(raw_mode, 65535, _png_bits(image) if image.format == "PNG" else 0, 0, False)
    bits, signed = _first(tags.get(_BITS)), _first(tags.get(_FORMAT)) == _SIGNED
    full = 0 if bits > 16 else 2 ** (bits - signed) - 1 if bits else 65535
    return SampleFacts(raw_mode, full, 0, _first(tags.get(_MOST)), image.mode.startswith("I;16") and tags.get(_WHITE_IS) == 0)


def grey_to_8_bits(image: Image.Image, facts: SampleFacts, name: str) -> Image.Image | None:
    """Scales a loaded picture of integers to mode L; None where 32 bits hold more than 16 and so leave the range open."""
    values = np.asarray(image).astype(np.int32)
    lowest, largest = int(values.min()), int(values.max())
    if not facts.full and largest > 65535:
        return None
    limit = _limit(values, largest, facts)
    if lowest < 0:
        warnings.warn(f"{name}: has values below 0, which become black", DecodeWarning, stacklevel=3)
    _say_limit(limit, largest, facts, name)
    scaled = _scale(values, limit)
    return _like(image, 255 - scaled if facts.inverted else scaled)


def colour_to_8_bits(image: Image.Image, reload: Callable[[str], Image.Image], facts: SampleFacts, name: str) -> Image.Image:
    """Scales a picture of 16 bits per channel, of which Pillow has kept the high byte, where its values fill a part of the range.

    Args:
      reload: reads the file once more, with another raw mode, and so gives the low bytes.
    """
    high = np.asarray(image)
    if high.ndim != 3 or high[..., :3].max() > _LIKELY[-1] >> 8:
        return image
    kind = facts.raw_mode[-4:]
    if kind not in _LOW_BYTES:
        return image
    try:
        low = np.asarray(reload(facts.raw_mode[:-4] + _LOW_BYTES[kind]))
    except (ValueError, OSError):  # Pillow cannot unpack this kind
        return image
    values = high.astype(np.int32) * 256 + low
    largest = int(values[..., :3].max())
    limit = _limit(values[..., :3], largest, facts)
    if limit == facts.full:
        return image
    _say_limit(limit, largest, facts, name)
    scaled = _scale(values, limit)
    if values.shape[-1] == 4 and values[..., 3].max() > limit:
        scaled[..., 3] = high[..., 3]
    return _like(image, scaled)


def _limit(values: np.ndarray, largest: int, facts: SampleFacts) -> int:
    """The value that becomes white."""
    full = facts.full or 65535
    if largest <= 0:
        return full
    if largest < 2**facts.bits <= full:  # a PNG's sBIT speaks of samples scaled up to 16 bits; these may not have been
        return 2**facts.bits - 1 if (values % (2 ** (16 - facts.bits))).any() else full
    seen = facts.most if largest <= facts.most <= full else largest
    if facts.full == 65535 and not (values % 257).any():  # 8 bits scaled up to 16
        return full
    return next((limit for limit in _LIKELY if seen <= limit < full), full)


def _say_limit(limit: int, largest: int, facts: SampleFacts, name: str) -> None:
    if limit != facts.full:
        reason = f"its values go to {largest:,} of {facts.full or 2**32 - 1:,}"
        taken = f"so they are taken for {limit.bit_length()} bits and {limit:,} for white"
        warnings.warn(f"{name}: {reason}, {taken}", DecodeWarning, stacklevel=4)


def _scale(values: np.ndarray, limit: int) -> np.ndarray:
    """[0, limit] -> uint8 [0, 255], rounded."""
    return ((np.clip(values, 0, limit) * 255 + limit // 2) // limit).astype(np.uint8)


def _like(image: Image.Image, pixels: np.ndarray) -> Image.Image:
    result = Image.fromarray(pixels)
    result.info = dict(image.info)
    return result


def _first(value: object) -> int:
    """A tag's number, or the first of several; 0 for anything else."""
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else 0


def _png_bits(image: Image.Image) -> int:
    """The largest number in a PNG's sBIT (ISO/IEC 15948, 11.3.2.7); 0 without that chunk. Pillow skips it."""
    return max((bits for bits in png_chunk(image, b"sBIT") or b"" if bits <= 16), default=0)


def png_chunk(image: Image.Image, kind: bytes) -> bytes | None:
    """The data of a PNG's first chunk of that kind, wherever it is; None without one. The image is opened and not loaded."""
    file = getattr(image, "fp", None)
    if file is None:
        return None
    place = file.tell()
    try:
        file.seek(8)
        while len(header := file.read(8)) == 8 and header[4:] != b"IEND":
            length = int.from_bytes(header[:4])
            if header[4:] == kind:
                return file.read(length)
            file.seek(length + 4, 1)
    finally:
        file.seek(place)
    return None
