"""Colours of pictures as a person sees them (numpy, no state)."""

import numpy as np
from jaxtyping import Float, UInt8

_WEIGHTS = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue in the luminance (ITU-R BT.601)."""
_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
"""From linear sRGB to CIE XYZ (IEC 61966-2-1)."""
_WHITE = _TO_XYZ.sum(1)
"""D65, as sRGB's white comes out."""
_DELTA = 6 / 29


def luminance(pictures: UInt8[np.ndarray, "*count height width 3"]) -> Float[np.ndarray, "*count height width"]:
    """The luminance, from 0 to 255."""
    return pictures @ _WEIGHTS


def to_lab(pictures: UInt8[np.ndarray, "*count height width 3"]) -> Float[np.ndarray, "*count height width 3"]:
    """CIE 1976 L*a*b* of sRGB pictures: L* from 0 to 100."""
    ratios = _LINEAR[pictures] @ (_TO_XYZ / _WHITE[:, None]).T
    x, y, z = np.moveaxis(np.where(ratios > _DELTA**3, np.cbrt(ratios), ratios / (3 * _DELTA**2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def _linear(share: np.ndarray) -> np.ndarray:
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear(np.arange(256) / 255)
"""Light by byte."""
