"""Layers in NumPy and float64, as tests expect them."""

import numpy as np


def convolved(x, kernel, bias=0.0):
    """A convolution of stride 1 with zeros around, in float64: (b, h, w, in) by (3, 3, in, out)."""
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1:3]
    shifted = [(padded[:, i : i + height, j : j + width], kernel[i, j]) for i in range(3) for j in range(3)]
    return sum(np.einsum("bhwi,io->bhwo", part, np.asarray(weights, np.float64)) for part, weights in shifted) + np.asarray(bias)
