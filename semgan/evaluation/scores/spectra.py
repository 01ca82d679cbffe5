"""Local spectra of grey pictures: how strongly they vary around each place, by scale and direction, not phase (numpy, no state)."""

import numpy as np
from jaxtyping import Float

LocalSpectra = Float[np.ndarray, "count window bin"]

_WINDOWS, _RINGS, _DIRECTIONS = 4, 4, 4
"""Windows that fit along a side, each overlapping the next by half; rings of frequency and directions that a spectrum is summed in."""


def local_spectra(light: Float[np.ndarray, "count size size"], least_deviation: float) -> LocalSpectra:
    """The power in windows under a Hann taper, by ring of frequency and by direction, in dB of the square of `light`'s unit.

    Args:
      light: grey pictures.
      least_deviation: in `light`'s unit; variations below it are not seen.
    """
    size = max(light.shape[1] // _WINDOWS, 4)
    bins = _bins(size)
    windows = np.lib.stride_tricks.sliding_window_view(light, (size, size), axis=(1, 2))[:, :: size // 2, :: size // 2]
    windows = windows.reshape(len(light), -1, size, size)
    taper = np.outer(np.hanning(size + 2)[1:-1], np.hanning(size + 2)[1:-1])
    weighted = (windows * taper).sum((-2, -1), keepdims=True) / taper.sum()
    power = np.abs(np.fft.rfft2((windows - weighted) * taper)) ** 2 / (taper**2).sum()
    sums = np.stack([power[..., bins == index].mean(-1) for index in range(bins.max() + 1) if (bins == index).any()], -1)
    return 10 * np.log10(sums + least_deviation**2)


def _bins(size: int) -> np.ndarray:
    """The number of the ring and direction that each frequency of `rfft2` belongs to; -1 for none."""
    down, across = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.rfftfreq(size) * size, indexing="ij")
    radius = np.hypot(down, across)
    ring = np.floor(np.log2(np.maximum(radius, 1)) / np.log2(size / 2) * _RINGS).astype(int)
    direction = np.floor((np.arctan2(down, across) / np.pi + 0.5 + 0.5 / _DIRECTIONS) * _DIRECTIONS).astype(int) % _DIRECTIONS
    return np.where(radius >= 1, np.minimum(ring, _RINGS - 1) * _DIRECTIONS + direction, -1)
