"""GPano metadata are read from all that holds them, and written where viewers look, with nothing else of a content's XMP."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from semgan.errors import UserError
from semgan.pictures import gpano
from semgan.pictures.gpano import Area, area_of, make_packet, parse, read_gpano, save_arguments, whole_area

PICTURE = np.zeros((32, 64, 3), np.uint8)
HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
TAIL = '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
SPHERE = 'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"'
ATTRIBUTES = (
    f'{HEAD}<rdf:Description rdf:about="" {SPHERE} xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.5N" '
    'GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="8192" GPano:FullPanoHeightPixels="4096" '
    'GPano:CroppedAreaImageWidthPixels="8192" GPano:CroppedAreaImageHeightPixels="2048" GPano:CroppedAreaLeftPixels="0" '
    f'GPano:CroppedAreaTopPixels="1024" GPano:PoseHeadingDegrees="351.5" GPano:FirstPhotoDate="2012-11-07T21:03:13Z"/>{TAIL}'
).encode()
ELEMENTS = (
    f'{HEAD}<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Somebody</dc:creator></rdf:Description>'
    f'<rdf:Description rdf:about="" {SPHERE}><GPano:ProjectionType>equirectangular</GPano:ProjectionType>'
    "<GPano:FullPanoWidthPixels>8192</GPano:FullPanoWidthPixels><GPano:FullPanoHeightPixels>4096</GPano:FullPanoHeightPixels>"
    "<GPano:CroppedAreaImageWidthPixels>8192</GPano:CroppedAreaImageWidthPixels>"
    "<GPano:CroppedAreaImageHeightPixels>2048</GPano:CroppedAreaImageHeightPixels>"
    "<GPano:CroppedAreaLeftPixels>0</GPano:CroppedAreaLeftPixels><GPano:CroppedAreaTopPixels>1024</GPano:CroppedAreaTopPixels>"
    f"<GPano:PoseHeadingDegrees>351.5</GPano:PoseHeadingDegrees></rdf:Description>{TAIL}"
).encode()
BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("packet", [ATTRIBUTES, ELEMENTS], ids=["attributes", "elements"])
def test_properties_are_attributes_or_elements(packet):
    assert parse(packet) == ("equirectangular", Area(8192, 4096, 8192, 2048, 0, 1024), {"PoseHeadingDegrees": 351.5})


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        ATTRIBUTES[: len(ATTRIBUTES) // 2],
        ATTRIBUTES.replace(b"http://ns.google.com/photos/1.0/panorama/", b"http://example.org/"),
        ATTRIBUTES.replace(b"<x:xmpmeta", BOMB + b"<x:xmpmeta"),
        ATTRIBUTES.decode().encode("utf-16"),
        ATTRIBUTES.replace(b"351.5", b"\xff\xfe"),
        ATTRIBUTES + b" " * (1 << 20),
        b"<a>" * 100_000 + ATTRIBUTES,
    ],
    ids=["empty", "cut short", "another namespace", "entities", "utf-16", "not utf-8", "large", "deep"],
)
def test_what_cannot_be_read_is_no_metadata(packet):
    assert parse(packet) is None


def test_deep_packets_are_survived():
    assert parse(
        b"<a>" * 50_000
        + HEAD.partition("?>")[2].encode()
        + ATTRIBUTES.partition(b'22-rdf-syntax-ns#">')[2].rpartition(b"<?")[0]
        + b"</a>" * 50_000
    )


def test_numbers_that_are_none_are_left_out():
    packet = ATTRIBUTES.replace(b'"351.5"', b'"nan"').replace(b'"4096"', b'"1e99"')
    assert parse(packet) == ("equirectangular", None, {})


@pytest.mark.parametrize("format", gpano.FORMATS_WITH_XMP)
@pytest.mark.parametrize("packet", [ATTRIBUTES, ELEMENTS, make_packet(whole_area(64, 32), {"PosePitchDegrees": -3.25})])
def test_written_files_read_back(tmp_path, format, packet):
    path = tmp_path / f"panorama.{format.lower()}"
    Image.fromarray(PICTURE).save(path, format, **save_arguments(format, packet))
    assert read_gpano(path) == parse(packet)
    assert gpano.is_panorama(path)


@pytest.mark.parametrize("format", gpano.FORMATS_WITH_XMP)
def test_files_without_are_not_panoramas(tmp_path, format):
    path = tmp_path / f"picture.{format.lower()}"
    Image.fromarray(PICTURE).save(path, format)
    assert read_gpano(path) is None
    assert not gpano.is_panorama(path)


def test_files_that_are_not_pictures_are_not_panoramas(tmp_path):
    for name, contents in (("a.png", b""), ("b.jpg", b"\xff\xd8\xff\xe1\x00"), ("c.tif", b"II*\0\xff\xff\xff\xff")):
        (tmp_path / name).write_bytes(contents)
        assert read_gpano(tmp_path / name) is None
    assert read_gpano(tmp_path / "missing.png") is None


def test_another_projection_is_not_a_panorama_to_translate(tmp_path):
    path = tmp_path / "cylinder.png"
    Image.fromarray(PICTURE).save(path, **save_arguments("PNG", ATTRIBUTES.replace(b'"equirectangular"', b'"cylindrical"')))
    assert read_gpano(path).projection == "cylindrical"
    assert not gpano.is_panorama(path)


def test_a_jpeg_holds_the_packet_in_app1_before_the_picture(tmp_path):
    path = tmp_path / "panorama.jpg"
    packet = make_packet(whole_area(64, 32))
    Image.fromarray(PICTURE).save(path, **save_arguments("JPEG", packet))
    contents, place, segments = path.read_bytes(), 2, []
    while contents[place + 1] != 0xDA:  # start of scan
        length = struct.unpack(">H", contents[place + 2 : place + 4])[0]
        segments.append((contents[place + 1], contents[place + 4 : place + 2 + length]))
        place += 2 + length
    assert segments[1] == (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)  # after JFIF's own


def test_a_png_holds_the_packet_as_text_before_the_picture(tmp_path):
    path = tmp_path / "panorama.png"
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x01")
    packet = make_packet(whole_area(64, 32))
    Image.fromarray(PICTURE).save(path, **save_arguments("PNG", packet, {"pnginfo": chunks}))
    contents = path.read_bytes()
    data = b"XML:com.adobe.xmp\0\0\0\0\0" + packet
    chunk = struct.pack(">I", len(data)) + b"iTXt" + data + struct.pack(">I", zlib.crc32(b"iTXt" + data))
    assert b"sRGB" in contents
    assert 0 < contents.find(chunk) < contents.find(b"IDAT")


def test_a_tiff_keeps_its_other_arguments(tmp_path):
    path = tmp_path / "panorama.tif"
    Image.fromarray(PICTURE).save(path, **save_arguments("TIFF", ATTRIBUTES, {"tiffinfo": {270: "a room"}, "compression": "tiff_lzw"}))
    with Image.open(path) as image:
        assert image.tag_v2[270] == "a room"
        assert image.tag_v2[700] == ATTRIBUTES


def test_bmp_cannot_say_it():
    with pytest.raises(UserError, match="BMP"):
        save_arguments("BMP", ATTRIBUTES)


def test_a_result_says_nothing_but_how_to_show_it():
    packet = make_packet(whole_area(512, 256), {**parse(ATTRIBUTES).view, "FirstPhotoDate": 3.0})
    assert parse(packet) == ("equirectangular", Area(512, 256, 512, 256, 0, 0), {"PoseHeadingDegrees": 351.5})
    for word in (b"exif", b"2012", b"Date", b"Somebody"):
        assert word not in packet
    assert b'GPano:UsePanoramaViewer="True"' in packet


def test_the_area_is_scaled_with_the_picture():
    stated = parse(ATTRIBUTES)
    assert area_of(stated, 8192, 2048) == Area(8192, 4096, 8192, 2048, 0, 1024)
    assert area_of(stated, 1024, 256) == Area(1024, 512, 1024, 256, 0, 128)
    assert area_of(stated, 1023, 256) == Area(1024, 512, 1023, 256, 0, 128)
    assert area_of(None, 64, 32) == whole_area(64, 32)
    assert area_of(stated._replace(area=None), 64, 32) == whole_area(64, 32)
    assert whole_area(64, 32).is_whole
    assert not area_of(stated, 1024, 256).is_whole


@pytest.mark.parametrize(
    "area",
    [
        Area(8192, 4096, 8192, 2048, 0, 3000),
        Area(8192, 4096, 0, 2048, 0, 0),
        Area(8192, 4096, 8192, 2048, -5, 0),
        Area(4096, 4096, 4096, 1024, 0, 0),
    ],
)
def test_areas_that_cannot_be_are_refused(area):
    with pytest.raises(UserError, match="GPano"):
        area_of(gpano.GPano("equirectangular", area, {}), 1024, 256)
