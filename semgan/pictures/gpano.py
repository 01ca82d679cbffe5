"""GPano, the metadata by which viewers know a panorama: read from picture files, and made anew for results.

XMP of the namespace `http://ns.google.com/photos/1.0/panorama/` (Google's "Photo Sphere XMP Metadata"). Of a content's XMP nothing but
GPano's own numbers is read: no names, places, dates or programs get into a result.
"""

import math
import os
import re
import struct
import warnings
import xml.etree.ElementTree as ElementTree
import zlib
from typing import Any, NamedTuple

from PIL import Image, PngImagePlugin

from semgan.data.decode import FORMATS
from semgan.errors import UserError

NAMESPACE = "http://ns.google.com/photos/1.0/panorama/"
FORMATS_WITH_XMP = ("PNG", "JPEG", "WEBP", "TIFF")
"""Pillow's names of the formats that a packet can be written to; BMP holds none."""
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MAX_BYTES = 1 << 20  # of a packet; the standard's own limit in a JPEG file is 64 KiB
_XMP_TAG = 700  # TIFF's (XMP specification part 3, section 1.1.3)
_PNG_KEYWORD = "XML:com.adobe.xmp"
_VIEWS = (
    *("PoseHeadingDegrees", "PosePitchDegrees", "PoseRollDegrees"),
    *("InitialViewHeadingDegrees", "InitialViewPitchDegrees", "InitialViewRollDegrees"),
    *("InitialHorizontalFOVDegrees", "InitialVerticalFOVDegrees"),
)
_AREA = (
    *("FullPanoWidthPixels", "FullPanoHeightPixels"),
    *("CroppedAreaImageWidthPixels", "CroppedAreaImageHeightPixels"),
    *("CroppedAreaLeftPixels", "CroppedAreaTopPixels"),
)
_READER_FAULTS = (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, OverflowError, struct.error, zlib.error)


class Area(NamedTuple):
    """The part of the full sphere that a picture shows, in pixels."""

    full_width: int
    full_height: int
    width: int
    height: int
    left: int
    top: int

    @property
    def is_whole(self) -> bool:
        """Whether the picture shows all of the sphere."""
        return (self.width, self.height, self.left, self.top) == (self.full_width, self.full_height, 0, 0)


class GPano(NamedTuple):
    """A picture's GPano metadata."""

    projection: str  # "equirectangular"; lower case
    area: Area | None  # None: not stated in full
    view: dict[str, float]  # where to look at first and which way the camera stood, degrees, by property


def read_gpano(path: str | os.PathLike[str]) -> GPano | None:
    """Reads a picture file's GPano metadata from its header; None where it has none that can be read. No pixel is decoded."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            packet = _packet_of(image)
    except (*_READER_FAULTS, Image.DecompressionBombError):
        return None
    return parse(packet)


def is_panorama(path: str | os.PathLike[str]) -> bool:
    """Returns whether a picture file says that it is an equirectangular panorama."""
    gpano = read_gpano(path)
    return gpano is not None and gpano.projection == "equirectangular"


def _packet_of(image: Image.Image) -> bytes:
    packet = image.info.get("xmp") or image.info.get(_PNG_KEYWORD) or b""
    if not packet and image.format == "TIFF":
        packet = image.tag_v2.get(_XMP_TAG, b"")  # pyright: ignore[reportAttributeAccessIssue]
    return packet.encode() if isinstance(packet, str) else bytes(packet)


def parse(packet: bytes) -> GPano | None:
    """Reads an XMP packet; None where it has no GPano metadata, is damaged, too large, or declares a document type."""
    if len(packet) > _MAX_BYTES or NAMESPACE.encode() not in packet or b"<!" in re.sub(rb"<!--|<!\[CDATA\[", b"", packet):
        return None  # "<!" begins DOCTYPE and ENTITY, by which XML expands or fetches
    try:
        root = ElementTree.fromstring(packet.decode().strip("\ufeff\0 \r\n\t"))
    except (ElementTree.ParseError, UnicodeDecodeError, ValueError):
        return None
    values = _properties(root)
    if not values:
        return None
    lengths = [_number(values.get(name, "")) for name in _AREA]
    if lengths[4] is None and lengths[5] is None:
        lengths[4:] = [0, 0]
    area = None if None in lengths else Area(*(round(length) for length in lengths if length is not None))
    view = {name: number for name in _VIEWS if (number := _number(values.get(name, ""))) is not None}
    return GPano(values.get("ProjectionType", "equirectangular").strip().lower(), area, view)


def _properties(root: ElementTree.Element) -> dict[str, str]:
    """GPano's properties, which may be attributes of RDF's descriptions or elements in them."""
    prefix = f"{{{NAMESPACE}}}"
    values = {}
    for description in root.iter(f"{{{_RDF}}}Description"):
        items = [*description.attrib.items(), *((element.tag, element.text or "") for element in description)]
        values |= {name.removeprefix(prefix): text for name, text in items if name.startswith(prefix)}
    return values


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e6 else None


def make_packet(area: Area, view: dict[str, float] | None = None) -> bytes:
    """Makes the XMP packet of an equirectangular picture, which says nothing but how to show it.

    Args:
      area: the part of the sphere that the picture shows; `whole_area(width, height)` for a whole panorama.
      view: of a content's `GPano`, to be kept; properties that GPano has not are left out.
    """
    values = {"ProjectionType": "equirectangular", "UsePanoramaViewer": "True"}
    values |= {name: str(value) for name, value in zip(_AREA, area, strict=True)}
    values |= {name: f"{view[name]:g}" for name in _VIEWS if view and name in view}
    attributes = "\n".join(f'      GPano:{name}="{value}"' for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'  <rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'    <rdf:Description rdf:about="" xmlns:GPano="{NAMESPACE}"\n'
        f"{attributes}/>\n"
        "  </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def whole_area(width: int, height: int) -> Area:
    """The area of a picture of the whole sphere, or of both eyes' spheres."""
    return Area(width, height, width, height, 0, 0)


def area_of(gpano: GPano | None, width: int, height: int) -> Area:
    """The part of the sphere that a picture of `width` x `height` pixels shows by its metadata: the whole where they do not say.

    Raises:
      UserError: the metadata's sphere is not twice as wide as high, or the picture is not within it.
    """
    if gpano is None or gpano.area is None:
        return whole_area(width, height)
    return _scale(gpano.area, width, height)


def _scale(area: Area, width: int, height: int) -> Area:
    """The same part of the sphere at another size than the metadata say: pictures are resized, and their metadata left behind."""
    if min(area[:4]) < 1 or min(area[4:]) < 0 or area.left + area.width > area.full_width or area.top + area.height > area.full_height:
        raise UserError(f"the panorama's metadata (GPano) place {area.width} x {area.height} pixels outside of the sphere: remove them")
    across, down = width / area.width, height / area.height
    full = round((area.full_width * across / 2 + area.full_height * down) / 2)
    if abs(area.full_width * across - 2 * area.full_height * down) > 0.01 * area.full_width * across:
        raise UserError(
            f"the panorama's metadata (GPano) describe a sphere of {area.full_width} x {area.full_height} pixels, which is not twice as "
            "wide as high for this picture: remove them, or translate it as a flat picture"
        )
    left, top = min(round(area.left * across), 2 * full - width), min(round(area.top * down), full - height)
    if left < 0 or top < 0:
        full, left, top = max(math.ceil(width / 2), height), max(left, 0), max(top, 0)
    return Area(2 * full, full, width, height, left, top)


def check_format(format: str) -> None:
    """Raises a UserError unless files of the format, by Pillow's name, hold an XMP packet."""
    if format not in FORMATS_WITH_XMP:
        raise UserError(f"a {format} file cannot say that it is a panorama: write PNG, JPEG, WebP or TIFF")


def save_arguments(format: str, packet: bytes, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """Adds an XMP packet to the arguments of Pillow's `save`.

    Args:
      format: Pillow's name, one of `FORMATS_WITH_XMP`; any other raises a UserError.
      packet: `make_packet`'s.
      arguments: those for `save` so far. A PNG's `pnginfo`, where there is one, gets the packet's chunk.
    """
    check_format(format)
    arguments = dict(arguments or {})
    if format == "PNG":
        chunks = arguments.setdefault("pnginfo", PngImagePlugin.PngInfo())
        chunks.add_itxt(_PNG_KEYWORD, packet.decode())
    elif format == "TIFF":
        arguments["tiffinfo"] = {**arguments.get("tiffinfo", {}), _XMP_TAG: packet}
    else:
        arguments["xmp"] = packet
    return arguments
