"""Pictures as PNG files in memory."""

import io

import numpy as np
from PIL import Image

_LEAST_SHOWN = 96
"""Pixels: smaller pictures are shown enlarged to it, larger ones at their own size."""


def png(image: np.ndarray) -> bytes:
    """The PNG file of a uint8 picture (height, width, 3), at its own size."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    return file.getvalue()


def shown_width(image: np.ndarray) -> int:
    """The width in pixels at which a page shows it."""
    return max(image.shape[1], _LEAST_SHOWN)
