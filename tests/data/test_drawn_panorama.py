"""The drawn room is seen in equirectangular projection, the same every time, with depth for two eyes."""

import math

import numpy as np
import pytest
from PIL import Image

from semgan import cli
from semgan.data.drawn_faces import MEDIA
from semgan.data.drawn_faces.factors import draw_factors
from semgan.data.drawn_faces.panorama import EYE_DISTANCE, draw_panorama
from semgan.data.drawn_faces.render import render_face
from semgan.errors import UserError
from semgan.pictures.gpano import read_gpano, whole_area

HEIGHT = 128


@pytest.fixture(scope="module")
def room():
    return draw_panorama(HEIGHT)


def test_it_is_twice_as_wide_as_high_and_the_same_every_time(room):
    assert room.shape == (HEIGHT, 2 * HEIGHT, 3)
    assert room.dtype == np.uint8
    np.testing.assert_array_equal(draw_panorama(HEIGHT), room)
    assert np.abs(draw_panorama(HEIGHT, seed=1).astype(int) - room).mean() > 5


def test_blocks_of_rows_do_not_show(room, monkeypatch):
    monkeypatch.setattr("semgan.data.drawn_faces.panorama._BLOCK_POINTS", 1)
    np.testing.assert_array_equal(draw_panorama(HEIGHT), room)


def test_size_changes_only_the_resolution(room):
    halved = draw_panorama(2 * HEIGHT).astype(float).reshape(HEIGHT, 2, 2 * HEIGHT, 2, 3).mean((1, 3))
    assert np.abs(halved - room).mean() < 2


def test_edges_and_poles_are_one_place(room):
    steps = np.abs(np.diff(room.astype(int), axis=1)).mean((0, 2))
    assert np.abs(room[:, 0].astype(int) - room[:, -1]).mean() <= np.percentile(steps, 95)
    assert np.ptp(room[0], 0).max() < 40
    assert np.ptp(room[-1], 0).max() < 40


def test_faces_hang_where_geometry_says(room):
    """The middle picture of the right wall, which has three: 90 degrees to the right of the middle column, 3 metres away."""
    content, style = draw_factors(0, "test", 5)
    face = render_face(content, style._replace(medium=MEDIA.index("shaded")), 64).image.astype(float)
    half = math.degrees(math.atan(0.92 / 2 / 3))  # degrees; 128 rows are 180 degrees
    rows, columns = HEIGHT / 2 + np.array([-half, half]) * HEIGHT / 180, 1.5 * HEIGHT + np.array([-half, half]) * HEIGHT / 180
    seen = room[round(rows[0]) : round(rows[1]), round(columns[0]) : round(columns[1])].astype(float)
    expected = np.asarray(Image.fromarray(face.astype(np.uint8)).resize(seen.shape[1::-1], Image.Resampling.BOX), float)
    assert np.corrcoef(seen.ravel(), expected.ravel())[0, 1] > 0.85
    assert np.corrcoef(seen.ravel(), expected[:, ::-1].ravel())[0, 1] < 0.8


def shift_of(first, second, reach=12):
    """By how many pixels to the right the second strip has to go to match the first, to a fraction."""
    shifts = np.arange(-reach, reach + 1)
    errors = np.array([np.square(np.roll(second, shift, 1).astype(float) - first)[:, reach:-reach].mean() for shift in shifts])
    best = int(np.argmin(errors))
    before, here, after = errors[best - 1 : best + 2]
    return shifts[best] + 0.5 * (before - after) / (before - 2 * here + after)


@pytest.fixture(scope="module")
def wide_eyes():
    """The room at 256 rows from two eyes a quarter of a metre apart."""
    return [draw_panorama(256, eye=offset) for offset in (-2 * EYE_DISTANCE, 2 * EYE_DISTANCE)]


@pytest.mark.parametrize(("longitude", "distance"), [(0, 2.4), (90, 3.0), (180, 2.4), (270, 3.0)])
def test_two_eyes_see_depth_all_around(wide_eyes, longitude, distance):
    """The disparity of a wall at its nearest is the angle between the eyes as seen from there, whichever way it is."""
    columns = np.arange(256 + longitude * 256 // 180 - 30, 256 + longitude * 256 // 180 + 30) % 512
    left, right = (eye[113:143, columns] for eye in wide_eyes)
    expected = 2 * math.asin(2 * EYE_DISTANCE / distance) * 256 / math.pi
    assert shift_of(left, right) == pytest.approx(expected, abs=0.4)


def test_the_eye_in_the_middle_is_between_the_others(room):
    left, right = draw_panorama(HEIGHT, eye=-EYE_DISTANCE / 2), draw_panorama(HEIGHT, eye=EYE_DISTANCE / 2)
    apart = np.abs(left.astype(int) - right).mean()
    assert 0 < np.abs(left.astype(int) - room).mean() < apart
    assert 0 < np.abs(right.astype(int) - room).mean() < apart


@pytest.mark.parametrize("medium", MEDIA)
def test_faces_are_of_the_medium(medium):
    others = [other for other in MEDIA if other != medium]
    picture = draw_panorama(48, medium=medium)
    assert all((draw_panorama(48, medium=other) != picture).any() for other in others)


def test_bad_arguments_are_refused():
    with pytest.raises(UserError, match="oil is not a medium"):
        draw_panorama(64, medium="oil")
    with pytest.raises(UserError, match="at least 16"):
        draw_panorama(8)


@pytest.mark.parametrize(("stereo", "shape"), [(None, (32, 64, 3)), ("top-bottom", (64, 64, 3)), ("side-by-side", (32, 128, 3))])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_command_writes_it_with_metadata(tmp_path, capsys, stereo, shape, suffix):
    path = tmp_path / f"room.{suffix}"
    command = ["data", "panorama", "--out", str(path), "--height", "32", "--seed", "2", "--medium", "ink"]
    assert not cli.main(command + (["--stereo", stereo] if stereo else []))
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path) as image:
        picture = np.asarray(image)
    assert picture.shape == shape
    assert read_gpano(path).area == whole_area(shape[1], shape[0])
    if suffix == "png":
        offsets = (-EYE_DISTANCE / 2, EYE_DISTANCE / 2) if stereo else (0.0,)
        eyes = [draw_panorama(32, 2, "ink", offset) for offset in offsets]
        np.testing.assert_array_equal(picture, np.concatenate(eyes, 1 if stereo == "side-by-side" else 0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "room.bmp"], "BMP"),
        (["--out", "room.xyz"], ".xyz"),
        (["--out", "room.png", "--medium", "oil"], "oil"),
        (["--out", "room.png", "--height", "3"], "at least 16"),
    ],
)
def test_the_command_refuses_in_one_sentence(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["data", "panorama", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.startswith("semgan: error: ")
    assert not list(tmp_path.iterdir())
