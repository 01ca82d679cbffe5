"""The angles by which the views of a panorama's poles are turned, derived from the panorama itself so that they turn with it.

A panorama has no first column: rolling it is turning around. A network is not equivariant to rotation, so a view of a pole must not
depend on where the columns begin. It is turned so that the bright side is up: by the phase of the first circular harmonic of the
luminance around the pole.
"""

import math
from collections.abc import Sequence

import numpy as np

from semgan.pictures.equirectangular import latitudes
from semgan.pictures.polar_caps import cap_share

_LUMINANCE = np.array([299, 587, 114], np.float64)
"""Thousandths of red, green and blue in luma (ITU-R BT.601)."""
_NOTHING = 1e-10  # of the mean: an amplitude of rounding errors
_HARMONICS = 8
_BLOCK_ROWS = 64


def canonical_angles(panoramas: Sequence[np.ndarray]) -> tuple[float, float]:
    """The longitudes of the bright sides around the north and the south pole, in radians, of the mean of the panoramas.

    Rolling all of them by k columns of W adds `2 pi k / W` to both, to rounding. Where the first harmonic vanishes the lowest one that
    does not is taken; where the surroundings of a pole are the same all around, 0.

    Args:
      panoramas: uint8 (H, 2H, 3) each, of one size: one panorama, or the two eyes of a pair.
    """
    north = sum(_luminance_by_column(panorama) for panorama in panoramas)
    south = sum(_luminance_by_column(panorama[::-1]) for panorama in panoramas)
    return _bright_side(np.asarray(north)), _bright_side(np.asarray(south))


def _luminance_by_column(panorama: np.ndarray) -> np.ndarray:
    """Luminance around the north pole, weighted by solid angle and by the cap's share: float64 (width,)."""
    height, width = panorama.shape[:2]
    latitude = latitudes(height, 0, height // 2)
    weights = np.cos(np.radians(latitude)) * cap_share(latitude)
    total = np.zeros((width, 3))
    for start in range(0, int(np.count_nonzero(weights)), _BLOCK_ROWS):
        rows = slice(start, min(start + _BLOCK_ROWS, len(weights)))
        total += np.tensordot(weights[rows], panorama[rows].astype(np.float64), 1)
    return total @ _LUMINANCE


def _bright_side(luminance: np.ndarray) -> float:
    """The angle at which the lowest harmonic present has its maximum, in [0, 2 pi).

    A harmonic of order m has m maxima: of these the one is taken at which the next harmonics together are largest.
    """
    width = len(luminance)
    spectrum = np.fft.rfft(luminance)[: _HARMONICS + 1]
    orders = np.arange(1, len(spectrum))
    harmonics = spectrum[1:] * np.exp(-1j * math.pi * orders / width)  # a column's middle is half a pixel from its edge
    present = np.flatnonzero(np.abs(harmonics) > _NOTHING * abs(spectrum[0]))
    if not len(present):
        return 0.0
    order = int(orders[present[0]])
    maxima = (2 * math.pi * np.arange(order) - np.angle(harmonics[order - 1])) / order
    heights = np.real(harmonics * np.exp(1j * orders * maxima[:, None])) @ (1 / orders)
    return float(maxima[np.argmax(heights)] % (2 * math.pi))
