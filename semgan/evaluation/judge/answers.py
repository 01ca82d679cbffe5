"""The answers to held-out pairs, drawn once and kept on disk."""

import hashlib
import io
import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from semgan.data.answers import Answer
from semgan.data.cache import hash_json
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.files import write_whole
from semgan.paths import cache_dir
from semgan.progress import track

REDRAWN = 2
"""How often each answer is drawn with another texture."""
_VERSION = 1
"""Raise it when answers are drawn otherwise than before."""


class Answers(NamedTuple):
    """The pictures that the translations of the pairs should be.

    Attributes:
      images: with the references' own textures.
      redrawn: with other textures.
    """

    images: UInt8[np.ndarray, "pair size size 3"]
    redrawn: UInt8[np.ndarray, "texture pair size size 3"]


def draw_answers(judged_pairs: JudgedPairs, folder: Path | None = None) -> Answers | None:
    """The answers to the pairs from `folder` (`cache_dir()/answers`), or else drawn and kept there; None for data that do not know them."""
    dataset, pairs = judged_pairs.dataset, judged_pairs.pairs
    if dataset.answer is None:
        return None
    rows = np.stack([dataset.rows[pairs.content], dataset.rows[pairs.reference]], -1)
    size = dataset.images.shape[1]
    key = hash_json([_VERSION, dataset.fingerprint, hashlib.sha256(rows.tobytes()).hexdigest(), size, REDRAWN])
    path = (folder or cache_dir() / "answers") / f"{key[:16]}.npz"
    answers = _read(path) if path.exists() else None
    if answers is None or answers.images.shape != (len(rows), size, size, 3):
        answers = _draw(dataset.answer, rows, size)
        _keep(path, answers)
    return answers


def _draw(answer: Answer, rows: np.ndarray, size: int) -> Answers:
    pictures = []
    for content, reference in track(rows.tolist(), "drawing the answers", len(rows)):
        textures = (None, *(REDRAWN * content + number for number in range(REDRAWN)))
        pictures.append([answer(content, reference, size, texture) for texture in textures])
    images = np.array(pictures).swapaxes(0, 1)
    return Answers(images[0], images[1:])


def _keep(path: Path, answers: Answers) -> None:
    encoded = io.BytesIO()
    np.savez(encoded, **answers._asdict())
    try:
        write_whole(path, encoded.getvalue())
    except OSError as error:
        warnings.warn(f"{path} cannot be written ({error.strerror}): the answers will be drawn anew", stacklevel=3)


def _read(path: Path) -> Answers | None:
    """Returns what the file holds; None, with a warning, where it is damaged: a zip file has a checksum of every part."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return Answers(**{name: file[name] for name in Answers._fields})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        warnings.warn(f"{path} is damaged ({error}): the answers are drawn anew", stacklevel=3)
        return None
