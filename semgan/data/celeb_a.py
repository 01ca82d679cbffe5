"""CelebA from the files that the user has, official or from Kaggle, in a folder, or a dataset that tfds prepared from them.

Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015. The official folder holds

    img_align_celeba.zip               members img_align_celeba/000001.jpg ..., read in place and never unpacked
    list_attr_celeba.txt               count; 40 names; "000001.jpg -1 1 ..."
    list_landmarks_align_celeba.txt    count; 10 names; "000001.jpg 69 109 ..." in pixels of the 178x218 picture; only for landmarks
    list_eval_partition.txt            "000001.jpg 0": 0 train, 1 validation, 2 test
    identity_CelebA.txt                "000001.jpg 2880", optional

and Kaggle's the folder img_align_celeba/img_align_celeba/ instead of the zip file, and .csv tables with a header.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import Source, hash_file, hash_json
from semgan.data.celeb_a_files import (
    ATTRIBUTE_NAMES,
    ATTRIBUTES,
    IDENTITY,
    LANDMARK_NAMES,
    LANDMARKS,
    PARTITION,
    ZIP,
    Pictures,
    find_pictures,
    find_table,
    read_aligned,
    read_table,
    require,
)
from semgan.data.decode import DecodeError, decode_picture, fit, square_crop
from semgan.data.records import open_records, parse_example
from semgan.errors import UserError

OFFICIAL_COUNT = 202_599
OFFICIAL_FILES = {  # bytes and SHA-256
    ZIP: (1_443_490_838, "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74"),
    ATTRIBUTES: (26_721_026, "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0"),
    LANDMARKS: (12_156_055, "6c02a87569907f6db2ba99019085697596730e8129f67a3d61659f198c48d43b"),
    PARTITION: (2_836_386, "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7"),
    IDENTITY: (3_424_458, "c6143857c3e2630ac2da9f782e9c1232e5e59be993a9d44e8a7916c78a6158c0"),
}
SPLITS = {"train": 0, "validation": 1, "test": 2}
_DECODING = 1  # raise when a row gives other pixels or landmarks


class OfficialAnnotations(NamedTuple):
    """The tables' contents, one row per picture, in the order of the partition file."""

    files: tuple[str, ...]
    partition: np.ndarray  # int64 (n,)
    attributes: np.ndarray  # int8 (n, 40) in {0, 1}
    landmarks: np.ndarray | None  # int64 (n, 10), pixels; None without their file
    identity: np.ndarray  # int64 (n,), -1: unknown


class OfficialCelebA(NamedTuple):
    """Decodes a row of the official files; picklable."""

    pictures: Pictures
    files: tuple[str, ...]
    attributes: np.ndarray
    landmarks: np.ndarray | None
    image_size: int

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        file = self.files[row]
        picture = decode_picture(self.pictures.read(file), self.pictures.label(file))
        return _example(picture, self.attributes[row], None if self.landmarks is None else self.landmarks[row], self.image_size)


class PreparedCelebA(NamedTuple):
    """Decodes a record that tfds prepared; picklable."""

    folder: Path
    split: str
    image_size: int

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        record = f"{self.folder}: record {row} of {self.split}"
        try:
            features = parse_example(open_records(self.folder, self.split)(row))
            attributes = [features[f"attributes/{name}"][0] for name in ATTRIBUTE_NAMES]
            landmarks = [features[f"landmarks/{name}"][0] for name in LANDMARK_NAMES]
            picture = features["image"][0]
        except (ValueError, KeyError, IndexError) as error:
            raise DecodeError(record, f"is not an example of CelebA ({error})") from error
        return _example(decode_picture(picture, record), np.array(attributes, np.int8), np.array(landmarks), self.image_size)


def celeb_a_source(folder: Path | str, split: str, image_size: int, expected_count: int = OFFICIAL_COUNT) -> Source:
    """One split ("train", "validation" or "test"), each picture cropped to its centred square.

    Args:
      folder: of the official files, or of a prepared dataset (or the data_dir above it).
      expected_count: of pictures in all splits; another number is noted on stderr.

    Raises:
      UserError: files that are missing, cut short or do not agree.
    """
    folder = Path(folder)
    if (prepared := find_prepared(folder)) is not None:
        return _prepared_source(prepared, split, image_size)
    annotations, pictures = read_annotations(folder), open_pictures(folder)
    if len(annotations.files) != expected_count:
        print(f"{folder}: {len(annotations.files):,} pictures, where CelebA has {expected_count:,}", file=sys.stderr)
    rows = np.flatnonzero(annotations.partition == SPLITS[split])
    tables = {name: find_table(folder, name) for name in (ATTRIBUTES, LANDMARKS, PARTITION)}
    stats = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in tables.values() if path]
    stats.insert(0, [pictures.path.name, *pictures.state(annotations.files)])
    landmarks = None if annotations.landmarks is None else annotations.landmarks[rows]
    example = OfficialCelebA(pictures, tuple(annotations.files[row] for row in rows), annotations.attributes[rows], landmarks, image_size)
    return Source(
        "celeb_a",
        split,
        len(rows),
        hash_json(["celeb_a", _DECODING, image_size, split, stats]),
        example,
        {"attributes": ATTRIBUTE_NAMES},
        lacks={} if tables[LANDMARKS] else {"landmarks": landmarks_advice(folder)},
    )


def landmarks_advice(folder: Path) -> str:
    """What to do where landmarks are asked for and the folder has none."""
    return f"download CelebA's {LANDMARKS} (or Kaggle's .csv of that name) into {folder}"


def open_pictures(folder: Path) -> Pictures:
    """The pictures in a folder of CelebA's files.

    Raises:
      UserError: there are none, or others than the tables say.
    """
    pictures = find_pictures(folder)
    if pictures is None:
        raise UserError(f"{folder}: {ZIP} is missing; CelebA needs it there")
    partition = find_table(folder, PARTITION)
    pictures.check(read_table(partition)[0] if partition else [])
    return pictures


def find_prepared(folder: Path, name: str = "celeb_a") -> Path | None:
    """The folder with `dataset_info.json`: this one, or `[NAME/[CONFIG/]]VERSION` below it (the newest); name "*": any."""
    candidates = [folder]
    for pattern in ("[0-9]*.*.*", f"{name}/[0-9]*.*.*", f"{name}/*/[0-9]*.*.*"):
        candidates += sorted(folder.glob(pattern), reverse=True)
    return next((path for path in candidates if (path / "dataset_info.json").is_file()), None)


def read_annotations(folder: Path) -> OfficialAnnotations:
    """Reads the tables and puts their rows in one order.

    Raises:
      UserError: a file is missing, cut short, malformed, or about other pictures than the rest.
    """
    require(folder)
    tables = {name: path for name in (PARTITION, ATTRIBUTES, LANDMARKS, IDENTITY) if (path := find_table(folder, name))}
    files, partition = read_table(tables[PARTITION])
    values = {name: read_aligned(path, files) for name, path in tables.items()}
    identity = values.get(IDENTITY, np.full((len(files), 1), -1))
    attributes = (values[ATTRIBUTES] > 0).astype(np.int8)
    return OfficialAnnotations(tuple(files), partition[:, 0], attributes, values.get(LANDMARKS), identity[:, 0])


def compare_with_official(folder: Path) -> list[str]:
    """The differences from the files as CelebA's authors published them, by size and by SHA-256; reads every file.

    Kaggle's files are others, and are only missed where they are absent.
    """
    notes = []
    absent = {IDENTITY: "; identities will be -1", LANDMARKS: "; it is needed only where landmarks are used"}
    for name, (size, sha256) in OFFICIAL_FILES.items():
        path = folder / name
        if not path.is_file():
            if not (find_pictures(folder) if name == ZIP else find_table(folder, name)):
                notes.append(f"{name} is absent{absent.get(name, '')}")
        elif path.stat().st_size != size:
            notes.append(f"{name} has {path.stat().st_size:,} bytes, the official file {size:,}")
        elif hash_file(path) != sha256:
            notes.append(f"{name} has the official file's size but another SHA-256; it may be damaged")
    return notes


def _prepared_source(folder: Path, split: str, image_size: int) -> Source:
    stats = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in sorted(folder.glob(f"*-{split}.*"))]
    fingerprint = hash_json(["celeb_a prepared", _DECODING, image_size, split, stats])
    example = PreparedCelebA(folder, split, image_size)
    return Source("celeb_a", split, open_records(folder, split).count, fingerprint, example, {"attributes": ATTRIBUTE_NAMES})


def _example(picture: np.ndarray, attributes: np.ndarray, landmarks: np.ndarray | None, image_size: int) -> dict[str, np.ndarray]:
    example = {"image": fit(picture, image_size), "attributes": attributes}
    if landmarks is None:
        return example
    top, left, side = square_crop(*picture.shape[:2])
    fractions = (landmarks.reshape(5, 2).astype(np.float32) - np.array([left, top], np.float32)) / np.float32(side)
    return example | {"landmarks": fractions}
