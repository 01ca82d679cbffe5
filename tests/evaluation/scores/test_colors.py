"""Colours as a person sees them, beside published values."""

import numpy as np
import pytest

from semgan.evaluation.scores.colors import luminance, to_lab


def test_lab_of_the_primaries_is_the_published_one():
    """CIE L*a*b* of sRGB's primaries under D65 (Lindbloom's tables)."""
    colours = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]], np.uint8)
    expected = [[100, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [0, 0, 0]]
    np.testing.assert_allclose(to_lab(colours), expected, atol=0.02)


def test_luminance_weighs_the_channels():
    assert luminance(np.array([100, 200, 50], np.uint8)) == pytest.approx(29.9 + 117.4 + 5.7)
