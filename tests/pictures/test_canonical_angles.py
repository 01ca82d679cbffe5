"""The angle of a pole's view is a property of what is around the pole, and turns with it."""

import math

import numpy as np
import pytest

from semgan.pictures.canonical_angles import canonical_angles
from tests.pictures.spheres import spot, waves

HEIGHT, WIDTH = 48, 96


def turn(first, second):
    """The difference of two angles, in (-pi, pi]."""
    return (second - first + math.pi) % (2 * math.pi) - math.pi


@pytest.mark.parametrize("longitude", [0, 75, 200, 330])
def test_it_points_to_the_light(longitude):
    north, south = canonical_angles([np.maximum(spot(HEIGHT, 60, longitude), spot(HEIGHT, -60, longitude + 90))])
    assert turn(north, math.radians(longitude)) == pytest.approx(0, abs=0.02)
    assert turn(south, math.radians(longitude + 90)) == pytest.approx(0, abs=0.02)


def test_it_turns_with_the_panorama():
    picture = waves(HEIGHT, 9)
    angles = canonical_angles([picture])
    for columns in range(1, WIDTH, 5):
        for first, second in zip(angles, canonical_angles([np.roll(picture, columns, 1)]), strict=True):
            assert turn(first + 2 * math.pi * columns / WIDTH, second) == pytest.approx(0, abs=1e-10)


def test_it_does_so_where_the_first_harmonic_vanishes():
    """What repeats after half a turn and what repeats after a third of it, together: of two or three maxima the same one each time."""
    random = np.random.default_rng(0)
    for orders in ((2, 3), (3, 4), (4, 6)):
        parts = [np.tile(random.integers(0, 128, WIDTH // order), order) for order in orders]
        base = np.broadcast_to(sum(parts)[:, None], (HEIGHT, WIDTH, 3)).astype(np.uint8)
        repeats = math.gcd(*orders)  # a panorama that repeats has views that do
        angles = canonical_angles([base])
        for columns in range(1, WIDTH, 7):
            turned = canonical_angles([np.roll(base, columns, 1)])
            difference = turn(0, repeats * (turned[0] - angles[0] - 2 * math.pi * columns / WIDTH))
            assert difference == pytest.approx(0, abs=1e-6)


def test_without_anything_around_the_pole_it_is_zero():
    assert canonical_angles([np.full((HEIGHT, WIDTH, 3), 77, np.uint8)]) == (0, 0)
    assert canonical_angles([np.zeros((HEIGHT, WIDTH, 3), np.uint8)]) == (0, 0)


def test_the_band_has_no_part_in_it():
    picture = waves(HEIGHT, 9)
    other = picture.copy()
    other[HEIGHT * 51 // 180 : HEIGHT * 129 // 180] = 255 - other[HEIGHT * 51 // 180 : HEIGHT * 129 // 180]
    assert canonical_angles([other]) == canonical_angles([picture])


def test_two_eyes_have_the_angle_of_their_mean():
    first, second = waves(HEIGHT, 9, seed=1) // 2 * 2, waves(HEIGHT, 9, seed=2) // 2 * 2
    mean = (first // 2 + second // 2).astype(np.uint8)
    both = canonical_angles([first, second])
    np.testing.assert_allclose(both, canonical_angles([mean]), atol=1e-9)
    np.testing.assert_allclose(both, canonical_angles([second, first]), atol=1e-12)
    assert abs(turn(both[0], canonical_angles([first])[0])) > 0.01
