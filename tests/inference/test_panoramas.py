"""Panoramas and stereo pairs from file to file; the geometry has its own tests in tests/pictures."""

import numpy as np
import pytest
from PIL import Image

from semgan.data.drawn_faces.panorama import draw_panorama
from semgan.errors import UserError
from semgan.inference import translate
from semgan.inference.translate import translate_files
from semgan.pictures.gpano import is_panorama, read_gpano
from semgan.pictures.read import read
from semgan.pictures.scene import View

STYLE = {"latent_seed": 3, "domain": "dark"}
AROUND = {"size": "native", "panorama": True}


@pytest.fixture(scope="module")
def room():
    return draw_panorama(64)


@pytest.fixture(scope="module")
def translated(plain_model, room):
    return plain_model.translate(room, **AROUND, **STYLE)


@pytest.mark.parametrize("turn", [2, 38, 64])
def test_turned_panorama_translates_to_the_turned_translation(plain_model, room, translated, turn):
    turned = plain_model.translate(np.roll(room, turn, 1), **AROUND, **STYLE)
    difference = np.abs(np.roll(translated, turn, 1).astype(int) - turned)
    assert difference.mean() < 0.3
    assert np.percentile(difference, 99) <= 2
    flat = [plain_model.translate(each, size="native", **STYLE) for each in (room, np.roll(room, turn, 1))]
    assert np.abs(np.roll(flat[0], turn, 1).astype(int) - flat[1]).mean() > 3 * difference.mean()  # as flat pictures they do not


def test_every_pixel_of_a_panorama_is_translated(room, translated):
    assert translated.shape == room.shape
    assert (translated != room).any(2).mean() > 0.99


def test_equal_eyes_stay_equal_and_as_one_eye_alone(plain_model, room, translated):
    for layout, axis in (("top-bottom", 0), ("side-by-side", 1)):
        pair = np.concatenate([room, room], axis)
        left, right = np.split(plain_model.translate(pair, stereo=layout, **AROUND, **STYLE), 2, axis)
        np.testing.assert_array_equal(left, right)
        assert np.abs(left.astype(int) - translated).mean() < 0.5


def test_eyes_of_flat_pairs_share_statistics(plain_model, room):
    dark = room[16:48, :32] // 4
    bright = 255 - dark
    left = plain_model.translate(np.hstack([dark, bright]), stereo="side-by-side", **STYLE)[:, :32]
    same = plain_model.translate(np.hstack([dark, dark]), stereo="side-by-side", **STYLE)[:, :32]
    alone = plain_model.translate(dark, **STYLE).astype(int)
    assert np.abs(same - alone).mean() < 1
    assert np.abs(left - alone).mean() > 5


@pytest.mark.parametrize(
    ("content", "view", "message"),
    [
        (np.zeros((64, 100, 3), np.uint8), View(panorama=True), "twice as wide as high"),
        (np.zeros((64, 128, 3), np.uint8), View(panorama=True, stereo="top-bottom"), "as wide as high"),
        (np.zeros((63, 63, 3), np.uint8), View(stereo="top-bottom"), "even number"),
        (np.zeros((64, 64, 3), np.uint8), View(stereo="crossed"), "not a valid layout"),
    ],
)
def test_other_shapes_are_refused(plain_model, content, view, message):
    with pytest.raises(UserError, match=message):
        plain_model.translate(content, size=view.size, panorama=view.panorama, stereo=view.stereo, **STYLE)


def test_results_say_that_they_are_panoramas(plain_model, plain_snapshot, room, translated, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(translate, "load", lambda _: plain_model)
    Image.fromarray(room).save(tmp_path / "room.png")
    for name in ("a.png", "a.jpg", "a.webp", "a.tif"):
        translate_files(plain_snapshot, tmp_path / "room.png", tmp_path / name, view=View(**AROUND), **STYLE)
        assert is_panorama(tmp_path / name)
        area = read_gpano(tmp_path / name).area
        assert (area.full_width, area.full_height, area.width, area.height) == (128, 64, 128, 64)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), translated)
    with pytest.raises(UserError, match="cannot say that it is a panorama"):
        translate_files(plain_snapshot, tmp_path / "room.png", tmp_path / "a.bmp", view=View(**AROUND), **STYLE)
    translate_files(plain_snapshot, tmp_path / "a.png", tmp_path / "b.png", **STYLE)  # as a flat picture
    assert f"{tmp_path / 'a.png'} says in its metadata that it is a panorama: --panorama translates it as one" in capsys.readouterr().err
    assert not is_panorama(tmp_path / "b.png")
