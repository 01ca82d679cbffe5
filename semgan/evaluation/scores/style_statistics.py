"""Statistics of how pictures look that do not know what they show (numpy, no state).

- Colours: a picture is a cloud of its cells' colours.
- Spectra: a cloud of its windows' local spectra, which say how strongly each place varies, by scale and direction.
- Patterns: how the bands of scale and direction go together over the picture. A line is strong in many scales at the same place, grain in
  one; hatching in one direction, tiles in two (Portilla and Simoncelli 2000, doi 10.1023/A:1026553619983, correlations of magnitudes).

Where in the picture something lies does not count. A cloud is described by its quantiles along fixed directions, so that the mean absolute
difference of two descriptions is the sliced Wasserstein distance of the clouds, of order 1 (Bonneel et al. 2015, section 3,
doi 10.1007/s10851-014-0506-3). Spectra and patterns are of the luminance with each picture's mean and contrast removed: a change of colours
alone leaves most of them as they are.
"""

import functools
import itertools
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, UInt8
from scipy import fft

from semgan.evaluation.scores.colors import luminance, to_lab
from semgan.evaluation.scores.spectra import local_spectra

Statistics = Float[np.ndarray, "count statistic"]

_CELLS = 16
"""Cells along a side whose mean colours are compared: strokes, dots and grain belong to the texture."""
_COLOR_QUANTILES, _TEXTURE_QUANTILES = 16, 8
_FINEST = 64
"""Pixels: before spectra and patterns are taken, pictures of twice this or more are made smaller by a whole factor, though not below it."""
_LEAST_CONTRAST = 2.55
"""A hundredth of the range of bytes: a picture that varies less is not enlarged to full contrast."""
_LEAST_DEVIATION = 0.2
"""In a picture's own contrast (its luminance's standard deviation): weaker variations of a window are not seen as texture."""
_OCTAVES, _ORIENTATIONS = 4, 4
_NEGLIGIBLE = 1e-6
"""Of a filter, whose largest values are about 2."""
_HIGHEST = 0.375
"""Cycles per pixel at the middle of the highest octave."""
_BANDWIDTH = 0.45
"""Octaves: the deviation of a band's Gaussian over the logarithm of frequency; bands of neighbouring octaves overlap at about half."""
_LEAST_STRENGTH = 0.02
"""In a picture's own contrast: what is added to a band's deviation, in squares, so that an empty band goes with no other."""
_BATCH = 20
"""Pictures at a time: their bands fit into a cache."""


def color_statistics(pictures: UInt8[np.ndarray, "count size size 3"]) -> Statistics:
    """Describes the distribution of the colours of cells in CIE L*a*b*: distances are in units of L* (0 to 100)."""
    directions = _color_directions()
    return _in_batches(lambda batch: _quantiles(_cells(to_lab(batch)), directions, _COLOR_QUANTILES), pictures)


def spectrum_statistics(pictures: UInt8[np.ndarray, "count size size 3"]) -> Statistics:
    """Describes the distribution of local spectra of the luminance at unit contrast: distances are in dB."""

    def describe(batch: np.ndarray) -> Statistics:
        spectra = local_spectra(_to_unit_contrast(_reduced(luminance(batch))), _LEAST_DEVIATION)
        return _quantiles(spectra, np.eye(spectra.shape[-1]), _TEXTURE_QUANTILES)

    return _in_batches(describe, pictures)


def pattern_statistics(pictures: UInt8[np.ndarray, "count size size 3"]) -> Statistics:
    """Describes which bands of the luminance are strong at the same places: correlations of their magnitudes, in [-1, 1]."""

    def describe(batch: np.ndarray) -> Statistics:
        magnitudes = _band_magnitudes(_to_unit_contrast(_reduced(luminance(batch))))
        centred = magnitudes - magnitudes.mean(-1, keepdims=True)
        lengths = np.sqrt((centred**2).mean(-1, keepdims=True) + _LEAST_STRENGTH**2)
        unit = centred / lengths
        correlations = np.einsum("nbp,ncp->nbc", unit, unit) / unit.shape[-1]  # a matrix product waits for BLAS's threads
        return correlations[:, *np.triu_indices(correlations.shape[1], 1)].astype(np.float64)

    return _in_batches(describe, pictures)


def _band_magnitudes(light: Float[np.ndarray, "count size size"]) -> Float[np.ndarray, "count band place"]:
    """The magnitudes of complex band-passed pictures: by octave and orientation, whatever the phase."""
    spectrum = fft.fft2(light.astype(np.float32))
    filters = _filters(light.shape[1])
    return np.stack([np.abs(np.asarray(fft.ifft2(spectrum * each))) for each in filters], 1).reshape(len(light), len(filters), -1)


@functools.cache
def _filters(size: int) -> Float[np.ndarray, "band size size"]:
    """One-sided filters in frequency: a Gaussian over the logarithm of the radius times the cube of the angle's cosine."""
    down, across = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    octaves = np.log2(np.maximum(np.hypot(down, across), 1e-9) / _HIGHEST)
    angle = np.arctan2(down, across)
    radial = [np.exp(-((octaves + octave) ** 2) / (2 * _BANDWIDTH**2)) for octave in range(_OCTAVES)]
    angular = [np.maximum(np.cos(angle - turn * np.pi / _ORIENTATIONS), 0) ** 3 for turn in range(_ORIENTATIONS)]
    filters = np.stack([2 * r * a for r in radial for a in angular])
    return np.where(filters < _NEGLIGIBLE, 0, filters).astype(np.float32)  # denormal numbers are slow


def _in_batches(describe: Callable[[np.ndarray], Statistics], pictures: np.ndarray) -> Statistics:
    return np.concatenate([describe(pictures[start : start + _BATCH]) for start in range(0, len(pictures), _BATCH)])


def _color_directions() -> Float[np.ndarray, "direction 3"]:
    """The axes and the diagonals of a cube's faces and of the cube itself, of unit length, one of each two that are opposite."""
    directions = np.array([each for each in itertools.product((-1, 0, 1), repeat=3) if each > (0, 0, 0)], np.float64)
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _cells(values: Float[np.ndarray, "count size size 3"]) -> Float[np.ndarray, "count cell 3"]:
    size = values.shape[1]
    starts = np.arange(min(_CELLS, size)) * size // min(_CELLS, size)
    for axis in (1, 2):
        lengths = np.diff([*starts, size]).reshape([-1 if each == axis else 1 for each in range(4)])
        values = np.add.reduceat(values, starts, axis=axis) / lengths
    return values.reshape(len(values), -1, 3)


def _reduced(light: Float[np.ndarray, "count size size"]) -> Float[np.ndarray, "count small small"]:
    factor = max(light.shape[1] // _FINEST, 1)
    size = light.shape[1] // factor
    return light[:, : size * factor, : size * factor].reshape(-1, size, factor, size, factor).mean((2, 4))


def _to_unit_contrast(light: Float[np.ndarray, "count size size"]) -> Float[np.ndarray, "count size size"]:
    centred = light - light.mean((1, 2), keepdims=True)
    return centred / np.maximum(light.std((1, 2), keepdims=True), _LEAST_CONTRAST)


def _quantiles(points: Float[np.ndarray, "count point dim"], directions: Float[np.ndarray, "direction dim"], quantiles: int) -> Statistics:
    """Quantiles at the middles of equal shares, along each direction."""
    along = np.sort(points @ directions.T, axis=1)
    places = np.clip((np.arange(quantiles) + 0.5) / quantiles * along.shape[1] - 0.5, 0, along.shape[1] - 1)
    below = np.floor(places).astype(int)
    above, share = np.minimum(below + 1, along.shape[1] - 1), (places - below)[:, None]
    values = (1 - share) * along[:, below] + share * along[:, above]
    return values.reshape(len(points), -1)
