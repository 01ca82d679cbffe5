"""A panorama of a part of the sphere is filled up by reflection and cut back to what it was."""

import numpy as np
import pytest

from semgan.pictures.gpano import Area, whole_area
from semgan.pictures.partial_panorama import cut_area, fill_sphere


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("area", [Area(64, 32, 64, 20, 0, 7), Area(64, 32, 10, 4, 50, 28), whole_area(64, 32)])
def test_cutting_is_the_inverse_of_filling(area):
    part = picture(area.height, area.width)
    whole = fill_sphere(part, area)
    assert whole.shape == (32, 64, 3)
    np.testing.assert_array_equal(whole[area.top : area.top + area.height, area.left : area.left + area.width], part)
    np.testing.assert_array_equal(cut_area(whole, area), part)


def test_it_is_filled_by_reflection():
    whole = fill_sphere(part := picture(20, 64), Area(64, 32, 64, 20, 0, 7))
    np.testing.assert_array_equal(whole[6], part[0])
    np.testing.assert_array_equal(whole[0], part[6])
    np.testing.assert_array_equal(whole[27], part[-1])


def test_a_whole_one_is_itself():
    part = picture(32, 64)
    assert fill_sphere(part, whole_area(64, 32)) is part
