"""What a file says beside its pixels. Results say that they are panoramas, where they are; nothing else of a content's file unless asked:
a photograph may say where and when it was taken.
"""

from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image

from semgan.data.decode import FORMATS
from semgan.pictures.gpano import Area, area_of, make_packet, read_gpano, whole_area
from semgan.pictures.scene import View

_DESCRIPTIVE = {
    *(ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software),
    *(ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright),
}
_OF_PIXELS = {
    *(ExifTags.Base.ColorSpace, ExifTags.Base.ExifInteroperabilityOffset, ExifTags.Base.MakerNote),
    *(ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight, ExifTags.Base.ComponentsConfiguration),
}


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
    """The EXIF of a picture that holds for its translation too, places and times included; empty where there is none.

    What describes the file's own pixels is left out: their layout, orientation, preview and colour space (results are sRGB), and the
    maker's notes, whose offsets hold in the camera's file alone.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            exif = image.getexif()
            result = Image.Exif()
            for tag in _DESCRIPTIVE & set(exif):
                result[tag] = exif[tag]
            for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                if entries := {tag: value for tag, value in exif.get_ifd(directory).items() if tag not in _OF_PIXELS}:
                    result.get_ifd(directory).update(entries)
            return result.tobytes() if len(result) or result.get_ifd(ExifTags.IFD.Exif) or result.get_ifd(ExifTags.IFD.GPSInfo) else b""
    except Exception:  # whatever Pillow raises on damaged bytes
        return b""
