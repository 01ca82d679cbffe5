"""The interface of feature extractors, and the extractor that is always available: a dataset's judge."""

import functools
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from jaxtyping import Float

from semgan.data.dataset import open_dataset
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.evaluation.extractors.batches import AnyPictures, over_batches, replicate
from semgan.evaluation.judge.judge import Judge, judge_path, load_judge, load_or_train
from semgan.evaluation.judge.network_file import weights_digest
from semgan.networks.judge import Heads, JudgeNetwork
from semgan.paths import cache_dir
from semgan.types import Images

JUDGE = "judge"
"""The protocol of every judge."""
JUDGE_IMAGE_SIZE = 64
_JUDGE_DATA = {"train": 20_000, "test": 2_000}
_JUDGE_SETTINGS: dict[str, Any] = {"channels": 16, "steps": 800, "batch_size": 32}
"""Those of the small experiments, so that there is one judge in the cache."""
_DRAWING_TIME, _TRAINING_TIME = "in about 5 minutes on two free CPU cores", "in about 3 minutes on two free CPU cores"
"""Measured on 2026-11-28 on two cores of a shared AMD EPYC: 4 min 24 s, 2 min 14 s of them for the training."""
_DEVICE_BATCH_SIZE = 64


class FeatureExtractor(Protocol):
    """A map from pictures to features; `semgan.evaluation.extractors` has those with published weights.

    An extractor may also have `logits(features) -> (count, classes)`, from which the Inception score is taken.
    """

    @property
    def name(self) -> str:
        """Returns which weights these are."""
        ...

    @property
    def sha256(self) -> str:
        """Returns the SHA-256 of the weights, in hexadecimal digits."""
        ...

    @property
    def protocol(self) -> str:
        """Returns one word for the preparation of pictures and the network."""
        ...

    def features(self, images: AnyPictures) -> Float[np.ndarray, "count feature"]:
        """Computes one feature vector per picture; those of an array have the same size, which may be any, those of a list any sizes."""
        ...

    def identity(self) -> dict[str, str]:
        """Keys `extractor`, `network`, `sha256`, `protocol` and `resize`: everything that must agree before figures can be compared."""
        ...


class JudgeExtractor(NamedTuple):
    """A judge's features of pictures cropped and resized to what it was trained on.

    They are channel statistics of every depth, scaled from unit length to a mean square of 1: the kernel distance takes x.y / d, which
    would be next to nothing else, and its kernel next to linear.
    """

    judge: Judge
    image_size: int = JUDGE_IMAGE_SIZE

    @property
    def name(self) -> str:
        """Returns the name of the judge: a hash of the data and settings that it was trained with."""
        return f"judge {self.judge.name}"

    @property
    def sha256(self) -> str:
        """Returns the SHA-256 of the weights: two machines train the same judge to slightly different numbers."""
        return weights_digest(self.judge.params)

    @property
    def protocol(self) -> str:
        """Returns `JUDGE`."""
        return JUDGE

    def features(self, images: AnyPictures) -> Float[np.ndarray, "count feature"]:
        """Computes the features of `judge.decide`, times the square root of their number, in batches over all devices."""
        prepare = functools.partial(_fit_all, size=self.image_size)
        function = functools.partial(_features, heads=self.judge.heads)
        return over_batches(function, replicate(self.judge.params), (images,), device_batch_size=_DEVICE_BATCH_SIZE, prepare=prepare)

    def identity(self) -> dict[str, str]:
        """Implements `FeatureExtractor.identity`."""
        return {
            "extractor": self.name,
            "network": f"judge of {self.judge.heads.channels} channels",
            "sha256": self.sha256,
            "protocol": JUDGE,
            "resize": f"centred square, Lanczos to {self.image_size}",
        }


def default_extractor() -> JudgeExtractor:
    """The judge of `drawn_faces` at 64 pixels; its data are drawn and it is trained, with progress, at first use, which is announced."""
    announced = False
    if not any((cache_dir() / "data").glob(f"drawn_faces-train-{JUDGE_IMAGE_SIZE}-*/manifest.json")):
        announced = _announce_training(f"{sum(_JUDGE_DATA.values()):,} faces are drawn and ", _DRAWING_TIME)
    train, test = (
        open_dataset("drawn_faces", split=split, image_size=JUDGE_IMAGE_SIZE, count=count) for split, count in _JUDGE_DATA.items()
    )
    path = judge_path(train, test, **_JUDGE_SETTINGS)
    if not path.exists() and not announced:
        announced = _announce_training("", _TRAINING_TIME)
    extractor = JudgeExtractor(load_or_train(train, test, **_JUDGE_SETTINGS))
    if announced:
        print(f"the judge is kept in {path}: later scores use it, here or elsewhere with --judge", file=sys.stderr, flush=True)
    return extractor


def _announce_training(before: str, time: str) -> bool:
    print(
        f"no judge is there yet and no Inception is given: first {before}a judge is trained on drawn faces, once, "
        f"{time}; --judge FILE takes another",
        file=sys.stderr,
        flush=True,
    )
    return True


def extractor_from_judge_file(path: str | Path, image_size: int = JUDGE_IMAGE_SIZE) -> JudgeExtractor:
    """The judge in a file that `judge.save_judge` wrote, such as those in the cache's folder `judges`.

    Args:
      image_size: the size of the pictures that it was trained on, which the file does not say.

    Raises:
      UserError: no such file, no judge or a damaged one, or one of another size.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; give a judge's .safetensors file, or none for the judge of drawn_faces")
    judge = load_judge(path)
    if judge is None:
        raise UserError(f"{path} is not a judge's file, or is damaged: give another, or none for the judge of drawn_faces")
    depth = sum(name.startswith("_Block_") for name in judge.params) // 2
    if image_size < 16 or image_size % 2 or depth != _levels(image_size):
        raise UserError(f"{path} holds a judge of {depth} levels, which pictures of {image_size} pixels do not have: give the judge's size")
    return JudgeExtractor(judge, image_size)


def _levels(image_size: int) -> int:
    """Returns how many levels `JudgeNetwork`'s trunk has."""
    side, levels = image_size // 2, 1
    while side > 4 and side % 2 == 0:
        side, levels = side // 2, levels + 1
    return levels


def _fit_all(images: AnyPictures, size: int) -> np.ndarray:
    if isinstance(images, np.ndarray) and images.shape[1:3] == (size, size):
        return images
    return np.stack([fit(image, size) for image in images])


@functools.partial(jax.jit, static_argnames="heads")
def _features(params: dict[str, Any], images: jax.Array, heads: Heads) -> jax.Array:
    floats: Images = images.astype("float32") / 127.5 - 1
    judgement: Any = JudgeNetwork(heads).apply({"params": params}, floats)
    return judgement.features * judgement.features.shape[-1] ** 0.5
