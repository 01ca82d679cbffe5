"""Cut and assembled, a panorama is what it was; translated in between, it is so for a panorama without a first column."""

import math

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.pictures import panorama
from semgan.pictures.canonical_angles import canonical_angles
from semgan.pictures.panorama import assemble, cut, plan
from tests.pictures.spheres import directions, psnr, waves

HEIGHT = 96


def network(field):
    """Darkens by the gradient to the right and towards the corner, at half the size: no turn or mirroring commutes with it."""
    image = field.image.astype(float)
    height, width = image.shape[:2]
    small = image.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
    small = np.pad(small, ((3, 3), (0, 0), (0, 0)), "reflect")
    small = np.pad(small, ((0, 0), (3, 3), (0, 0)), "wrap" if field.wraps else "reflect")
    right, lower = small[3:-3, 6:], small[6:, 6:]
    result = 128 + 1.5 * (small[3:-3, 3:-3] - 0.7 * right - 0.3 * lower)
    return np.rint(np.clip(result, 0, 255)).astype(np.uint8).repeat(2, 0).repeat(2, 1)


def translate(picture, height=0, angles=None):
    fields, layout = cut(picture, height or len(picture), 2, angles)
    return assemble([network(field) for field in fields], layout)


def images(fields):
    return [field.image for field in fields]


@pytest.mark.parametrize("multiple", [1, 3, 4, 16, 64, 256])
@pytest.mark.parametrize("height", [64, 100, 177, 250])
def test_sides_are_multiples_of_the_stride(height, multiple):
    fields, layout = cut(waves(100, 10), height, multiple)
    band, north, south = fields
    for field in fields:
        assert field.image.dtype == np.uint8
        assert field.weight.dtype == np.float32
        assert field.weight.shape == field.image.shape[:2]
        assert field.image.shape[0] % multiple == field.image.shape[1] % multiple == 0
    assert (band.wraps, north.wraps, south.wraps) == (True, False, False)
    assert north.image.shape == south.image.shape
    assert layout.band_top % multiple == 0
    even = multiple if multiple % 2 == 0 else 2 * multiple
    assert abs(band.image.shape[1] - 2 * height) <= max(even / 2, even - 2 * height)
    assert psnr(assemble(images(fields), layout), waves(100, 10)) > 40


@pytest.mark.parametrize("multiple", [2, 16, 192])
def test_weights_are_shares_of_the_sphere(multiple):
    """Weighted means over the fields are means over the sphere: of sin^2 of the latitude, and of two other squares, a third."""
    squares = directions(HEIGHT)[2] ** 2
    fields, _ = cut(np.rint(255 * squares).astype(np.uint8), HEIGHT, multiple)
    assert sum(field.weight.sum(dtype=float) for field in fields) == pytest.approx(1, abs=1e-6)
    mean = sum((field.weight[..., None] * field.image.astype(float)).sum((0, 1)) for field in fields)
    np.testing.assert_allclose(mean, 85, atol=0.2)
    assert all((field.weight >= 0).all() for field in fields)


def test_weights_of_a_cap_by_hand():
    """Up from 50 degrees a cap has all of the sphere's area, up from 40 degrees more than it has."""
    cap = cut(waves(HEIGHT, 5), HEIGHT, 2)[0][1].weight.sum(dtype=float)
    assert (1 - math.sin(math.radians(50))) / 2 < cap < (1 - math.sin(math.radians(40))) / 2


def test_the_band_has_the_panoramas_own_pixels():
    picture = waves(HEIGHT, 40)
    (band, *_), layout = cut(picture, HEIGHT, 16)
    assert np.shares_memory(band.image, picture)
    np.testing.assert_array_equal(band.image, picture[layout.band_top : layout.band_top + layout.band_rows])
    assert layout.band_top <= HEIGHT * 30 / 180 <= layout.band_top + 16


@pytest.mark.parametrize(
    ("highest", "least", "least_at_poles"), [(6, 56, 52), (HEIGHT / 4, 54, 46), (HEIGHT / 2, 48, 42)], ids=["smooth", "textured", "finest"]
)
def test_assembled_it_is_what_was_cut(highest, least, least_at_poles):
    picture = waves(HEIGHT, highest)
    fields, layout = cut(picture, HEIGHT, 4)
    result = assemble(images(fields), layout)
    assert psnr(result, picture) > least
    rows = np.r_[0:3, HEIGHT - 3 : HEIGHT]
    assert psnr(result[rows], picture[rows]) > least_at_poles
    np.testing.assert_array_equal(result[HEIGHT * 51 // 180 : HEIGHT * 129 // 180], picture[HEIGHT * 51 // 180 : HEIGHT * 129 // 180])


@pytest.mark.parametrize("height", [48, 64, 120, 192])
def test_it_comes_back_from_other_sizes(height):
    picture = waves(HEIGHT, 8)
    fields, layout = cut(picture, height, 4)
    assert abs(fields[0].image.shape[1] - 2 * height) <= 2
    assert psnr(assemble(images(fields), layout), picture) > 46


def test_a_plain_panorama_stays_plain_to_the_poles():
    picture = np.full((HEIGHT, 2 * HEIGHT, 3), (3, 200, 77), np.uint8)
    for height in (HEIGHT, 60, 130):
        fields, layout = cut(picture, height, 4)
        np.testing.assert_array_equal(assemble(images(fields), layout), picture)


def test_there_is_no_seam_where_fields_differ_most():
    """A black band and white caps: grey that changes by no more per row than the blend's steepest slope."""
    fields, layout = cut(waves(HEIGHT, 5), HEIGHT, 4)
    values = (0, 255, 255)
    result = assemble([np.full_like(field.image, value) for field, value in zip(fields, values, strict=True)], layout).astype(int)
    assert np.ptp(result, axis=1).max() == 0
    assert set(result[:20, 0, 0]) == {255}
    steepest = 255 * 1.875 / 10 * 180 / HEIGHT  # of the polynomial of fifth degree, over ten degrees
    assert np.abs(np.diff(result[:, 0, 0])).max() <= steepest + 1


def test_edges_meet():
    picture = waves(HEIGHT, 12)
    result = translate(picture).astype(int)
    across = np.abs(np.diff(result, axis=1)).mean((0, 2))
    edge = np.abs(result[:, 0] - result[:, -1]).mean()
    assert edge <= across[1::2].max()  # those between blocks of two pixels, as this one is


@pytest.mark.parametrize("columns", [2, 14, 48, 96, 110, 190])
def test_translating_commutes_with_turning_around(columns):
    picture = waves(HEIGHT, 12)
    turned = translate(np.roll(picture, columns, 1)).astype(int)
    difference = np.abs(np.roll(translate(picture), columns, 1) - turned)
    assert difference.mean() < 0.05
    assert difference.max() <= 3


@pytest.mark.parametrize("columns", [8, 56])
def test_it_does_so_at_a_smaller_size(columns):
    picture = waves(2 * HEIGHT, 12)
    turned = translate(np.roll(picture, columns, 1), HEIGHT).astype(int)
    assert np.abs(np.roll(translate(picture, HEIGHT), columns, 1) - turned).mean() < 0.1


def test_it_does_not_without_the_canonical_angles():
    """That the network above can tell: with angles that do not turn with the panorama the poles differ."""
    picture = waves(HEIGHT, 12)
    turned = translate(np.roll(picture, 48, 1), angles=(0.0, 0.0)).astype(int)
    difference = np.abs(np.roll(translate(picture, angles=(0.0, 0.0)), 48, 1) - turned)
    assert difference[: HEIGHT // 6].mean() > 5
    assert difference[-HEIGHT // 6 :].mean() > 5


def test_views_of_the_poles_do_not_turn_with_the_panorama():
    """For any number of columns, odd ones too."""
    picture = waves(HEIGHT, 12)
    for columns in (1, 37, 95):
        for first, second in zip(cut(picture, HEIGHT, 4)[0][1:], cut(np.roll(picture, columns, 1), HEIGHT, 4)[0][1:], strict=True):
            difference = np.abs(first.image.astype(int) - second.image)
            assert difference.max() <= 1
            assert difference.mean() < 1e-3


def test_eyes_agree_where_they_see_the_same():
    left = waves(HEIGHT, 12)
    right = left.copy()
    right[:10, :40] = 255 - right[:10, :40]  # near the zenith: the eyes' own angles differ
    angles = canonical_angles([left, right])
    first, second = translate(left, angles=angles), translate(right, angles=angles)
    np.testing.assert_array_equal(first[HEIGHT // 3 :], second[HEIGHT // 3 :])
    other = np.abs(first[10:20, 70:170].astype(int) - second[10:20, 70:170])
    assert other.max() <= 1
    own = np.abs(translate(left)[10:20, 70:170].astype(int) - translate(right)[10:20, 70:170])
    assert own.mean() > 0.3  # so it has to be the same angle


def test_other_shapes_are_refused():
    with pytest.raises(UserError, match="twice as wide as high"):
        cut(np.zeros((100, 100, 3), np.uint8), 100, 4)
    with pytest.raises(UserError, match="8 pixels high is too small"):
        plan(100, 8, 4, (0.0, 0.0))


def test_the_margin_holds_what_is_blended():
    """Every field is there, with ten degrees to spare, where it has weight."""
    layout = plan(900, 900, 2, (0.0, 0.0))
    assert layout.band_top <= 900 * 30 / 180
    edge = 2 * math.degrees(math.atan(layout.cap_side / 2 / (2 * 1800 / (2 * math.pi))))
    assert edge >= 60
    assert panorama.BLEND_START == 40
    assert panorama.BLEND_END == 50
