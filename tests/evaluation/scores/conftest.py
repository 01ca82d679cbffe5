"""Features by seed, the same on every machine, and a judge that was never trained: its features tell pictures apart all the same."""

import jax
import numpy as np
import pytest
from PIL import Image

from semgan.evaluation.judge import Judge
from semgan.evaluation.scores.extractor import JudgeExtractor
from semgan.networks.judge import Heads, JudgeNetwork

SIZE = 16


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


@pytest.fixture(scope="session")
def judge_extractor():
    heads = Heads(channels=4, domains=2)
    params = jax.jit(JudgeNetwork(heads).init)(jax.random.key(0), np.zeros((1, SIZE, SIZE, 3), np.float32))["params"]
    return JudgeExtractor(Judge(jax.device_get(params), heads, "untrained", {}), SIZE)


@pytest.fixture(scope="session")
def write_pictures():
    """Writes uint8 images as PNG, `names` or 000.png, 001.png, ..., and returns the folder."""

    def write(folder, images, names=None):
        for place, image in enumerate(images):
            path = folder / (names[place] if names else f"{place:03}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
        return folder

    return write
