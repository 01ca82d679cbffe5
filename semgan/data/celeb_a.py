"""CelebA from the files that the user has: the official ones in a folder, or a dataset that tfds prepared from them.

Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015. The official folder holds

    img_align_celeba.zip               members img_align_celeba/000001.jpg ..., read in place and never unpacked
    list_attr_celeba.txt               count; 40 names; "000001.jpg -1 1 ..."
    list_landmarks_align_celeba.txt    count; 10 names; "000001.jpg 69 109 ..." in pixels of the 178x218 picture
    list_eval_partition.txt            "000001.jpg 0": 0 train, 1 validation, 2 test
    identity_CelebA.txt                "000001.jpg 2880", optional
"""

import functools
import sys
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import Source, hash_file, hash_json
from semgan.data.decode import DecodeError, decode_picture, fit, square_crop
from semgan.data.records import open_records, parse_example
from semgan.errors import UserError

ZIP, ATTRIBUTES, LANDMARKS = "img_align_celeba.zip", "list_attr_celeba.txt", "list_landmarks_align_celeba.txt"
PARTITION, IDENTITY = "list_eval_partition.txt", "identity_CelebA.txt"
REQUIRED = (ZIP, ATTRIBUTES, LANDMARKS, PARTITION)
OFFICIAL_COUNT = 202_599
OFFICIAL_FILES = {  # bytes and SHA-256
    ZIP: (1_443_490_838, "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74"),
    ATTRIBUTES: (26_721_026, "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0"),
    LANDMARKS: (12_156_055, "6c02a87569907f6db2ba99019085697596730e8129f67a3d61659f198c48d43b"),
    PARTITION: (2_836_386, "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7"),
    IDENTITY: (3_424_458, "c6143857c3e2630ac2da9f782e9c1232e5e59be993a9d44e8a7916c78a6158c0"),
}
SPLITS = {"train": 0, "validation": 1, "test": 2}
_ATTRIBUTES = """
5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair Blurry
Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male
Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns
Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace Wearing_Necktie Young
"""
ATTRIBUTE_NAMES = tuple(_ATTRIBUTES.split())
LANDMARK_NAMES = tuple(f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy")
_DECODING = 1  # raise when a row gives other pixels or landmarks
_MAX_MEMBERS, _MAX_MEMBER_BYTES, _MAX_RATIO = 1_000_000, 10_000_000, 100  # of the zip; a JPEG hardly compresses


class OfficialAnnotations(NamedTuple):
    """The text files' contents, one row per picture, in the order of the partition file."""

    files: tuple[str, ...]
    partition: np.ndarray  # int64 (n,)
    attributes: np.ndarray  # int8 (n, 40) in {0, 1}
    landmarks: np.ndarray  # int64 (n, 10), pixels
    identity: np.ndarray  # int64 (n,), -1: unknown


class OfficialCelebA(NamedTuple):
    """Decodes a row of the official files; picklable."""

    zip_path: str
    files: tuple[str, ...]
    attributes: np.ndarray
    landmarks: np.ndarray
    image_size: int

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        picture = decode_picture(read_member(self.zip_path, self.files[row]), f"{self.zip_path}:{self.files[row]}")
        return _example(picture, self.attributes[row], self.landmarks[row], self.image_size)


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
    annotations = read_annotations(folder)
    check_members(folder / ZIP, annotations.files)
    if len(annotations.files) != expected_count:
        print(f"{folder}: {len(annotations.files):,} pictures, where CelebA has {expected_count:,}", file=sys.stderr)
    rows = np.flatnonzero(annotations.partition == SPLITS[split])
    stats = [[name, (folder / name).stat().st_size, (folder / name).stat().st_mtime_ns] for name in REQUIRED]
    files = tuple(annotations.files[row] for row in rows)
    example = OfficialCelebA(str(folder / ZIP), files, annotations.attributes[rows], annotations.landmarks[rows], image_size)
    fingerprint = hash_json(["celeb_a", _DECODING, image_size, split, stats])
    return Source("celeb_a", split, len(rows), fingerprint, example, {"attributes": ATTRIBUTE_NAMES})


def find_prepared(folder: Path, name: str = "celeb_a") -> Path | None:
    """The folder with `dataset_info.json`: this one, or `[NAME/[CONFIG/]]VERSION` below it (the newest); name "*": any."""
    candidates = [folder]
    for pattern in ("[0-9]*.*.*", f"{name}/[0-9]*.*.*", f"{name}/*/[0-9]*.*.*"):
        candidates += sorted(folder.glob(pattern), reverse=True)
    return next((path for path in candidates if (path / "dataset_info.json").is_file()), None)


def read_annotations(folder: Path) -> OfficialAnnotations:
    """Reads the text files and puts their rows in one order.

    Raises:
      UserError: a file is missing, cut short, malformed, or about other pictures than the rest.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the one that holds {', '.join(REQUIRED)}")
    if missing := [name for name in REQUIRED if not (folder / name).is_file()]:
        raise UserError(f"{folder}: {missing[0]} is missing; CelebA needs {', '.join(REQUIRED)} in one folder")
    files, partition = _read_table(folder / PARTITION, 1, header=False)
    attributes = _read_aligned(folder / ATTRIBUTES, files, len(ATTRIBUTE_NAMES), header=True)
    landmarks = _read_aligned(folder / LANDMARKS, files, len(LANDMARK_NAMES), header=True)
    identity = np.full((len(files), 1), -1)
    if (folder / IDENTITY).is_file():
        identity = _read_aligned(folder / IDENTITY, files, 1, header=False)
    return OfficialAnnotations(tuple(files), partition[:, 0], (attributes > 0).astype(np.int8), landmarks, identity[:, 0])


def compare_with_official(folder: Path) -> list[str]:
    """The differences from the files as CelebA's authors published them, by size and by SHA-256; reads every file."""
    notes = []
    for name, (size, sha256) in OFFICIAL_FILES.items():
        path = folder / name
        if not path.is_file():
            notes.append(f"{name} is absent" + ("; identities will be -1" if name == IDENTITY else ""))
        elif path.stat().st_size != size:
            notes.append(f"{name} has {path.stat().st_size:,} bytes, the official file {size:,}")
        elif hash_file(path) != sha256:
            notes.append(f"{name} has the official file's size but another SHA-256; it may be damaged")
    return notes


def check_members(path: Path, files: tuple[str, ...]) -> None:
    """Raises `UserError` where the zip is damaged or its pictures are not those of the text files."""
    members = _open_zip(str(path)).namelist()
    if len(members) > _MAX_MEMBERS:
        raise UserError(f"{path}: {len(members):,} members are more than the {_MAX_MEMBERS:,} that are opened")
    if missing := sorted(set(map(_member, files)) - set(members)):
        raise UserError(f"{path}: {len(missing):,} pictures of {PARTITION} are not in it, the first is {missing[0]}")


def read_member(path: str, file: str) -> bytes:
    """A picture's bytes, from inside the zip.

    Raises:
      DecodeError: the member is damaged, encrypted, or would grow more than a picture can.
    """
    archive, name = _open_zip(path), f"{path}:{file}"
    info = archive.getinfo(_member(file))
    if info.file_size > _MAX_MEMBER_BYTES or info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise DecodeError(name, f"{info.compress_size:,} bytes would grow to {info.file_size:,}; it is not a picture")
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise DecodeError(name, f"is damaged in the zip ({error})") from error


def _member(file: str) -> str:
    return f"img_align_celeba/{file}"


@functools.lru_cache(maxsize=2)
def _open_zip(path: str) -> zipfile.ZipFile:
    """Opens the zip file, once per process: its directory has 200,000 entries."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        size = Path(path).stat().st_size if Path(path).is_file() else 0
        raise UserError(
            f"{path}: {size:,} bytes are cut short or not a zip file (CelebA's has {OFFICIAL_FILES[ZIP][0]:,}); download it again"
        ) from error


def _prepared_source(folder: Path, split: str, image_size: int) -> Source:
    stats = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in sorted(folder.glob(f"*-{split}.*"))]
    fingerprint = hash_json(["celeb_a prepared", _DECODING, image_size, split, stats])
    example = PreparedCelebA(folder, split, image_size)
    return Source("celeb_a", split, open_records(folder, split).count, fingerprint, example, {"attributes": ATTRIBUTE_NAMES})


def _example(picture: np.ndarray, attributes: np.ndarray, landmarks: np.ndarray, image_size: int) -> dict[str, np.ndarray]:
    top, left, side = square_crop(*picture.shape[:2])
    fractions = (landmarks.reshape(5, 2).astype(np.float32) - np.array([left, top], np.float32)) / np.float32(side)
    return {"image": fit(picture, image_size), "attributes": attributes, "landmarks": fractions}


def _read_aligned(path: Path, files: list[str], columns: int, *, header: bool) -> np.ndarray:
    """A table's rows in the order of `files`."""
    own_files, values = _read_table(path, columns, header=header)
    if own_files == files:
        return values
    place = {file: row for row, file in enumerate(own_files)}
    lacking = [file for file in files if file not in place]
    if lacking or len(own_files) != len(files):
        which = f"{lacking[0]} is missing" if lacking else f"it lists pictures that {PARTITION} does not"
        raise UserError(f"{path}: has {len(own_files):,} rows where {PARTITION} has {len(files):,}, and {which}; download both files again")
    return values[[place[file] for file in files]]


def _read_table(path: Path, columns: int, *, header: bool) -> tuple[list[str], np.ndarray]:
    """Picture names and int64 (rows, columns). With a header: a line with the number of rows and a line of names."""
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
        declared = int(lines[0]) if header else len(lines)
        names = tuple(lines[1].split()) if header else ()
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path}: is empty or not the official text file ({error}); download it again") from error
    rows = lines[2:] if header else lines
    expected = {ATTRIBUTES: ATTRIBUTE_NAMES, LANDMARKS: LANDMARK_NAMES}.get(path.name, ())
    if names != expected:
        raise UserError(f"{path}: its names of columns are not CelebA's (it should start with {' '.join(expected[:3])})")
    if len(rows) != declared or not rows:
        raise UserError(f"{path}: has {len(rows):,} rows where it should have {declared:,}; it is cut short, download it again")
    try:
        values = np.loadtxt(rows, np.int64, comments=None, usecols=range(1, columns + 1), ndmin=2)
    except ValueError as error:
        raise UserError(f"{path}: cannot be read as numbers ({str(error).split('; ')[0]}); download it again") from error
    return [row.split(None, 1)[0] for row in rows], values
