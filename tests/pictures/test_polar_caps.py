"""Directions land where stereographic projection puts them, seen from inside, and come back."""

import math

import numpy as np
import pytest

from semgan.pictures.polar_caps import cap_share, cap_view, cap_weight, spread
from tests.pictures.spheres import centroid, directions, spot, waves

HEIGHT, SIDE = 180, 140  # a degree per row
FOCAL = 180 / math.pi


def distance(colatitude):
    return 2 * FOCAL * math.tan(math.radians(colatitude) / 2)


@pytest.mark.parametrize("colatitude", [10, 25, 40])
@pytest.mark.parametrize(
    ("longitude", "north", "south"), [(0, (0, -1), (0, -1)), (90, (-1, 0), (1, 0)), (225, (0.5**0.5, 0.5**0.5), (-(0.5**0.5), 0.5**0.5))]
)
def test_a_direction_lands_where_geometry_says(colatitude, longitude, north, south):
    """With longitude 0 up: who looks straight up has the east to the left, who looks down to the right."""
    for up, sign, south_pole in ((north, 1, False), (south, -1, True)):
        view = cap_view(spot(HEIGHT, sign * (90 - colatitude), longitude), SIDE, 0.0, south_pole)
        np.testing.assert_allclose(centroid(view), distance(colatitude) * np.array(up), atol=0.6)


def test_the_angle_is_the_longitude_that_is_up():
    for south, sign in ((False, 1), (True, -1)):
        view = cap_view(spot(HEIGHT, sign * 60, 130), SIDE, math.radians(130), south)
        np.testing.assert_allclose(centroid(view), (0, -distance(30)), atol=0.4)


def test_the_pole_is_the_centre():
    for south, latitude in ((False, 90), (True, -90)):
        np.testing.assert_allclose(centroid(cap_view(spot(HEIGHT, latitude, 0), SIDE, 1.0, south)), (0, 0), atol=0.02)


def test_small_shapes_keep_their_shape():
    """Equal steps along the meridian and along the parallel are equal in the view: the projection is conformal."""
    latitude, step = 50.0, 3.0

    def place(north, east):
        return centroid(cap_view(spot(HEIGHT, latitude + north, 40 + east / math.cos(math.radians(latitude)), 2), SIDE, 0.0))

    along, across = place(step, 0) - place(-step, 0), place(0, step) - place(0, -step)
    assert np.linalg.norm(along) == pytest.approx(np.linalg.norm(across), rel=0.02)
    assert np.linalg.norm(along) == pytest.approx(2 * step / math.cos(math.radians(20)) ** 2, rel=0.02)
    assert abs(along @ across) < 0.03 * (along @ along)


def test_weight_by_hand():
    """A pixel of 1/100 radian at the pole, less of the sphere with the square of the scale, half of it at 45 degrees, none below 40."""
    weight = cap_weight(200, 100.0)
    assert weight[99, 99] == pytest.approx(1e-4, rel=1e-4)
    assert weight[99, 150] == pytest.approx(1e-4 * math.cos(math.atan(50.5 / 200)) ** 4, rel=1e-4)  # 28 degrees from the pole
    column = round(200 * math.tan(math.radians(45 / 2)))
    between = weight[99, 100 + column - 1 : 100 + column + 1] / math.cos(math.radians(45 / 2)) ** 4
    assert between[0] > 0.5e-4 > between[1]
    assert weight[99, 199] == 0  # 53 degrees
    assert weight[0, 0] == 0


def test_share_of_the_blend():
    np.testing.assert_allclose(cap_share(np.array([-90, -50, -45, -40, 0, 39, 45, 50, 80])), [1, 1, 0.5, 0, 0, 0, 0.5, 1, 1])
    rising = cap_share(np.linspace(40, 50, 101))
    assert (np.diff(rising) > 0).all()
    assert rising[1] < 1e-4  # it begins without a bend
    assert rising[-2] > 1 - 1e-4


@pytest.mark.parametrize("south", [False, True])
def test_spread_is_the_inverse(south):
    """Onto nothing: the share of the picture is left, by latitude."""
    picture = waves(96, 12)
    result = np.zeros_like(picture)
    spread(cap_view(picture, 80, 2.0, south), result, 2.0, south)
    latitude = 90 - 180 * (np.arange(96) + 0.5) / 96
    share = np.where(latitude < 0 if south else latitude > 0, cap_share(latitude), 0)
    difference = np.abs(result - share[:, None, None] * picture)
    assert difference.max() <= 6
    assert difference.mean() < 0.5


def test_spread_changes_nothing_below_the_blend():
    picture = waves(64, 8)
    result = picture.copy()
    spread(np.zeros((48, 48, 3), np.uint8), result, 0.0)
    changed = (result != picture).any((1, 2))
    assert changed[: 64 * 50 // 180].all()
    assert not changed[64 * 50 // 180 + 1 :].any()


def test_noise_around_the_pole_is_averaged():
    """Forty columns share a pixel of the view there: taking one of them would be as noisy as all."""
    picture = np.random.default_rng(0).integers(0, 2, (128, 256, 1), np.uint8).repeat(3, 2) * 255
    view = cap_view(picture, 96, 0.0)
    assert view[44:52, 44:52].std() < 0.6 * picture.std()


def test_splines_go_on_across_the_pole():
    """A slope at the pole: the row beyond it is the one on the other side, not itself."""
    east = directions(24)[2][..., :1]
    view = cap_view(np.rint(127.5 + 127 * east).astype(np.uint8).repeat(3, 2), 16, math.pi / 2)
    place = np.arange(16) - 7.5  # with longitude 90 degrees up, longitude 0 is to the right
    focal = 24 / math.pi
    expected = 127.5 + 127 * np.sin(2 * np.arctan(place / (2 * focal)))
    assert np.abs(view[7:9, 4:12, 0] - expected[4:12]).max() < 1.3
