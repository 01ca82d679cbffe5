"""Writes CelebA as a dataset that tfds reads, array_record, without TensorFlow.

Name, version and features are those of tfds' own `celeb_a`, so that `tfds.data_source("celeb_a", data_dir=...)` finds it.
The records are written shard by shard in the files' order: tfds' shuffling of a split over 1 GB needs TensorFlow.
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from semgan.data.celeb_a import (
    ATTRIBUTE_NAMES,
    LANDMARK_NAMES,
    SPLITS,
    OfficialAnnotations,
    open_pictures,
    read_annotations,
)
from semgan.data.celeb_a_files import Pictures
from semgan.progress import Progress

with contextlib.redirect_stdout(io.StringIO()):  # a banner about TensorFlow
    import tensorflow_datasets as tfds

_SHARD_ROWS = 16_384  # about 110 MB


class CelebA(tfds.core.ShardBasedBuilder, skip_registration=True):
    """CelebA, aligned and cropped; `download_and_prepare` takes the official files from `manual_dir`."""

    name = "celeb_a"
    VERSION = tfds.core.Version("2.1.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Put img_align_celeba.zip and the list_*.txt files of CelebA into one folder."

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="CelebA: faces with 40 attributes and 5 landmarks, aligned and cropped.",
            homepage="http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(218, 178, 3), encoding_format="jpeg"),
                    "landmarks": dict.fromkeys(LANDMARK_NAMES, np.int64),
                    "attributes": dict.fromkeys(ATTRIBUTE_NAMES, np.bool_),
                    "identity": {"Identity_No": np.int64},
                }
            ),
        )

    def _shard_iterators_per_split(self, dl_manager: Any) -> dict[str, list[Callable[[], Iterator[tuple[str, dict]]]]]:
        folder = Path(dl_manager.manual_dir)
        annotations = read_annotations(folder)
        pictures = open_pictures(folder)
        shards = {}
        for split, number in SPLITS.items():
            rows = np.flatnonzero(annotations.partition == number)
            parts = np.array_split(rows, max(1, -(-len(rows) // _SHARD_ROWS)))
            shards[split] = [_CelebAShard(pictures, annotations, part, split) for part in parts if len(part)]
        return {split: parts for split, parts in shards.items() if parts}


class _CelebAShard:
    """Yields the rows of one shard; the shards of a process share one open zip."""

    def __init__(self, pictures: Pictures, annotations: OfficialAnnotations, rows: np.ndarray, split: str):
        self._pictures, self._annotations, self._rows, self._split = pictures, annotations, rows, split

    def __call__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        with Progress(f"writing {self._split}", len(self._rows), lines=1) as progress:
            for row in self._rows:
                file = self._annotations.files[row]
                yield file, self._example(row, self._pictures.read(file))
                progress.advance()

    def _example(self, row: int, picture: bytes) -> dict[str, Any]:
        values = self._annotations
        assert values.landmarks is not None, "build_dataset has seen to it"
        return {
            "image": picture,
            "landmarks": dict(zip(LANDMARK_NAMES, values.landmarks[row].tolist(), strict=True)),
            "attributes": dict(zip(ATTRIBUTE_NAMES, (values.attributes[row] > 0).tolist(), strict=True)),
            "identity": {"Identity_No": int(values.identity[row])},
        }
