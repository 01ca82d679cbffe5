"""What a file says beside its pixels. Results say that they are panoramas, where they are; nothing else of a content's file unless asked:
a photograph may say where and when it was taken.
"""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from semgan.data.decode import FORMATS
from semgan.pictures.gpano import Area, area_of, make_packet, read_gpano, whole_area
from semgan.pictures.scene import View

_ORIENTATION = 0x0112


class Metadata(NamedTuple):
    """The blocks of a file that is to be written; empty ones are left out.

    Attributes:
      exif: EXIF.
      xmp: an XMP packet.
    """

    exif: bytes = b""
    xmp: bytes = b""


def metadata_of(path: Path, height: int, width: int, view: View, keep_exif: bool) -> Metadata:
    """The metadata of the result of a content of that size."""
    packet = b""
    if view.panorama:
        gpano = read_gpano(path)
        area = panorama_area(path, height, width, view) or whole_area(width, height)
        packet = make_packet(area, gpano.view if gpano else None)
    return Metadata(exif_of(path) if keep_exif else b"", packet)


def panorama_area(path: Path, height: int, width: int, view: View) -> Area | None:
    """The part of the sphere that a content shows, by its metadata; None for pairs and for flat pictures."""
    return area_of(read_gpano(path), width, height) if view.panorama and not view.stereo else None


def exif_of(path: Path) -> bytes:
    """The EXIF of a picture, places and times included, without its orientation, which is applied to results; empty where there is none."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            exif = image.getexif()
            exif.pop(_ORIENTATION, None)
            return exif.tobytes() if len(exif) else b""
    except Exception:  # whatever Pillow raises on damaged bytes
        return b""
