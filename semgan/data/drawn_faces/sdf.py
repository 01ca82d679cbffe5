"""Signed distances to plain shapes: negative inside, exact to first order at the edge. Grids are float32."""

import numpy as np

Grid = np.ndarray
"""float32 (rows, columns): one value per sub-pixel."""


def ellipse(x: Grid, y: Grid, width: float, height: float) -> Grid:
    """Distance to an ellipse at the origin, exact to first order at its edge."""
    p, q = x / width, y / height
    norm = np.sqrt(p * p + q * q) + 1e-6
    slope = np.sqrt((p / width) ** 2 + (q / height) ** 2) + 1e-6
    return norm * (norm - 1) / slope


def superellipse(x: Grid, y: Grid, width: float, height: float, power: float) -> Grid:
    """Distance to an ellipse-like shape as in `ellipse`, with any power: more than 2 is squarer."""
    p, q = np.abs(x) / width + 1e-4, np.abs(y) / height + 1e-4
    p1, q1 = p ** (power - 1), q ** (power - 1)
    total = p1 * p + q1 * q
    norm = total ** (1 / power)
    slope = np.sqrt((p1 / width) ** 2 + (q1 / height) ** 2) * norm / total
    return (norm - 1) / slope


def box(x: Grid, y: Grid, width: float, height: float, corner: float) -> Grid:
    """Distance to a box of these half sides with rounded corners."""
    p, q = np.abs(x) - (width - corner), np.abs(y) - (height - corner)
    outside = np.sqrt(np.maximum(p, 0) ** 2 + np.maximum(q, 0) ** 2)
    return outside + np.minimum(np.maximum(p, q), 0) - corner


def smooth_union(a: Grid, b: Grid, radius: float) -> Grid:
    """Union with a fillet."""
    h = np.maximum(radius - np.abs(a - b), 0)
    return np.minimum(a, b) - h * h / (4 * radius)
