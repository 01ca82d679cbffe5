import errno
import os

import numpy as np
import pytest
from PIL import Image

from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.pictures.read import list_pictures, read
from semgan.pictures.square import put_back
from semgan.pictures.write import FormatError, grid, write


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_array_path_and_pillow_image_read_alike(tmp_path):
    array = noise(5, 7, 3)
    image = Image.fromarray(array)
    image.save(tmp_path / "a.png")
    for picture in (array, image, tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_array_equal(read(picture), array)


def test_pillow_images_of_other_kinds_are_settled_as_files_are():
    alpha = Image.fromarray(np.array([[[255, 0, 0, 0], [255, 0, 0, 255]]], np.uint8))
    assert read(alpha).tolist() == [[[255, 255, 255], [255, 0, 0]]]
    grey16 = Image.fromarray(np.array([[0, 32896, 65535]], np.uint16))
    assert read(grey16)[0, :, 0].tolist() == [0, 128, 255]
    cmyk = Image.new("CMYK", (1, 1), (0, 255, 255, 0))
    assert read(cmyk).tolist() == [[list(cmyk.convert("RGB").getpixel((0, 0)))]]
    with pytest.raises(UserError, match="the content has pixels of mode F"):
        read(Image.new("F", (1, 1)), "content")


def test_orientation_of_a_pillow_image_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.fromarray(noise(4, 8, 3)).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        assert read(image).shape == (8, 4, 3)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_arrays_of_other_kinds_are_refused(array):
    with pytest.raises(UserError, match=r"the reference is .* give uint8"):
        read(array, "reference")


@pytest.mark.parametrize(("height", "width"), [(40, 40), (16, 16), (1, 1), (7, 7)])
def test_square_picture_is_replaced_in_full(height, width):
    translated = noise(16, 16, 3)
    put = put_back(np.zeros((height, width, 3), np.uint8), translated)
    np.testing.assert_array_equal(put, fit(translated, height))


@pytest.mark.parametrize("turned", [False, True])
def test_square_fades_into_the_rest_of_a_long_picture(turned):
    content = np.zeros((24, 48, 3), np.uint8)
    content = content.transpose(1, 0, 2) if turned else content
    put = put_back(content, np.full((16, 16, 3), 200, np.uint8))
    assert put.shape == content.shape
    put = put.transpose(1, 0, 2) if turned else put
    # The square spans columns 12 to 36; its first pixels lie at 0.5 and 1.5 of a ramp of 24/12 = 2.
    line = [0] * 12 + [50, 150] + [200] * 20 + [150, 50] + [0] * 12
    np.testing.assert_array_equal(put[..., 0], [line] * 24)
    assert not content.any()


def test_picture_a_pixel_wider_than_its_square_fades_at_that_side_alone():
    put = put_back(np.zeros((24, 25, 3), np.uint8), np.full((16, 16, 3), 200, np.uint8))
    assert put[0, :, 0].tolist() == [200] * 22 + [150, 50, 0]


def test_grid_lays_pictures_out_in_rows():
    page = grid(np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20, 30)]), gap=2)
    assert page.shape == (10, 10, 3)
    assert [page[0, 0, 0], page[0, 6, 0], page[6, 0, 0]] == [10, 20, 30]
    assert page[4, 0, 0] == page[6, 6, 0] == 255


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".webp", ".bmp", ".tiff"])
def test_written_picture_reads_back(tmp_path, suffix):
    path = tmp_path / "new" / f"a{suffix}"
    image = np.full((6, 8, 3), 128, np.uint8)
    write(path, image)
    assert np.abs(read(path).astype(int) - image).max() <= 2
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.txt", "a", "a.heic"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(UserError, match=r"is not a picture format that can be written: use \.png"):
        write(tmp_path / name, np.zeros((1, 1, 3), np.uint8))


def test_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(UserError, match=r"a\.png cannot be written \(No space"):
        write(path, np.zeros((1, 1, 3), np.uint8))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_lists_its_pictures_alone(tmp_path):
    for name in ("b.PNG", "a.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_pictures(tmp_path)] == ["a.jpg", "b.PNG"]
    with pytest.raises(UserError, match=r"folder\.png has no pictures"):
        list_pictures(tmp_path / "folder.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_written_pictures_say_that_they_are_srgb_and_read_back_without_a_change(tmp_path, suffix):
    image = np.full((16, 16, 3), [200, 30, 90], np.uint8)
    write(tmp_path / f"a{suffix}", image)
    with Image.open(tmp_path / f"a{suffix}") as written:
        stored = np.asarray(written.convert("RGB"))
        if suffix == ".png":
            assert written.info["srgb"] == 1
        elif suffix != ".bmp":
            assert b"sRGB" in written.info["icc_profile"].replace(b"\0", b"")
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}"), stored)
    np.testing.assert_allclose(stored, image, atol=3)


@pytest.mark.parametrize(
    ("name", "size", "exif"), [("a.webp", (20_000, 2), b""), ("a.jpg", (70_000, 1), b""), ("a.jpg", (8, 8), b"x" * 70_000)]
)
def test_what_a_format_cannot_hold_is_a_sentence_and_leaves_nothing(tmp_path, name, size, exif):
    with pytest.raises(
        FormatError, match=rf"{name}: a (WEBP|JPEG) file cannot hold this picture of {size[0]} x {size[1]} pixels .* write PNG"
    ):
        write(tmp_path / name, np.zeros((*size[::-1], 3), np.uint8), exif=exif)
    assert not list(tmp_path.iterdir())


def test_other_arguments_than_pictures_are_named(tmp_path):
    noise(64, 64, 3)
    Image.fromarray(noise(64, 64, 3)).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:900])
    with pytest.raises(UserError, match="the content is of type NoneType: give an array"):
        read(None, "content")
    with pytest.raises(UserError, match="the content has no pixels"):
        read(Image.new("RGB", (0, 3)), "content")
    with Image.open(tmp_path / "a.jpg") as image, pytest.raises(UserError, match="the content is damaged or cut short"):
        read(image, "content")
