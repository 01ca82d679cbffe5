"""The figure of regular artefacts: lines in the spectrum at the strides' periods, and nothing else."""

import numpy as np
import pytest
from scipy import ndimage

from semgan.evaluation.scores import grid


def smooth_pictures(count=40, size=64, seed=0):
    """Soft blobs on noise of a few grey levels, as a photograph has."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.standard_normal((count, size, size, 3)), (0, 4, 4, 0))
    return np.clip(128 + 400 * blobs + 3 * rng.standard_normal(blobs.shape), 0, 255).astype(np.uint8)


def lattice(period, size=64):
    """One pixel brighter in each block of the period."""
    place = np.arange(size) % period == 0
    return (place[:, None] & place)[..., None]


def ratio(fake, real, period):
    return float(grid.grid_ratio(*(grid.line_contrasts(grid.log_spectra(each), period).mean() for each in (fake, real))))


def test_a_sharp_line_has_the_power_of_a_windowed_wave():
    """Of columns that alternate by +-A, rows have A^2 (sum w)^2 / sum w^2 = A^2 2 N / 3 at the highest frequency, and columns nothing."""
    size, amplitude = 64, 20
    wave = 100 + amplitude * (-1) ** np.arange(size)
    picture = np.broadcast_to(wave[None, None, :, None], (1, size, size, 3)).astype(np.uint8)
    expected = (np.log(amplitude**2 * 2 * size / 3 + 0.1) + np.log(0.1)) / 2
    assert grid.log_spectra(picture)[0, -1] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_lattice_shows_at_its_own_period_and_not_at_a_shorter_one(period):
    real = smooth_pictures()
    fake = np.clip(smooth_pictures(seed=1).astype(int) + 30 * lattice(period), 0, 255).astype(np.uint8)
    assert ratio(fake, real, period) > 1.5
    assert all(ratio(fake, real, longer) == pytest.approx(1, abs=0.1) for longer in (2, 4, 8) if longer > period)


def test_a_stronger_lattice_counts_more():
    real = smooth_pictures()
    ratios = [ratio(np.clip(real.astype(int) + strength * lattice(2), 0, 255).astype(np.uint8), real, 2) for strength in (0, 8, 16, 32)]
    assert ratios == sorted(ratios)
    assert ratios[0] == pytest.approx(1)


def test_other_real_pictures_and_blurred_ones_have_no_grid():
    real = smooth_pictures()
    for fake in (smooth_pictures(seed=2), ndimage.gaussian_filter(real, (0, 1.5, 1.5, 0))):
        assert all(ratio(fake, real, period) == pytest.approx(1, abs=0.1) for period in (2, 4, 8))


def test_what_real_pictures_have_themselves_is_not_counted():
    screened = np.clip(smooth_pictures().astype(int) + 30 * lattice(4), 0, 255).astype(np.uint8)
    again = np.clip(smooth_pictures(seed=3).astype(int) + 30 * lattice(4), 0, 255).astype(np.uint8)
    assert ratio(again, screened, 4) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("stride", "size", "periods"), [(16, 64, (2, 4, 8)), (4, 64, (2, 4)), (16, 256, (2, 4, 8, 16)), (1, 64, ()), (16, 8, ())]
)
def test_periods_are_those_of_the_stride_that_can_be_told_apart(stride, size, periods):
    assert grid.periods_of(stride, size) == periods
