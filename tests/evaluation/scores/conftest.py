"""Features by seed, the same on every machine."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def feature_sets():
    """(real, fake) float64 by name: more vectors than features; as many of both; fewer vectors than features in both or in one."""
    sets = {}
    draw = np.random.RandomState(7)
    mix = draw.standard_normal((64, 64)) / 8
    real = draw.standard_normal((2000, 64)) @ mix + 0.5
    sets["many"] = (real, 1.1 * draw.standard_normal((1500, 64)) @ mix + 0.45 + 0.2 * draw.standard_normal(64))
    sets["equal"] = (draw.standard_normal((500, 64)) ** 2, np.abs(draw.standard_normal((500, 64))) + 0.1)
    draw = np.random.RandomState(8)
    sets["deficient"] = (draw.standard_normal((100, 256)) + 0.3, 1.2 * draw.standard_normal((100, 256)))
    draw = np.random.RandomState(9)
    sets["mixed"] = (np.abs(draw.standard_normal((1200, 256))), np.abs(draw.standard_normal((90, 256))) * 1.1)
    return sets


@pytest.fixture(scope="session")
def class_scores():
    return 3 * np.random.RandomState(10).standard_normal((1003, 50))
