"""Every kind of picture that users have decodes to the right pixels, and every bad one is named and refused."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from semgan.data.decode import DecodeError, decode_picture, decode_with_alpha, fit, square_crop, upright_size


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour: int, pixels: bytes = b"") -> bytes:
    """A PNG by hand (ISO/IEC 15948): `colour` 2 is RGB, 6 is RGBA; `pixels` has a filter byte before each row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 20, 30], [40, 50, 60], [70, 80, 90]]], np.uint8)
PHOTO = encode(Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 24, 3), np.uint8)), "JPEG")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_formats_keep_every_pixel(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(RGB), kind, **options)), RGB)


def test_path_and_bytes_decode_alike(tmp_path):
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    np.testing.assert_array_equal(decode_picture(tmp_path / "a.jpg"), decode_picture(PHOTO))


ADOBE_RGB = ([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]], 563 / 256)
"""Matrix to XYZ, adapted to D50, and gamma: Adobe RGB (1998), 4.3."""
SRGB_FROM_D50 = [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
"""From XYZ, adapted to D50: Bruce Lindbloom's table of matrices."""


def icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A display profile by hand (ICC.1:2001)."""
    header = struct.pack(">I4sI4s4s4s12x4s28x3I48x", 0, b"none", 0x02100000, b"mntr", space, b"XYZ ", b"acsp", 0xF6D6, 0x10000, 0xD32D)
    table, data, start = b"", b"", len(header) + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    profile = header + struct.pack(">I", len(tags)) + table + data
    return struct.pack(">I", len(profile)) + profile[4:]


def curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">4xIH", 1, round(gamma * 256))


def point(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + struct.pack(">4x3i", *(round(value * 65536) for value in (x, y, z)))


def rgb_icc(matrix, gamma: float) -> bytes:
    columns = zip(*matrix, strict=True)
    colourants = {name + b"XYZ": point(*column) for name, column in zip((b"r", b"g", b"b"), columns, strict=True)}
    return icc(b"RGB ", {b"wtpt": point(0.9642, 1, 0.8249), **colourants, **{name + b"TRC": curve(gamma) for name in (b"r", b"g", b"b")}})


def srgb_of(matrix, gamma: float, pixels: np.ndarray) -> np.ndarray:
    """The pixels in [0, 255] with such a profile as sRGB, in floating point (IEC 61966-2-1)."""
    linear = np.clip((pixels / 255) ** gamma @ np.transpose(matrix) @ np.transpose(SRGB_FROM_D50), 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_an_adobe_rgb_picture_becomes_srgb(kind):
    pixels = np.uint8([[[100, 150, 90], [200, 60, 120]], [[30, 40, 50], [128, 128, 128]]]).repeat(8, 0).repeat(8, 1)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    decoded = decode_picture(encode(Image.fromarray(pixels), kind, icc_profile=rgb_icc(*ADOBE_RGB), **options))
    expected = srgb_of(*ADOBE_RGB, pixels)
    assert np.abs(expected - pixels).max() > 20
    np.testing.assert_allclose(decoded, expected, atol=6 if kind == "JPEG" else 1.5)


def adobe_exif(colour_space: int = 65535, index: str = "R03") -> Image.Exif:
    """As cameras write it (DCF 2.0): no profile, but ColorSpace (0xA001) and, in the interoperability IFD (0xA005), the index."""
    exif = Image.Exif()
    exif[0x8769] = {0xA001: colour_space, 0xA005: {1: index}}
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_adobe_rgb_that_exif_alone_says_becomes_srgb(kind):
    pixels = np.uint8([[[100, 150, 90], [200, 60, 120]], [[30, 40, 50], [128, 128, 128]]]).repeat(8, 0).repeat(8, 1)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    decoded = decode_picture(encode(Image.fromarray(pixels), kind, exif=adobe_exif(), **options))
    np.testing.assert_allclose(decoded, srgb_of(*ADOBE_RGB, pixels), atol=6 if kind == "JPEG" else 1.5)
    for exif in (adobe_exif(1), adobe_exif(index="R98"), adobe_exif(65535, "")):
        plain = decode_picture(encode(Image.fromarray(pixels), kind, exif=exif, **options))
        np.testing.assert_array_equal(plain, decode_picture(encode(Image.fromarray(pixels), kind, **options)))


def test_adobe_rgb_converts_as_published():
    # Published conversions of (0, 255, 0) and of mid greys: green is outside of sRGB, greys change by their curve alone.
    pixels = np.uint8([[[0, 255, 0], [255, 0, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [128, 128, 128]]])
    decoded = decode_picture(encode(Image.fromarray(pixels), "PNG", exif=adobe_exif()))
    assert decoded[0, 0, 1] == 255
    np.testing.assert_allclose(decoded[0], [[0, 255, 0], [255, 0, 0], [0, 0, 255], [255] * 3, [0] * 3, [127] * 3], atol=2)
    inside = np.uint8([[[144, 190, 60]]])
    linear = (inside / 255.0) ** (563 / 256)
    # Adobe RGB (1998) 4.3.5 to XYZ under D65, and IEC 61966-2-1 from XYZ to sRGB
    xyz = linear @ np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]).T
    rgb = np.clip(xyz @ np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]).T, 0, 1)
    expected = 255 * np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(decode_picture(encode(Image.fromarray(inside), "PNG", exif=adobe_exif())), expected, atol=1.5)


def test_a_profile_goes_before_what_exif_says():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(Image.fromarray(RGB), "PNG", exif=adobe_exif(), icc_profile=srgb)
    np.testing.assert_array_equal(decode_picture(data), RGB)


def test_adobe_rgb_by_exif_keeps_orientation_and_greys_of_cmyk_alone(tmp_path):
    exif = adobe_exif()
    exif[0x0112] = 6
    decoded = decode_picture(encode(Image.fromarray(np.uint8([[[100, 150, 90], [9, 9, 9]]])), "PNG", exif=exif))
    assert decoded.shape == (2, 1, 3)
    np.testing.assert_allclose(decoded[0, 0], srgb_of(*ADOBE_RGB, np.uint8([100, 150, 90])), atol=1.5)
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 0, 0))
    np.testing.assert_array_equal(decode_picture(encode(cmyk, "JPEG", exif=adobe_exif())), decode_picture(encode(cmyk, "JPEG")))


def test_a_profile_is_applied_beneath_alpha_and_after_turning():
    rgba = np.uint8([[[100, 150, 90, 255], [200, 60, 120, 0]]])
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode_picture(encode(Image.fromarray(rgba), "PNG", icc_profile=rgb_icc(*ADOBE_RGB), exif=exif))
    assert decoded.shape == (2, 1, 3)
    np.testing.assert_allclose(decoded[0, 0], srgb_of(*ADOBE_RGB, rgba[0, 0, :3]), atol=1.5)
    assert decoded[1, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_applied(mode):
    profile = icc(b"GRAY", {b"wtpt": point(0.9642, 1, 0.8249), b"kTRC": curve(1)})
    ramp = Image.fromarray(np.uint8([[0, 32, 64, 128, 255]]))
    image = ramp if mode == "L" else Image.merge("LA", [ramp, Image.new("L", ramp.size, 255)])
    decoded = decode_picture(encode(image, "PNG", icc_profile=profile))
    np.testing.assert_allclose(decoded[0, :, 0], [0, 99, 137, 188, 255], atol=1)  # sRGB's curve of these linear values
    assert (decoded == decoded[..., :1]).all()


def test_a_grey_picture_with_an_rgb_profile_takes_its_curve():
    matrix, _ = ADOBE_RGB
    decoded = decode_picture(encode(Image.fromarray(np.uint8([[0, 64, 255]])), "PNG", icc_profile=rgb_icc(matrix, 1.0)))
    np.testing.assert_allclose(decoded[0, :, 1], [0, 137, 255], atol=1)


def test_pixels_with_srgbs_own_profile_stay_as_they_are():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(pixels), "PNG", icc_profile=profile)), pixels)


@pytest.mark.parametrize("profile", [b"not a profile", rgb_icc(*ADOBE_RGB)[:300], icc(b"CMYK", {}), icc(b"GRAY", {})])
def test_a_damaged_or_foreign_profile_counts_as_srgb_and_is_said(profile):
    with pytest.warns(UserWarning, match=r"^odd\.png: its colour profile is damaged or of another kind of pixels; it is taken for sRGB"):
        decoded = decode_picture(encode(Image.fromarray(RGB), "PNG", icc_profile=profile), "odd.png")
    np.testing.assert_array_equal(decoded, RGB)


@pytest.mark.parametrize(("largest", "bits"), [(255, 8), (1000, 10), (4095, 12), (4000, 12), (12_000, 14)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_fewer_bits_in_16_are_stretched_and_said(kind, largest, bits):
    grey = np.array([[0, largest // 3, largest]], np.uint16)
    with pytest.warns(UserWarning, match=rf"^scan: its values go to {largest:,} of 65,535, so they are taken for {bits} bits"):
        decoded = decode_picture(encode(Image.fromarray(grey), kind), "scan")
    np.testing.assert_allclose(decoded[0, :, 0], grey[0].astype(float) * 255 / (2**bits - 1), atol=0.5)


def test_dark_pictures_of_8_bits_scaled_to_16_stay_dark():
    grey = np.array([[0, 3 * 257, 15 * 257]], np.uint16)
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(grey), "PNG"))[0, :, 0], [0, 3, 15])


def test_a_pngs_significant_bits_decide():
    twelve = PngImagePlugin.PngInfo()
    twelve.add(b"sBIT", bytes([12]))
    stored, scaled = np.array([[0, 255, 901]], np.uint16), np.array([[0, 255 * 16, 800]], np.uint16)
    with pytest.warns(UserWarning, match="taken for 12 bits and 4,095 for white"):
        np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(stored), "PNG", pnginfo=twelve))[0, :, 0], [0, 16, 56])
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(scaled), "PNG", pnginfo=twelve))[0, :, 0], [0, 16, 3])


def test_a_tiffs_largest_value_decides():
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[281] = 4095
    with pytest.warns(UserWarning, match="taken for 12 bits and 4,095 for white"):
        decoded = decode_picture(encode(Image.fromarray(np.array([[0, 819, 900]], np.uint16)), "TIFF", tiffinfo=tags))
    np.testing.assert_array_equal(decoded[0, :, 0], [0, 51, 56])


def tiff(values: np.ndarray, **tags: int) -> bytes:
    """An uncompressed grey TIFF by hand (TIFF 6.0); tags by their names there."""
    numbers = {"BitsPerSample": 258, "PhotometricInterpretation": 262, "SampleFormat": 339}
    height, width = values.shape
    entries = {256: width, 257: height, 258: values.itemsize * 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: values.nbytes}
    entries |= {numbers[name]: value for name, value in tags.items()}
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return struct.pack("<2sHI", b"II", 42, 8 + values.nbytes) + values.tobytes() + struct.pack("<H", len(entries)) + table + bytes(4)


def test_signed_16_bits_are_read():
    full = tiff(np.array([[0, 16384, 32767]], "<i2"), SampleFormat=2)
    np.testing.assert_array_equal(decode_picture(full)[0, :, 0], [0, 128, 255])
    with pytest.warns(UserWarning, match=r"ct\.tif") as caught:
        part = decode_picture(tiff(np.array([[-1000, 0, 819, 4000]], "<i2"), SampleFormat=2), "ct.tif")
    np.testing.assert_array_equal(part[0, :, 0], [0, 0, 51, 249])
    assert [str(each.message).partition(",")[0] for each in caught] == ["ct.tif: has values below 0", "ct.tif: its values go to 4"]


def test_32_bits_are_read_where_16_would_have_done():
    with pytest.warns(UserWarning, match="taken for 16 bits and 65,535 for white"):
        assert decode_picture(tiff(np.array([[0, 257, 40_000]], "<u4"), SampleFormat=1))[0, :, 0].tolist() == [0, 1, 156]
    with pytest.raises(DecodeError, match=r"deep\.tif: pixels of 32 bits above 65,535 are not supported"):
        decode_picture(tiff(np.array([[0, 70_000]], "<u4"), SampleFormat=1), "deep.tif")


def test_16_bit_grey_whose_0_is_white_is_turned_about():
    decoded = decode_picture(tiff(np.array([[0, 257, 65535]], "<u2"), PhotometricInterpretation=0))
    np.testing.assert_array_equal(decoded[0, :, 0], [255, 254, 0])


@pytest.mark.parametrize("colour", [2, 6])
def test_12_bit_colour_in_16_is_stretched_and_said(colour):
    levels = [0, 819, 4095] + [65535] * (colour == 6)
    with pytest.warns(UserWarning, match=r"^scope\.png: its values go to 4,095 of 65,535, so they are taken for 12 bits"):
        decoded = decode_picture(png(1, 1, 16, colour, struct.pack(f">x{len(levels)}H", *levels)), "scope.png")
    np.testing.assert_array_equal(decoded, [[[0, 51, 255]]])


def test_white_drawings_on_transparency_are_put_over_black():
    for colour in (255, 250):
        rgba = np.full((4, 4, 4), colour, np.uint8)
        rgba[..., 3] = np.uint8([0, 0, 128, 255])
        with pytest.warns(UserWarning, match=r"^logo\.png: is white on transparency; it is put over black"):
            decoded = decode_picture(encode(Image.fromarray(rgba), "PNG"), "logo.png")
        np.testing.assert_allclose(decoded[0, :, 0], [0, 0, colour / 2, colour], atol=1)
    plain = np.uint8([[[255, 255, 255, 255], [255, 255, 255, 250]]])
    assert (decode_picture(encode(Image.fromarray(plain), "PNG")) == 255).all()
    assert (decode_picture(encode(Image.new("RGBA", (4, 4), (200, 0, 0, 0)), "PNG")) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    ramp = np.array([[0, 257, 128 * 257, 65535, 128, 129]], np.uint16)
    grey = decode_picture(encode(Image.fromarray(ramp), kind))[0]
    np.testing.assert_array_equal(grey[:, 0], [0, 1, 128, 255, 0, 1])
    assert (grey == grey[:, :1]).all()


def test_16_bit_colour_is_scaled_not_clipped():
    levels = [0, 100 * 257, 65535]
    np.testing.assert_array_equal(decode_picture(png(1, 1, 16, 2, struct.pack(">x3H", *levels))), [[[0, 100, 255]]])
    np.testing.assert_array_equal(decode_picture(png(1, 1, 16, 6, struct.pack(">x4H", *levels, 65535))), [[[0, 100, 255]]])


def test_grey_one_bit_and_palette_become_rgb():
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(np.uint8([[0, 7, 255]])), "PNG"))[0, :, 1], [0, 7, 255])
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(np.array([[True, False]])), "PNG"))[0, :, 2], [255, 0])
    palette = Image.fromarray(np.uint8([[0, 1]]))
    palette.putpalette([9, 8, 7, 1, 2, 3])
    np.testing.assert_array_equal(decode_picture(encode(palette, "PNG")), [[[9, 8, 7], [1, 2, 3]]])


def test_alpha_is_composited_on_white():
    rgba = np.uint8([[[255, 0, 0, 128], [0, 0, 0, 0], [1, 2, 3, 255]]])
    np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(rgba), "PNG")), [[[255, 127, 127], [255, 255, 255], [1, 2, 3]]])
    palette = Image.fromarray(np.uint8([[0, 1]]))
    palette.putpalette([9, 8, 7, 1, 2, 3])
    np.testing.assert_array_equal(decode_picture(encode(palette, "PNG", transparency=0)), [[[255, 255, 255], [1, 2, 3]]])
    grey_alpha = Image.merge("LA", [Image.new("L", (1, 1), value) for value in (0, 51)])
    np.testing.assert_array_equal(decode_picture(encode(grey_alpha, "PNG")), [[[204, 204, 204]]])


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("RGBA", "WEBP"), ("LA", "PNG"), ("RGBA", "TIFF")])
def test_alpha_comes_beside_the_colours(mode, kind):
    alpha = Image.fromarray(np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6))
    picture = Image.fromarray(RGB[:1, :1]).resize((6, 4)).convert("RGB" if mode == "RGBA" else "L").convert(mode)
    picture.putalpha(alpha)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    decoded = decode_with_alpha(encode(picture, kind, **options))
    np.testing.assert_array_equal(decoded.alpha, np.asarray(alpha))
    np.testing.assert_array_equal(decoded.colour, decode_picture(encode(picture, kind, **options)))
    picture.putalpha(255)
    assert decode_with_alpha(encode(picture, kind, **options)).alpha is None


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_converted(kind):
    for ink, expected in (((0, 0, 0, 0), (255, 255, 255)), ((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 255), (0, 0, 0))):
        picture = decode_picture(encode(Image.new("CMYK", (8, 8), ink), kind))
        np.testing.assert_allclose(picture[4, 4], expected, atol=2)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind):
    # What a viewer must do to the stored rows for each value of the tag (EXIF 2.3, table 6).
    upright = {
        1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.transpose(1, 0, 2), 6: np.rot90(RGB, -1),
        7: RGB[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(RGB),
    }  # fmt: skip
    for orientation, expected in upright.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"lossless": True} if kind == "WEBP" else {}
        np.testing.assert_array_equal(decode_picture(encode(Image.fromarray(RGB), kind, exif=exif, **options)), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_pictures_of_every_mode_are_upright_from_files_as_from_bytes(tmp_path, mode, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    try:
        data = encode(Image.fromarray(np.kron(RGB, np.ones((8, 8, 1), np.uint8))).convert(mode), kind, exif=exif)
    except OSError:
        pytest.skip(f"{kind} does not hold mode {mode}")
    (tmp_path / "a").write_bytes(data)
    picture = decode_picture(tmp_path / "a")
    assert picture.shape[:2] == upright_size(tmp_path / "a") == (8 * RGB.shape[1], 8 * RGB.shape[0])
    np.testing.assert_array_equal(picture, decode_picture(data))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_the_size_as_seen_comes_from_the_header(tmp_path, kind):
    for orientation in (None, *range(1, 9)):
        exif = Image.Exif()
        if orientation:
            exif[0x0112] = orientation
        (tmp_path / "a").write_bytes(encode(Image.new("RGB", (6, 4)), kind, exif=exif))
        assert upright_size(tmp_path / "a") == ((6, 4) if (orientation or 1) > 4 else (4, 6))
    (tmp_path / "a").write_bytes(b"nothing")
    assert upright_size(tmp_path / "a") is upright_size(tmp_path / "b") is None


def test_one_pixel_is_a_picture():
    assert decode_picture(encode(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG")).tolist() == [[[1, 2, 3]]]


def test_float_is_refused_with_a_reason():
    with pytest.raises(DecodeError, match=r"scan\.tif: floating-point pixels are not supported"):
        decode_picture(encode(Image.fromarray(np.float32([[0.5]])), "TIFF"), "scan.tif")


SVG, EPS = b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"


@pytest.mark.parametrize("damaged", [b"", b"this is text", PHOTO[:-200], PHOTO[:30], SVG, EPS])
def test_damaged_or_foreign_bytes_are_refused_by_name(tmp_path, damaged):
    path = tmp_path / "photo.jpg"
    path.write_bytes(damaged)
    with pytest.raises(DecodeError, match=r"photo\.jpg: "):
        decode_picture(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DecodeError, match=r"gone\.png: cannot be read \(No such file"):
        decode_picture(tmp_path / "gone.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [12_000, 14_000, 50_000])  # where Pillow itself warns, and where it refuses
def test_too_large_picture_is_refused_from_its_header_with_flat_memory(side):
    assert side * side > 16_384 * 8192
    bomb = png(side, side, 8, 2)
    tracemalloc.start()
    with pytest.raises(DecodeError, match=r"bomb\.png: .* more than the 134,217,728 pixels"):
        decode_picture(bomb, "bomb.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animation_gives_its_first_frame_and_a_warning(kind):
    frames = [Image.new("RGB", (2, 2), colour) for colour in ((200, 100, 50), (0, 0, 0))]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    what = "pages" if kind == "TIFF" else "frames"
    with pytest.warns(UserWarning, match=rf"^dance: has 2 {what}; the first is used, 1 is left out$"):
        picture = decode_picture(encode(frames[0], kind, save_all=True, append_images=frames[1:], **lossless), "dance")
    np.testing.assert_array_equal(picture, np.full((2, 2, 3), [200, 100, 50]))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about tags
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_corruption_escapes_as_another_exception(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"]))
    picture = bytearray(encode(Image.fromarray(RGB), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_picture(bytes(picture), "mutant")
    except DecodeError:
        return
    assert (decoded.dtype, decoded.shape[2]) == (np.uint8, 3)


def test_fit_crops_the_centred_square():
    wide = np.zeros((2, 6, 3), np.uint8)
    wide[:, 2:4] = [1, 2, 3]
    np.testing.assert_array_equal(fit(wide, 2), wide[:, 2:4])
    assert square_crop(218, 178) == (20, 0, 178)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 24))
@settings(max_examples=30, deadline=None)
def test_fit_keeps_a_constant_picture_constant(height, width, size):
    np.testing.assert_array_equal(fit(np.full((height, width, 3), 77, np.uint8), size), np.full((size, size, 3), 77))


def test_fit_averages_when_it_shrinks():
    checks = np.uint8((np.indices((64, 64)).sum(0) % 2) * 255)[..., None].repeat(3, -1)
    small = fit(checks, 8)
    assert np.abs(small.astype(int) - 127).max() <= 8  # picking single pixels would give 0 and 255
