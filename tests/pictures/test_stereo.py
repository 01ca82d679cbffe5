"""A pair is split into the left and the right eye and joined again; what cannot be a pair is refused in words."""

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.pictures.stereo import LAYOUTS, join, split


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_left_eye_is_at_the_top_or_on_the_left():
    pair = picture(8, 12)
    top, bottom = split(pair, "top-bottom")
    np.testing.assert_array_equal(top, pair[:4])
    np.testing.assert_array_equal(bottom, pair[4:])
    left, right = split(pair, "side-by-side")
    np.testing.assert_array_equal(left, pair[:, :6])
    np.testing.assert_array_equal(right, pair[:, 6:])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_join_is_the_inverse(layout):
    pair = picture(8, 12)
    np.testing.assert_array_equal(join(split(pair, layout), layout), pair)


def test_panoramas_have_eyes_twice_as_wide_as_high():
    assert split(picture(32, 32), "top-bottom", panorama=True)[1].shape == (16, 32, 3)
    assert split(picture(16, 64), "side-by-side", panorama=True)[1].shape == (16, 32, 3)


@pytest.mark.parametrize(
    ("height", "width", "layout", "panorama", "words"),
    [
        (7, 12, "top-bottom", False, "7 pixels high"),
        (8, 13, "side-by-side", False, "13 pixels wide"),
        (32, 64, "top-bottom", True, "are as wide as high together"),
        (32, 64, "side-by-side", True, "are four times as wide as high together"),
        (8, 8, "anaglyph", False, "anaglyph is not a valid layout of a stereo pair: use top-bottom or side-by-side"),
    ],
)
def test_what_is_no_pair_is_refused(height, width, layout, panorama, words):
    with pytest.raises(UserError) as error:
        split(picture(height, width), layout, panorama=panorama)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
