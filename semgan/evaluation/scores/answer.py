"""Distances of translations from the answers: the pictures that an artist would have drawn (numpy, no state).

Each takes two sets of uint8 pictures (count, size, size, 3), one beside the other, and returns a number per pair. They look at the picture
as a whole (`ssim`, `squared_error`) and at what may be wrong in it: `edge_agreement` (structure), `region_color_distance` (colour) and
`spectrum_distance` (texture).
"""

import numpy as np
from jaxtyping import Float, UInt8
from scipy import ndimage

from semgan.evaluation.scores.colors import luminance, to_lab
from semgan.evaluation.scores.spectra import local_spectra

Pictures = UInt8[np.ndarray, "count size size 3"]
PerPicture = Float[np.ndarray, " count"]

_SSIM_DEVIATION, _SSIM_RADIUS = 1.5, 5
"""Of the Gaussian window in pixels: 11x11 (Wang et al. 2004, section III.C)."""
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""SSIM's constants for bytes (the same section)."""
_EDGE_BLUR = 1 / 80
"""Deviation, in picture widths, of the blur before edges are taken: it leaves a contour and takes grain."""
_LEAST_DEVIATION = 2.55
"""A hundredth of the range of bytes: variations below it are not seen as texture."""


def ssim(a: Pictures, b: Pictures) -> PerPicture:
    """The structural similarity index, in [-1, 1], 1 for equal pictures (Wang et al. 2004, IEEE TIP 13, equation 13), mean over channels.

    Raises:
      ValueError: the pictures are smaller than a window of 11x11.
    """
    if a.shape[1] <= 2 * _SSIM_RADIUS:
        raise ValueError(f"SSIM needs pictures of at least {2 * _SSIM_RADIUS + 1} pixels, not {a.shape[1]}")
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    index = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2) / ((mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2))
    return index.mean((1, 2, 3))


def _window(x: np.ndarray) -> np.ndarray:
    """Gaussian means around the places that have a whole window."""
    for axis in (1, 2):
        x = ndimage.gaussian_filter1d(x, _SSIM_DEVIATION, axis=axis, radius=_SSIM_RADIUS)
    inside = slice(_SSIM_RADIUS, -_SSIM_RADIUS)
    return x[:, inside, inside]


def squared_error(a: Pictures, b: Pictures) -> PerPicture:
    """The mean squared difference of the bytes."""
    return np.mean((a.astype(np.float64) - b) ** 2, axis=(1, 2, 3))


def psnr(squared_error: float) -> float:
    """The peak signal-to-noise ratio in dB of a mean squared difference of bytes; infinite for 0."""
    return float("inf") if squared_error == 0 else float(10 * np.log10(255**2 / squared_error))


def edge_agreement(a: Pictures, b: Pictures) -> PerPicture:
    """The correlation, in [-1, 1], of how strong the edges of the luminance are at each place; 0 where either picture is flat."""
    x, y = (_edges(each).reshape(len(each), -1) for each in (a, b))
    x, y = (each - each.mean(1, keepdims=True) for each in (x, y))
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return np.divide((x * y).sum(1), lengths, out=np.zeros(len(x)), where=lengths > 1e-9)


def _edges(pictures: Pictures) -> Float[np.ndarray, "count size size"]:
    light = luminance(pictures)
    deviation = _EDGE_BLUR * pictures.shape[1]
    down, across = (_slope(_smooth(light, 3 - axis, deviation), axis, deviation) for axis in (1, 2))
    return np.hypot(down, across)


def _smooth(light: np.ndarray, axis: int, deviation: float) -> np.ndarray:
    return ndimage.gaussian_filter1d(light, deviation, axis=axis)


def _slope(light: np.ndarray, axis: int, deviation: float) -> np.ndarray:
    return ndimage.gaussian_filter1d(light, deviation, axis=axis, order=1)


def region_color_distance(a: Pictures, b: Pictures, regions: UInt8[np.ndarray, "count size size"]) -> PerPicture:
    """The distance of the mean colours of each region, mean over the regions: CIE 1976 delta E, in units of L* (0 to 100).

    Args:
      regions: class ids of the places; a region is all the places of a class in a picture.
    """
    differences = to_lab(a) - to_lab(b)
    return np.array([_mean_over_regions(*each) for each in zip(differences, regions, strict=True)])


def _mean_over_regions(difference: np.ndarray, regions: np.ndarray) -> float:
    flat, ids = difference.reshape(-1, 3), regions.ravel()
    counts = np.bincount(ids)
    sums = np.stack([np.bincount(ids, channel) for channel in flat.T], -1)
    present = counts > 0
    return float(np.linalg.norm(sums[present] / counts[present, None], axis=-1).mean())


def spectrum_distance(a: Pictures, b: Pictures) -> PerPicture:
    """The distance of local spectra of the luminance, in dB: how strongly it varies around each place, by scale and direction.

    Phases do not count: strokes may lie elsewhere, but not be wider, denser or of another direction.
    """
    x, y = (local_spectra(luminance(each), _LEAST_DEVIATION) for each in (a, b))
    return np.abs(x - y).mean((1, 2))
