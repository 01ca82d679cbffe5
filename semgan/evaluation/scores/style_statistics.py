"""Statistics of how pictures look that do not know what they show (numpy, no state).

A picture is two clouds of points: the colours of its cells, and the local spectra of its windows. Where in the picture a point lies does
not X

Spectra are taken of the luminance with each picture's mean and contrast removed: a change of colours alone leaves most of them as they are.
"""

import itertools
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, UInt8

from semgan.evaluation.scores.colors import luminance, to_lab
from semgan.evaluation.scores.spectra import local_spectra

Statistics = Float[np.ndarray, "count statistic"]

_CELLS = 16
"""Cells along a side whose mean colours are compared: strokes, dots and grain belong to the texture."""
_COLOR_QUANTILES, _TEXTURE_QUANTILES = 16, 8
_FINEST = 128
"""Pixels: larger pictures are made smaller by a whole factor, until no side is twice as long, before their spectra are taken."""
_LEAST_CONTRAST = 2.55
"""A hundredth of the range of bytes: a picture that varies less is not enlarged to full contrast."""
_LEAST_DEVIATION = 0.2
"""In a picture's own contrast (its luminance's standard deviation): weaker variations of a window are not seen as texture."""
_BATCH = 100


def color_statistics(pictures: UInt8[np.ndarray, "count size size 3"]) -> Statistics:
    """Describes the distribution of the colours of cells in CIE L*a*b*: distances are in units of L* (0 to 100)."""
    directions = _color_directions()
    return _in_batches(lambda batch: _quantiles(_cells(to_lab(batch)), directions, _COLOR_QUANTILES), pictures)


def texture_statistics(pictures: UInt8[np.ndarray, "count size size 3"]) -> Statistics:
    """Describes the distribution of local spectra of the luminance at unit contrast: distances are in dB."""

    def describe(batch: np.ndarray) -> Statistics:
        spectra = local_spectra(_to_unit_contrast(_reduced(luminance(batch))), _LEAST_DEVIATION)
        return _quantiles(spectra, np.eye(spectra.shape[-1]), _TEXTURE_QUANTILES)

    return _in_batches(describe, pictures)


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
    factor = -(-light.shape[1] // _FINEST)
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
