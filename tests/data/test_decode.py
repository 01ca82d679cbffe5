"""Every kind of picture that users have decodes to the right pixels, and every bad one is named and refused."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semgan.data.decode import DecodeError, decode_picture, fit, square_crop


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
@pytest.mark.parametrize("side", [8200, 11_000, 50_000])  # under, at and over the sizes that Pillow itself minds
def test_too_large_picture_is_refused_from_its_header_with_flat_memory(side):
    assert side * side > 8192 * 8192
    bomb = png(side, side, 8, 2)
    tracemalloc.start()
    with pytest.raises(DecodeError, match=r"bomb\.png: .* more than the 67,108,864 pixels"):
        decode_picture(bomb, "bomb.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animation_gives_its_first_frame_and_a_warning(kind):
    frames = [Image.new("RGB", (2, 2), colour) for colour in ((200, 100, 50), (0, 0, 0))]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    with pytest.warns(UserWarning, match=r"dance: has several frames"):
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
