"""Regular artefacts of upsampling: lattices and checkerboards at the periods of a network's strides (numpy, no state).

A picture that is put together from blocks of p pixels has power at the frequencies 1/p, 2/p, ... that its neighbours in the spectrum do not
have (Odena et al. 2016, "Deconvolution and checkerboard artifacts", doi 10.23915/distill.00003, shows where they come from; Zhang et al.
2019, arXiv 1907.06515, section 3, where they lie in the spectrum).
"""

import numpy as np
from jaxtyping import Float, UInt8

from semgan.evaluation.scores.colors import luminance

LogSpectra = Float[np.ndarray, "picture frequency"]
_LEAK = 1
"""The number of frequencies at either side that a Hann window spreads a sharp line over."""
_NEIGHBOURS = 3
"""The number of frequencies at either side, beyond those, that a line is compared with."""
_STRIP = 8
"""Rows, or columns, whose power is taken together: a lattice of dots has something in each strip."""
_LEAST_POWER = 0.1
"""In squared bytes per frequency, about that of the rounding to bytes: below it there is nothing to see."""


def periods_of(stride: int, size: int) -> tuple[int, ...]:
    """The powers of two from 2 to a network's stride, in pixels, as far as pictures of this size tell their frequencies apart."""
    most = min(stride, size // (2 * (_LEAK + _NEIGHBOURS)))
    return tuple(2**power for power in range(1, max(most, 1).bit_length()))


def log_spectra(pictures: UInt8[np.ndarray, "picture size size 3"]) -> LogSpectra:
    """The logarithm of the luminance's power by frequency, from 0 to 1/2 per pixel: the mean over strips of rows and strips of columns.

    So a faint lattice over a flat wall counts as much as the strong edges beside it, which hide it in a mean of the power itself.
    """
    size = pictures.shape[1]
    light = luminance(pictures)
    window = np.hanning(size + 1)[:size]  # periodic

    def logarithm(lines: np.ndarray) -> np.ndarray:
        centred = lines - (lines * window).sum(-1, keepdims=True) / window.sum()
        power = np.abs(np.fft.rfft(centred * window)) ** 2 / (window**2).sum()
        strips = [part.mean(1) for part in np.array_split(power, max(size // _STRIP, 1), axis=1)]
        return np.log(np.stack(strips, 1) + _LEAST_POWER).mean(1)

    return (logarithm(light) + logarithm(light.transpose(0, 2, 1))) / 2


def line_contrasts(spectra: LogSpectra, period: int) -> Float[np.ndarray, " picture"]:
    """The logarithm of how much more power a picture has at a period's frequencies than beside them; about 0 where there is no grid.

    Frequencies that a shorter period has too are left to that; of several the mean counts.

    Args:
      period: a power of two in pixels, see `periods_of`.
    """
    frequencies = spectra.shape[1]
    size = 2 * (frequencies - 1)
    lines = [size * multiple // period for multiple in range(1, period // 2 + 1, 2)]
    return np.mean([spectra[:, line] - spectra[:, _beside(line, frequencies)].mean(1) for line in lines], axis=0)


def _beside(line: int, frequencies: int) -> np.ndarray:
    place = np.arange(frequencies)
    distance = np.abs(place - line)
    return (distance > _LEAK) & (distance <= _LEAK + _NEIGHBOURS) & (place > 0)


def grid_ratio(fake: float | np.ndarray, real: float | np.ndarray) -> np.ndarray:
    """The power of the lines in generated pictures as a multiple of that in real ones: 1 is as real.

    What has less power than its surroundings is no line, however much less it is: it counts as 1.

    Args:
      fake, real: means of `line_contrasts` over the pictures.
    """
    return np.exp(np.maximum(fake, 0) - np.maximum(real, 0))
