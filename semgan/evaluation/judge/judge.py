"""The judge: a network trained on a dataset's real pictures that predicts a picture's annotations and domain.

It predicts whatever the dataset is annotated with (mask, landmarks, attributes) and the domain. The same network judges
real and translated pictures, so its own errors cancel in the scores of `semgan/evaluation/scores/transfer.py`.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.judge import judge_training
from semgan.evaluation.judge.network_file import load_network, network_name, save_network
from semgan.evaluation.scores import agreement
from semgan.networks.judge import Heads, Judgement, JudgeNetwork
from semgan.paths import cache_dir
from semgan.types import Images

_VERSION = 1
"""Part of a judge's name: raise it when the network or its training changes, so that older judges are not taken for these."""
_KIND = "judge"
_BATCH = 50
_HELD_OUT = 2000


class Judge(NamedTuple):
    """A trained judge.

    Attributes:
      params: the network's parameters.
      heads: the network's shape.
      name: a hash of the data and settings that it was trained with, the same on every machine.
      accuracy: how right it is on held-out real pictures, JSON-able; see `measure`.
    """

    params: dict[str, Any]
    heads: Heads
    name: str
    accuracy: dict[str, Any]

    def __call__(self, images: Images) -> Judgement:
        """Raw predictions for float32 images in [-1, 1]; compiled once per shape."""
        return _apply(self.params, images, self.heads)


class Verdict(NamedTuple):
    """The judge's predictions for many pictures (numpy): domain and class ids, landmarks, {0, 1}; None where there is no such head."""

    domain: np.ndarray
    features: np.ndarray
    mask: np.ndarray | None
    landmarks: np.ndarray | None
    attributes: np.ndarray | None


@functools.partial(jax.jit, static_argnames="heads")
def _apply(params: dict[str, Any], images: Images, heads: Heads) -> Judgement:
    return JudgeNetwork(heads).apply({"params": params}, images)  # pyright: ignore[reportReturnType]


@functools.partial(jax.jit, static_argnames="heads")
def _decide(params: dict[str, Any], images: jax.Array, heads: Heads) -> Verdict:
    """Verdict on uint8 images: the mask leaves the device as one byte per pixel, not as logits."""
    judgement = _apply(params, images.astype(jnp.float32) / 127.5 - 1, heads)
    return Verdict(
        domain=judgement.domain.argmax(-1),
        features=judgement.features,
        mask=None if judgement.mask is None else judgement.mask.argmax(-1).astype(jnp.uint8),
        landmarks=judgement.landmarks,
        attributes=None if judgement.attributes is None else (judgement.attributes > 0).astype(jnp.int8),
    )


def decide(judge: Judge, images: np.ndarray) -> Verdict:
    """Verdict on any number (at least one) of uint8 images, in batches of one size so that there is one compilation."""
    verdicts = []
    for start in range(0, len(images), _BATCH):
        batch = np.asarray(images[start : start + _BATCH])
        padded = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
        verdict = jax.device_get(_decide(judge.params, padded, judge.heads))
        verdicts.append(verdict)
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(images)], *verdicts)


def measure(judge: Judge, dataset: Dataset) -> dict[str, Any]:
    """Returns how accurate the judge is on up to 2,000 real pictures of a split it was not trained on.

    Keys, as far as the data is annotated: `images`, `domain` (accuracy), `mask_iou` (mean over the classes),
    `mask_iou_by_class`, `landmark_error` (inter-ocular distances), `attributes` (balanced accuracy by name, None where the
    truth never varies).
    """
    rows = dataset.rows[:_HELD_OUT]
    verdict = decide(judge, dataset.images[rows])
    truth = {name: values[rows] for name, values in dataset.annotations.items()}
    accuracy: dict[str, Any] = {"images": len(rows), "domain": float(np.mean(verdict.domain == dataset.domain[: len(rows)]))}
    if verdict.mask is not None:
        confusion = agreement.confusion_matrix(truth["mask"], verdict.mask, judge.heads.mask_classes)
        accuracy["mask_iou"] = agreement.mean_iou(truth["mask"], verdict.mask, judge.heads.mask_classes)
        accuracy["mask_iou_by_class"] = by_name(dataset.names["mask"], agreement.class_iou(confusion))
    if verdict.landmarks is not None:
        accuracy["landmark_error"] = float(np.mean(agreement.landmark_distances(truth["landmarks"], verdict.landmarks)))
    if verdict.attributes is not None:
        balanced = agreement.balanced_agreement(truth["attributes"], verdict.attributes)
        accuracy["attributes"] = by_name(dataset.names["attributes"], balanced)
    return accuracy


def by_name(names: tuple[str, ...], values: np.ndarray) -> dict[str, float | None]:
    """Returns one number per name, None for NaN (which JSON does not have)."""
    return {name: None if np.isnan(value) else float(value) for name, value in zip(names, values, strict=True)}


def heads_for(dataset: Dataset, channels: int) -> Heads:
    """The heads that the dataset's annotations call for."""
    return Heads(
        channels=channels,
        domains=len(dataset.domains),
        mask_classes=len(dataset.names["mask"]) if "mask" in dataset.annotations else 0,
        landmarks=dataset.annotations["landmarks"].shape[1] if "landmarks" in dataset.annotations else 0,
        attributes=len(dataset.names["attributes"]) if "attributes" in dataset.annotations else 0,
    )


def train_judge(dataset: Dataset, held_out: Dataset, *, channels: int, steps: int, batch_size: int, seed: int = 0) -> Judge:
    """Trains a judge on one split and measures it on another."""
    size = dataset.images.shape[1]
    if size < 16 or size % 2:
        raise UserError(f"image_size is {size}, but a judge needs an even size of at least 16 pixels: choose such an image_size")
    if channels % 4 or channels < 4:
        raise UserError(f"judge.channels is {channels}, but has to be a multiple of 4: set --config.judge.channels to one")
    heads = heads_for(dataset, channels)
    params = judge_training.train(dataset, heads, steps=steps, batch_size=batch_size, seed=seed)
    name = judge_name(dataset, held_out, channels=channels, steps=steps, batch_size=batch_size, seed=seed)
    judge = Judge(params, heads, name, {})
    return judge._replace(accuracy=measure(judge, held_out))


def judge_name(dataset: Dataset, held_out: Dataset, **settings: int) -> str:
    """16 hexadecimal digits of a hash of the data and the settings that a judge comes from."""
    return network_name(_VERSION, dataset, held_out, **settings)


def judge_path(
    dataset: Dataset, held_out: Dataset, *, channels: int, steps: int, batch_size: int, seed: int = 0, folder: Path | None = None
) -> Path:
    """The file in `folder` (`cache_dir()/judges`) that `load_or_train` keeps the judge of these data and settings in."""
    name = judge_name(dataset, held_out, channels=channels, steps=steps, batch_size=batch_size, seed=seed)
    return (folder or cache_dir() / "judges") / f"{name}.safetensors"


def load_or_train(
    dataset: Dataset,
    held_out: Dataset,
    *,
    channels: int = 32,
    steps: int = 1500,
    batch_size: int = 64,
    seed: int = 0,
    folder: Path | None = None,
) -> Judge:
    """The judge of these data and settings, kept in `folder` (`cache_dir()/judges`); trained anew where absent or damaged."""
    settings = {"channels": channels, "steps": steps, "batch_size": batch_size, "seed": seed}
    path = judge_path(dataset, held_out, **settings, folder=folder)
    judge = load_judge(path) if path.exists() else None
    if judge is None:
        judge = train_judge(dataset, held_out, **settings)
        save_judge(path, judge)
    return judge


def save_judge(path: Path, judge: Judge) -> None:
    """Writes a judge to one file, see `network_file`."""
    about = {"heads": judge.heads._asdict(), "name": judge.name, "accuracy": judge.accuracy}
    save_network(path, _KIND, judge.params, about)


def load_judge(path: Path) -> Judge | None:
    """The judge in the file, or None where the file is not what `save_judge` wrote (cut short, bits changed)."""
    contents = load_network(path, _KIND)
    if contents is None:
        return None
    params, about = contents
    return Judge(params, Heads(**about["heads"]), about["name"], about["accuracy"])
