"""A panorama's edges are one place, and rows beyond a pole go down its other side."""

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.pictures import equirectangular
from tests.pictures.spheres import waves


def numbered(height):
    """Every pixel has a colour of its own: row, column."""
    picture = np.zeros((height, 2 * height, 3), np.uint8)
    picture[..., 0], picture[..., 1] = np.arange(height)[:, None], np.arange(2 * height)
    return picture


def test_rows_beyond_a_pole_are_those_on_the_other_side():
    picture = numbered(16)
    rows = equirectangular.take_rows(picture, -2, 18)
    assert rows.shape == (20, 32, 3)
    np.testing.assert_array_equal(rows[2:18], picture)
    for row, expected in ((0, 1), (1, 0), (18, 15), (19, 14)):
        assert set(rows[row, :, 0]) == {expected}
        assert rows[row, 0, 1] == 16  # half a turn away
        assert rows[row, 16, 1] == 0


def test_rows_within_are_a_view():
    picture = numbered(16)
    assert np.shares_memory(equirectangular.take_rows(picture, 3, 9), picture)


def test_latitudes_of_four_rows():
    np.testing.assert_allclose(equirectangular.latitudes(4), [67.5, 22.5, -22.5, -67.5])
    np.testing.assert_allclose(equirectangular.latitudes(4, -1, 1), [112.5, 67.5])


@pytest.mark.parametrize("height", [24, 48, 150])
def test_resizing_commutes_with_turning_around(height, monkeypatch):
    monkeypatch.setattr(equirectangular, "_BLOCK_PIXELS", 4000)
    picture = waves(72, 10)
    turned = equirectangular.resize(np.roll(picture, 48, 1), height)
    assert turned.shape == (height, 2 * height, 3)
    np.testing.assert_array_equal(turned, np.roll(equirectangular.resize(picture, height), 2 * height // 3, 1))


def test_resizing_in_blocks_is_resizing_at_once(monkeypatch):
    picture = waves(96, 20)
    for height in (36, 40, 200):
        whole = equirectangular.resize(picture, height)
        with monkeypatch.context() as patch:
            patch.setattr(equirectangular, "_BLOCK_PIXELS", 3000)
            difference = np.abs(equirectangular.resize(picture, height).astype(int) - whole)
        assert difference.max() <= 2  # rounded between the filters along rows and columns, whichever is first
        assert difference.mean() < 2e-3


def test_resizing_is_of_the_sphere():
    """What a coarser grid would have sampled, at the edges and at the poles as elsewhere."""
    small, large = waves(48, 6), waves(96, 6)
    difference = np.abs(equirectangular.resize(large, 48).astype(int) - small)
    assert difference.max() <= 2
    assert np.abs(equirectangular.resize(small, 96).astype(int) - large).max() <= 2


def test_resizing_is_antialiased():
    stripes = np.zeros((64, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(equirectangular.resize(stripes, 16)) <= 2


@pytest.mark.parametrize(("height", "width", "words"), [(100, 150, ["150 x 100", "twice as wide as high"]), (8, 16, ["at least 32 x 16"])])
def test_other_shapes_are_refused(height, width, words):
    with pytest.raises(UserError) as error:
        equirectangular.check_panorama(np.zeros((height, width, 3), np.uint8))
    for word in words:
        assert word in str(error.value)
