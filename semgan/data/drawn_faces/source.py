"""Drawn faces for the cache: the prepared dataset's records, decoded. Prepared at first use; tfds is imported only then."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from semgan.data.cache import Source, hash_json
from semgan.data.decode import DecodeError
from semgan.data.domains import DOMAIN, PAIR
from semgan.data.drawn_faces.answers import FaceAnswer
from semgan.data.drawn_faces.encode import LANDMARK_NAMES
from semgan.data.drawn_faces.factors import ATTRIBUTE_NAMES, MEDIA, SPLITS, draw_factors
from semgan.data.drawn_faces.parts import MASK_CLASSES
from semgan.data.drawn_faces.prepared_folder import NAME, VERSION, find_prepared
from semgan.data.drawn_faces.render import render_face
from semgan.data.records import open_records, parse_example
from semgan.errors import UserError

COUNTS = {"train": 20_000, "test": 2_000}  # where no other number is asked for
_NAMES = {DOMAIN: MEDIA, "attributes": ATTRIBUTE_NAMES, "mask": MASK_CLASSES}
_LEAST_SIZE, _LARGEST_SIZE = 16, 1024


class PreparedFace(NamedTuple):
    """Decodes a record of the prepared dataset; picklable."""

    folder: Path
    split: str

    def __call__(self, index: int) -> dict[str, np.ndarray]:
        """The example's image, annotations, and medium as its domain."""
        try:
            features = parse_example(open_records(self.folder, self.split)(index))
            return {
                "image": _decode(features["image"][0]),
                "mask": _decode(features["mask"][0]),
                "landmarks": np.array([features[f"landmarks/{name}"][0] for name in LANDMARK_NAMES], np.float32).reshape(5, 2),
                "attributes": np.array([features[f"attributes/{name}"][0] for name in ATTRIBUTE_NAMES], np.int8),
                DOMAIN: np.array(features["medium"][0], np.int32),
            }
        except (ValueError, KeyError, IndexError, OSError) as error:
            raise DecodeError(f"{self.folder}: record {index} of {self.split}", f"is damaged ({error}); delete the folder") from error


def drawn_faces_source(split: str, image_size: int, count: int, cache: Path) -> Source:
    """The first `count` faces of a split; draws them unless the folder `cache` has a prepared dataset with that many.

    Args:
      count: 0 for the default, 20,000 for training and 2,000 for testing. An example does not depend on it.

    Raises:
      UserError: a size that cannot be drawn, or a folder that cannot be written.
    """
    count = count or COUNTS[split]
    _check_size(image_size)
    folder = find_prepared(cache, split, image_size, count)
    if folder is None:
        from semgan.data.drawn_faces.builder import prepare

        folder = prepare(cache, image_size, *(count if split == name else 0 for name in SPLITS))
    fingerprint = hash_json([NAME, VERSION, split, image_size, count])
    return Source(NAME, split, count, fingerprint, PreparedFace(folder, split), _NAMES, answer=FaceAnswer(split))


class PairedFace(NamedTuple):
    """Draws a row of the paired faces: each face in every medium, one after another; picklable."""

    split: str
    image_size: int

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        index, medium = divmod(row, len(MEDIA))
        content, style = draw_factors(0, self.split, index)
        face = render_face(content, style._replace(medium=medium), self.image_size)
        return {
            "image": face.image,
            "mask": face.mask,
            "landmarks": face.landmarks,
            "attributes": face.attributes,
            DOMAIN: np.array(medium, np.int32),
            PAIR: np.array(index, np.int32),
        }


def paired_faces_source(split: str, image_size: int, count: int) -> Source:
    """The first `count` pictures (0: the default number) of a split in which every face is drawn in all media.

    Faces are those of `drawn_faces_source`, in fewer numbers; each keeps its palette and light from medium to medium.
    """
    _check_size(image_size)
    count = (count or COUNTS[split]) // len(MEDIA) * len(MEDIA)
    if not count:
        raise UserError(f"data.{split}_count: a paired face takes {len(MEDIA)} pictures, one per medium; use a multiple of that")
    fingerprint = hash_json([NAME, VERSION, "paired", split, image_size, count])
    return Source(NAME, split, count, fingerprint, PairedFace(split, image_size), _NAMES, answer=FaceAnswer(split, paired=True))


def build_drawn_faces(out: Path | str, image_size: int, count: int = 0) -> str:
    """Draws both splits into `out` as a dataset for tfds, and says so in a sentence.

    Args:
      count: examples of each split; 0 for 20,000 and 2,000.
    """
    from semgan.data.drawn_faces.builder import prepare

    _check_size(image_size)
    counts = [count or COUNTS[split] for split in SPLITS]
    folder = prepare(Path(out), image_size, *counts)
    summary = ", ".join(f"{number:,} {split}" for split, number in zip(SPLITS, counts, strict=True))
    return f"{folder}: drawn faces at {image_size} px, {summary}; open it with tfds.builder_from_directory({str(folder)!r})"


def _check_size(image_size: int) -> None:
    if not _LEAST_SIZE <= image_size <= _LARGEST_SIZE:
        raise UserError(f"image_size {image_size}: faces can be drawn from {_LEAST_SIZE} to {_LARGEST_SIZE} pixels wide")


def _decode(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)
