"""Bright pictures and dark ones, the two domains of the tiny models."""

import numpy as np

DOMAINS = ("bright", "dark")
SIZE = 16


def noise(seed, height, width, domain="bright"):
    """uint8 noise in the upper half of the range for a bright picture, in the lower for a dark one."""
    low = 128 if domain == "bright" else 0
    return np.random.default_rng(seed).integers(low, low + 128, (height, width, 3), dtype=np.uint8)
