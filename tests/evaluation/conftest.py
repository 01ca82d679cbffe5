"""A dataset of coloured squares: the colour is the domain, the square's place and size the content; and judges of them, or untrained."""

from collections.abc import Callable

import jax
import numpy as np
import pytest
from PIL import Image

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors.feature_extractor import JudgeExtractor
from semgan.evaluation.judge.judge import Judge, train_judge
from semgan.evaluation.matcher.matcher import Matcher, train_matcher
from semgan.networks.judge import Heads, JudgeNetwork

SIZE = 16
COLOURS = np.array([[230, 60, 60], [60, 220, 60], [70, 70, 240]])
NAMES = ("red", "green", "blue")


def draw_squares(count: int, seed: int, split: str = "train", cached: int = 4) -> Dataset:
    """`count` squares, plus `cached` rows in the cache that the split does not use, so that rows and places differ."""
    generator = np.random.default_rng(seed)
    total = count + cached
    size = generator.integers(5, 9, total)
    left, top = (generator.integers(1, SIZE - size - 1) for _ in range(2))
    x, y = np.arange(SIZE)[None, None, :], np.arange(SIZE)[None, :, None]
    inside = (x >= left[:, None, None]) & (x < (left + size)[:, None, None]) & (y >= top[:, None, None]) & (y < (top + size)[:, None, None])
    cache_domain = generator.integers(0, 3, total)
    ground = generator.integers(0, 30, (total, SIZE, SIZE, 3))
    images = np.where(inside[..., None], COLOURS[cache_domain][:, None, None], ground).astype(np.uint8)
    fractions = np.array([[0.2, 0.3], [0.8, 0.3], [0.5, 0.5], [0.3, 0.8], [0.7, 0.8]])
    corner = np.stack([left, top], -1)[:, None]
    landmarks = ((corner + fractions * size[:, None, None]) / SIZE).astype(np.float32)
    rows = np.arange(cached, total, dtype=np.int64)
    return Dataset(
        name="squares",
        split=split,
        images=images,
        rows=rows,
        domain=cache_domain[rows].astype(np.int32),
        domains=NAMES,
        annotations={
            "mask": inside.astype(np.uint8),
            "landmarks": landmarks,
            "attributes": np.stack([size > 6, cache_domain == 0], -1).astype(np.int8),
        },
        names={"mask": ("ground", "square"), "attributes": ("large", "red")},
        fingerprint=f"squares-{split}-{seed}-{total}",
    )


def recolour(batch: dict[str, np.ndarray]) -> np.ndarray:
    """The perfect translation: the content's square in the target's colour."""
    inside = batch["image"].max(-1, keepdims=True) > 100
    return np.where(inside, COLOURS[batch["target_domain"]][:, None, None], batch["image"]).astype(np.uint8)


@pytest.fixture(scope="session")
def squares() -> Callable[..., Dataset]:
    return draw_squares


@pytest.fixture(scope="session")
def oracle() -> Callable[[dict[str, np.ndarray]], np.ndarray]:
    return recolour


@pytest.fixture(scope="session")
def train_squares() -> Dataset:
    return draw_squares(400, seed=1)


@pytest.fixture(scope="session")
def test_squares() -> Dataset:
    return draw_squares(120, seed=2, split="test")


@pytest.fixture(scope="session")
def judge(train_squares, test_squares) -> Judge:
    return train_judge(train_squares, test_squares, channels=8, steps=200, batch_size=32)


@pytest.fixture(scope="session")
def matcher(train_squares, test_squares) -> Matcher:
    held_out = test_squares._replace(rows=test_squares.rows[:40], domain=test_squares.domain[:40])
    return train_matcher(train_squares, held_out, channels=4, features=8, steps=24, batch_size=6, pictures=100)


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
