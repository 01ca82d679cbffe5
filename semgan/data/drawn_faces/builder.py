"""Writes drawn faces as a dataset that tfds reads, array_record, without TensorFlow.

Features are CelebA's (image, five landmarks, attributes; landmarks as fractions of the picture, since these pictures have any
size) and what only a drawing knows: mask, medium and every factor. Importing this imports tfds: do it where it is needed.
"""

import contextlib
import dataclasses
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from absl import logging

from semgan.data.drawn_faces.encode import LANDMARK_NAMES, Chunk, encode_chunk
from semgan.data.drawn_faces.factors import ATTRIBUTE_NAMES, MEDIA, SPLITS, ContentFactors, StyleFactors
from semgan.data.drawn_faces.prepared_folder import NAME, VERSION, config_name
from semgan.data.workers import run_in_workers
from semgan.errors import UserError
from semgan.progress import Progress

with contextlib.redirect_stdout(io.StringIO()):  # a banner about TensorFlow
    import tensorflow_datasets as tfds

    _Builder, _Config = tfds.core.ShardBasedBuilder, tfds.core.BuilderConfig

_SHARD_ROWS = 8192
_CHUNK_ROWS = 50  # drawn by a worker at a time


@dataclasses.dataclass(eq=False, kw_only=True)
class DrawnFacesConfig(_Config):
    """Side of the pictures in pixels, and how many of each split; 0: the split is left out."""

    name: str = ""  # made from the others
    image_size: int = 64
    train_count: int = 20_000
    test_count: int = 2_000

    def __post_init__(self):
        self.name = config_name(self.image_size, self.train_count, self.test_count)

    @property
    def counts(self) -> dict[str, int]:
        """Examples by split, of the splits that there are."""
        counts = dict(zip(SPLITS, (self.train_count, self.test_count), strict=True))
        return {split: count for split, count in counts.items() if count}


class DrawnFaces(_Builder, skip_registration=True):
    """Faces drawn by processes on all cores; example i of a split is the same whatever the counts."""

    name = NAME
    VERSION = tfds.core.Version(VERSION)
    BUILDER_CONFIGS = [DrawnFacesConfig()]  # noqa: RUF012 (tfds' own way)

    @property
    def _face_config(self) -> DrawnFacesConfig:
        return cast(DrawnFacesConfig, self.builder_config)

    def _info(self) -> tfds.core.DatasetInfo:
        side = self._face_config.image_size
        features = tfds.features
        return tfds.core.DatasetInfo(
            builder=self,
            description="Drawn faces: content and style (medium, palette, stroke, light) are independent and known exactly.",
            features=features.FeaturesDict(
                {
                    "image": features.Image(shape=(side, side, 3), encoding_format="png"),
                    "mask": features.Image(shape=(side, side, 1), encoding_format="png"),
                    "landmarks": dict.fromkeys(LANDMARK_NAMES, np.float32),
                    "attributes": dict.fromkeys(ATTRIBUTE_NAMES, np.bool_),
                    "medium": features.ClassLabel(names=MEDIA),
                    "content": features.Tensor(shape=(len(ContentFactors._fields),), dtype=np.float32),
                    "style": features.Tensor(shape=(len(StyleFactors._fields),), dtype=np.float32),
                }
            ),
            metadata=tfds.core.MetadataDict(content=list(ContentFactors._fields), style=list(StyleFactors._fields)),
        )

    def _shard_iterators_per_split(self, dl_manager: Any) -> dict[str, list[Any]]:
        shards = {}
        for split, count in self._face_config.counts.items():
            examples = _draw_all(split, self._face_config.image_size, count)  # tfds takes the shards one after another
            rows = [min(_SHARD_ROWS, count - start) for start in range(0, count, _SHARD_ROWS)]
            shards[split] = [_FacesShard(examples, length) for length in rows]
        return shards


class _FacesShard:
    """The next examples of a split."""

    def __init__(self, examples: Iterator[tuple[int, dict[str, Any]]], length: int):
        self._examples, self._length = examples, length

    def __call__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return itertools.islice(self._examples, self._length)


def prepare(data_dir: Path, image_size: int, train_count: int, test_count: int) -> Path:
    """Draws a dataset unless it is there already; returns its folder.

    Raises:
      UserError: the folder cannot be written.
    """
    config = DrawnFacesConfig(image_size=image_size, train_count=train_count, test_count=test_count)
    folder = data_dir / NAME / config.name / VERSION
    try:
        with _quiet():
            make_builder(data_dir, config).download_and_prepare()
    except OSError as error:
        if not (folder / "dataset_info.json").is_file():  # else another process, drawing the same, was done first
            raise UserError(f"{data_dir}: cannot be written ({error.strerror or error}); make room, or give another folder") from error
    return folder


def make_builder(data_dir: Path, config: DrawnFacesConfig) -> DrawnFaces:
    """The builder of any configuration; from its own list tfds accepts only the listed object itself."""
    configuration = DrawnFaces.builder_configs.get(config.name, config)
    return DrawnFaces(data_dir=data_dir, config=configuration, file_format="array_record")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences tfds' announcements on stdout, its bars, and its warning that a configuration is not one of its own."""
    tfds.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)


def _draw_all(split: str, image_size: int, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """`(index, example)` in order, drawn ahead by worker processes."""
    chunks = [Chunk(split, image_size, start, min(start + _CHUNK_ROWS, count)) for start in range(0, count, _CHUNK_ROWS)]
    waiting: dict[Chunk, list[dict[str, Any]]] = {}
    due = 0
    with Progress(f"drawing faces ({split}, {image_size} px)", count) as progress:
        for chunk, examples in run_in_workers(encode_chunk, chunks):
            waiting[chunk] = examples
            progress.advance(len(examples))
            while due < len(chunks) and chunks[due] in waiting:
                yield from zip(range(chunks[due].start, chunks[due].stop), waiting.pop(chunks[due]), strict=True)
                due += 1
