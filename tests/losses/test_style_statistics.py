"""Statistics of style by region, of tiny pictures whose statistics are plain to see, and by loops over their pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses.style_statistics import style_distance, style_statistics

SHIFTS = [(length * down, length * across) for length in (1, 2, 3) for down, across in ((0, 1), (1, 0), (1, 1), (1, -1))]
"""(down, across): one, two and three pixels to the right, down, and along both diagonals."""
SIZE = 8
ROW, COLUMN = np.mgrid[:SIZE, :SIZE]
COUNT = 4
"""Regions, whether or not a picture has all of them: one compilation does for most of the tests."""


def _statistics(pictures, regions):
    return _compiled_statistics(pictures, regions, COUNT)


def _distance(fake, regions, real, real_regions):
    return _compiled_distance(fake, regions, real, real_regions, COUNT)


_compiled_statistics, _compiled_distance = jax.jit(style_statistics, static_argnums=2), jax.jit(style_distance, static_argnums=4)


def _gray(values):
    """One picture of a brightness for each pixel."""
    return jnp.asarray(np.repeat(np.asarray(values)[None, ..., None], 3, -1), jnp.float32)


def _regions(numbers):
    return jnp.asarray(np.asarray(numbers)[None], jnp.int32)


WHOLE = _regions(np.zeros((SIZE, SIZE)))
HALVES = _regions(COLUMN // (SIZE // 2))


def _random(seed, size=SIZE):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, (1, size, size, 3)), jnp.float32)


def _differences(values, regions=WHOLE):
    """By region."""
    return np.asarray(_statistics(_gray(values), regions).differences[0])


def _by_loops(picture, regions, region):
    """Mean and deviation of luminance, red less green and yellow less blue, and the differences by shift, pixel by pixel in float64."""
    picture = np.asarray(picture, np.float64)
    members = [place for place in np.ndindex(regions.shape) if regions[place] == region]
    light = picture @ np.array([0.299, 0.587, 0.114])
    differences = []
    for down, across in SHIFTS:
        pairs = [((y, x), (y + down, x + across)) for y, x in members if (y + down, x + across) in members]
        differences.append(np.sqrt(np.mean([(light[a] - light[b]) ** 2 for a, b in pairs])))
    red, green, blue = np.array([picture[place] for place in members]).T
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    colours = np.stack([luminance, red - green, (red + green) / 2 - blue], -1)
    return colours.mean(0), colours.std(0), differences


def test_statistics_are_those_of_each_regions_pixels():
    """Of a region in two pieces, too."""
    row, column = np.mgrid[:12, :12]
    picture, regions = _random(0, 12), np.where((row < 5) | (row + column > 20), 2, column // 6)
    statistics = _statistics(picture, _regions(regions))
    for region in range(3):
        mean, deviation, differences = _by_loops(picture[0], regions, region)
        np.testing.assert_allclose(statistics.mean[0, region], mean, atol=1e-3)
        np.testing.assert_allclose(statistics.deviation[0, region], deviation, rtol=5e-3)
        np.testing.assert_allclose(statistics.differences[0, region], differences, rtol=5e-3)
        assert statistics.area[0, region] == (regions == region).sum()


def test_every_picture_has_its_own():
    pictures, regions = jnp.concatenate([_random(0), _random(1)]), jnp.concatenate([WHOLE, HALVES])
    both = _statistics(pictures, regions)
    for index in range(2):
        alone = _statistics(pictures[index : index + 1], regions[index : index + 1])
        for joint, single in zip(both, alone, strict=True):
            np.testing.assert_allclose(joint[index], single[0], rtol=1e-5, atol=1e-6)


def test_grey_strokes_are_not_coloured_noise_of_the_same_spread():
    """Each channel of both is the same pattern; only in the noise they are at different places."""
    stripes = (-1.0) ** ROW
    noise = jnp.asarray(np.stack([stripes, np.roll(stripes, 1, 0), stripes], -1)[None], jnp.float32)
    grey, coloured = (_statistics(picture, WHOLE).deviation[0, 0] for picture in (_gray(stripes), noise))
    np.testing.assert_allclose(grey, [1, 0, 0], atol=0.04)
    np.testing.assert_allclose(coloured, [0.587 - 0.413, 2, 1], atol=0.04)


PATTERNS = {  # of -1 and 1, and the shifts after which they are as before; after the others each pixel is its opposite
    "checkerboard": ((-1.0) ** (ROW + COLUMN), lambda down, across: (down + across) % 2 == 0),
    "horizontal stripes": ((-1.0) ** ROW, lambda down, _: down % 2 == 0),
    "vertical stripes": ((-1.0) ** COLUMN, lambda _, across: across % 2 == 0),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_differences_tell_the_directions_of_patterns(name):
    values, same = PATTERNS[name]
    want = [0 if same(*shift) else 2 for shift in SHIFTS]
    np.testing.assert_allclose(_differences(values)[0], want, atol=0.04)


@pytest.mark.parametrize("sign", [1, -1])
def test_differences_tell_one_diagonal_from_the_other(sign):
    """Stripes four pixels wide along one diagonal: a step along it changes nothing, and a step along the other crosses half a period."""
    differences = dict(zip(SHIFTS, _differences(np.where((COLUMN - sign * ROW) % 4 < 2, 1.0, -1.0))[0], strict=True))
    for length in (1, 3):
        assert differences[length, sign * length] < 0.04
        assert differences[length, -sign * length] == pytest.approx(2, rel=1e-2)


def test_differences_do_not_depend_on_the_phase_of_strokes():
    wide = np.where(np.arange(64) % 8 < 4, 1.0, -1.0)
    pictures = [np.broadcast_to(np.roll(wide, phase), (SIZE, 64)) for phase in (0, 2)]
    regions = _regions(np.zeros((SIZE, 64)))
    first, second = (_differences(each, regions)[0] for each in pictures)
    np.testing.assert_allclose(first, second, rtol=0.05, atol=0.04)


@pytest.mark.parametrize("axis", [0, 1])
def test_opposite_edges_are_not_compared(axis):
    """Each step along a ramp is the same; from its end to its beginning would be far more."""
    ramp = np.linspace(-1, 1, SIZE)[(ROW, COLUMN)[axis]]
    want = [abs(shift[axis]) * 2 / (SIZE - 1) for shift in SHIFTS]
    np.testing.assert_allclose(_differences(ramp)[0], want, rtol=1e-2, atol=0.04)


def test_pixels_across_a_border_are_not_compared():
    values = np.where(COLUMN < SIZE // 2, -1.0, 1.0)
    assert _differences(values, HALVES)[:2].max() < 0.04
    assert _differences(values)[0].max() > 0.5


def test_green_is_brightest_and_blue_darkest():
    """The weights of luminance (ITU-R BT.601) are 0.299, 0.587 and 0.114."""
    stripes = (-1.0) ** COLUMN
    for channel, weight in enumerate((0.299, 0.587, 0.114)):
        picture = jnp.zeros((1, SIZE, SIZE, 3)).at[0, ..., channel].set(stripes)
        assert _statistics(picture, WHOLE).differences[0, 0, 0] == pytest.approx(2 * weight, rel=2e-2)


def test_recolouring_a_region_moves_that_regions_statistics_alone():
    picture, inside = _random(0), np.asarray(HALVES)[..., None] == 1
    before, after = (
        _statistics(each, HALVES) for each in (picture, jnp.where(inside, 0.5 * picture - np.array([[[[0.4, 0.1, -0.3]]]]), picture))
    )
    for old, new in zip(before[:3], after[:3], strict=True):
        np.testing.assert_array_equal(new[0, 0], old[0, 0])
        assert (np.abs(new[0, 1] - old[0, 1]) > 0.05).all()
    np.testing.assert_allclose(after.mean[0, 1], 0.5 * before.mean[0, 1] - np.array([0.1441, 0.3, 0.55]), rtol=1e-3, atol=1e-4)


def test_a_region_without_pixels_has_statistics_near_zero():
    statistics = _statistics(_random(0), WHOLE)
    assert all(np.abs(each[0, 1]).max() < 0.04 for each in statistics)


def test_statistics_are_float32_whatever_the_pictures_are():
    assert all(each.dtype == jnp.float32 for each in _statistics(_random(0).astype(jnp.bfloat16), WHOLE))


def test_a_picture_is_at_no_distance_from_itself():
    assert _distance(_random(0), HALVES, _random(0), HALVES) == 0
    assert _distance(_random(0), HALVES, _random(1), HALVES) > 1e-2


def test_the_distance_of_flat_pictures_is_that_of_their_colours():
    """Apart by 1, -1/4 and -1/4 in red, green and blue."""
    fake, real = (
        jnp.broadcast_to(jnp.array(colour).reshape(1, 1, 1, 3), (1, SIZE, SIZE, 3)) for colour in ([0.5, -0.25, 0], [-0.5, 0, 0.25])
    )
    np.testing.assert_allclose(_distance(fake, WHOLE, real, WHOLE), (0.12375 + 1.25 + 0.625) / 3, rtol=1e-3)


def test_the_distance_of_textures_is_that_of_their_differences_and_half_that_of_their_spread():
    """Two checkerboards, one of half the contrast: 1 less in four of the twelve shifts, and half as much spread of luminance alone."""
    board = (-1.0) ** (ROW + COLUMN)
    distance = _distance(_gray(board), WHOLE, _gray(0.5 * board), WHOLE)
    np.testing.assert_allclose(distance, 0.5 * 0.5 / 3 + 4 / 12, rtol=5e-3)


def test_regions_count_by_the_roots_of_their_smaller_areas():
    """Of 48 and 16 pixels in the fake, 16 and 48 in the real: 16 and 16 count; of 48 and 16 in both: 3 to 1 in area."""
    few, many = (_regions((width > COLUMN).astype(int)) for width in (2, 6))
    for theirs, weights in ((few, (np.sqrt(48), np.sqrt(16))), (many, (1, 1))):
        fake = jnp.where(few[..., None] == 1, 0.8, jnp.full((1, SIZE, SIZE, 3), 0.1))
        distance = _distance(fake, few, jnp.zeros_like(fake), theirs)
        np.testing.assert_allclose(distance, np.average([0.1, 0.8], weights=weights) / 3, rtol=2e-3)


@pytest.mark.parametrize("side", ["fake", "real"])
@pytest.mark.parametrize(("pixels", "counts"), [(11, False), (13, True)])
def test_a_region_below_twelve_pixels_is_left_out(pixels, counts, side):
    """A quarter of what is there is enough to say so, whichever of the two pictures has so little of it."""
    small, large = (_regions((number > ROW * SIZE + COLUMN).astype(int)) for number in (pixels, 32))
    ours, theirs = (small, large) if side == "fake" else (large, small)
    fake = jnp.where(ours[..., None] == 1, 0.9, jnp.zeros((1, SIZE, SIZE, 3)))
    distance = _distance(fake, ours, jnp.zeros_like(fake), theirs)
    assert (float(distance[0]) > 0.1) == counts


def test_regions_that_one_picture_lacks_are_left_out():
    fake, real = _random(0), _random(1)
    without = jnp.where(HALVES == 1, 2, HALVES)
    left = _distance(fake, HALVES, real, without)
    recoloured = _distance(jnp.where(HALVES[..., None] == 1, -0.7, fake), HALVES, real, without)
    assert left > 1e-2
    np.testing.assert_allclose(recoloured, left, rtol=1e-5)
    assert _distance(fake, WHOLE, real, WHOLE + 1) == 0


def test_the_numbers_of_regions_do_not_matter():
    fake, real = _random(0), _random(1)
    ours, theirs = (_regions(each) for each in (np.where(ROW < 3, 2, COLUMN // 4), np.where(ROW > 5, 2, COLUMN // 3 % 2)))
    plain = _distance(fake, ours, real, theirs)
    for order in ([1, 2, 0], [2, 1, 0]):
        renumbered = _distance(fake, jnp.array(order)[ours], real, jnp.array(order)[theirs])
        np.testing.assert_allclose(renumbered, plain, rtol=1e-5)
    assert abs(float((_distance(fake, ours, real, 2 - theirs) - plain)[0])) > 1e-3


def test_the_distance_does_not_depend_on_the_side_that_is_called_fake():
    there, back = (_distance(a, HALVES, b, HALVES) for a, b in ((_random(0), _random(1)), (_random(1), _random(0))))
    np.testing.assert_allclose(there, back, rtol=1e-6)


def test_its_gradient_reaches_the_fake_alone():
    fake, real = jax.grad(lambda a, b: _distance(a, HALVES, b, HALVES).sum(), argnums=(0, 1))(_random(0), _random(1))
    assert np.abs(fake).min() > 0
    assert not np.asarray(real).any()


def test_its_gradient_leads_a_fakes_statistics_to_the_reals():
    fake, real = _random(0), 0.3 * _random(1) + 0.2

    def distance(x):
        return _distance(x, WHOLE, real, WHOLE).sum()

    value, gradient = jax.value_and_grad(distance)(fake)
    step = 1e-3 / float(jnp.sqrt((gradient**2).mean())) * gradient
    np.testing.assert_allclose(distance(fake + step) - distance(fake - step), 2 * float((step * gradient).sum()), rtol=1e-2)
    assert distance(fake - step) < value


@pytest.mark.parametrize("colour", [0.0, 0.5])
def test_its_gradient_is_finite_for_flat_pictures(colour):
    fake, real = jnp.full((1, SIZE, SIZE, 3), colour), jnp.zeros((1, SIZE, SIZE, 3))
    regions = HALVES.at[0, 0, 0].set(2)
    gradient = jax.grad(lambda x: _distance(x, regions, real, HALVES).sum())(fake)
    assert jnp.isfinite(gradient).all()
    assert colour == 0 or (np.asarray(gradient[0, 1:].sum(-1)) > 0).all()
