import numpy as np
import pytest

from semgan.faces.geometry import Similarity
from semgan.faces.paste import Piece, paste
from semgan.faces.warp import warp

SIZE = 32


def smooth(height=120, width=160, seed=0):
    """A picture without edges, in colours that change slowly."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 40
    waves = [100 + 50 * np.sin(x * rng.uniform(0.5, 1) + rng.uniform(0, 6)) * np.cos(y * rng.uniform(0.5, 1)) for _ in range(3)]
    return np.rint(np.stack(waves, -1)).astype(np.uint8)


def place(centre, side, degrees=0.0):
    """From the picture to a square of SIZE pixels around a centre."""
    turn, scale = np.radians(degrees), SIZE / side
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Similarity(linear, SIZE / 2 - linear @ np.array(centre, float))


def piece(picture, transform, change):
    content = warp(picture, transform, SIZE, SIZE)
    return Piece(content, np.clip(content.astype(int) + change, 0, 255).astype(np.uint8), transform)


@pytest.mark.parametrize("degrees", [0, 20])
def test_what_is_not_translated_stays_and_the_rest_to_the_bit(degrees):
    picture, transform = smooth(), place((70, 60), 64, degrees)
    result = paste(picture, [piece(picture, transform, 0)])
    assert np.abs(result.astype(int) - picture).max() <= 2
    changed = paste(picture, [piece(picture, transform, 60)])
    y, x = np.mgrid[:120, :160] + 0.5
    outside = np.hypot(x - 70, y - 60) > 32 * 2**0.5 + 1
    np.testing.assert_array_equal(changed[outside], picture[outside])


def test_middle_is_the_translation_and_the_rim_shows_no_edge():
    picture = smooth()
    change = paste(picture, [piece(picture, place((80, 60), 80), 60)]).astype(int) - picture
    assert np.abs(change[55:65, 75:85] - 60).max() <= 3
    row = change[60, :, 0]
    assert row[:40].tolist() == [0] * 40  # the square begins at 40
    assert np.abs(np.diff(row)).max() <= 7  # 60 within 20 pixels, where an edge would step by all of it
    assert np.abs(row[40:46]).max() <= 12  # the detail's rim is inside here: colours already match the photograph's


def test_two_that_overlap_share_in_any_order():
    picture = smooth()
    left, right = piece(picture, place((60, 60), 64), 50), piece(picture, place((90, 60), 64), -50)
    one, other = paste(picture, [left, right]), paste(picture, [right, left])
    assert np.abs(one.astype(int) - other).max() <= 1
    change = one.astype(int) - picture
    assert np.abs(change[60, 56:64] - 50).max() <= 4  # each middle is its own, though the other covers it in part
    assert np.abs(change[60, 86:94] + 50).max() <= 4


@pytest.mark.parametrize("centre", [(5, 60), (158, 3), (80, 118)])
def test_faces_cut_by_the_border_are_pasted_up_to_it(centre):
    picture = smooth()
    result = paste(picture, [piece(picture, place(centre, 60), 40)])
    assert result.shape == picture.shape
    x, y = centre
    assert abs(int(result[y, x, 0]) - int(picture[y, x, 0]) - 40) <= 4


def test_piece_outside_changes_nothing():
    picture = smooth()
    np.testing.assert_array_equal(paste(picture, [piece(picture, place((400, 60), 60), 40)]), picture)
