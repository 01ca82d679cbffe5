"""CelebA's files as its authors publish them and as Kaggle ships them: which is where, and the tables' rows.

The authors' tables are text: a line with the number of rows and a line of names (but for the partition and the identities), then
`000001.jpg  1 -1 ...`. Kaggle's are CSV with a header that begins with `image_id`, and its pictures lie in a folder in a folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data import zip_files
from semgan.data.cache import hash_json
from semgan.data.decode import DecodeError
from semgan.errors import UserError
from semgan.files import why_no_folder

ZIP, ATTRIBUTES, LANDMARKS = "img_align_celeba.zip", "list_attr_celeba.txt", "list_landmarks_align_celeba.txt"
PARTITION, IDENTITY = "list_eval_partition.txt", "identity_CelebA.txt"
REQUIRED = (ZIP, ATTRIBUTES, PARTITION)
"""The files that no use of CelebA goes without; pictures may lie in a folder, and tables may be CSV."""
_PICTURES = "img_align_celeba"
_ATTRIBUTES = """
5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair Blurry
Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male
Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns
Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace Wearing_Necktie Young
"""
ATTRIBUTE_NAMES = tuple(_ATTRIBUTES.split())
LANDMARK_NAMES = tuple(f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy")
_COLUMNS = {ATTRIBUTES: ATTRIBUTE_NAMES, LANDMARKS: LANDMARK_NAMES, PARTITION: ("partition",), IDENTITY: ("identity",)}
_WITHOUT_HEADER = (PARTITION, IDENTITY)
_MAX_MEMBER_BYTES = 10_000_000


class Pictures(NamedTuple):
    """The aligned pictures: the official zip file, which is read in place, or a folder of them; picklable."""

    path: Path
    is_zip: bool

    def read(self, file: str) -> bytes:
        """A picture's bytes.

        Raises:
          DecodeError: the file is damaged, encrypted, or would grow more than a picture can.
        """
        if self.is_zip:
            return zip_files.read_member(self.path, f"{_PICTURES}/{file}", _MAX_MEMBER_BYTES, self.label(file))
        try:
            return (self.path / file).read_bytes()
        except OSError as error:
            raise DecodeError(self.label(file), f"cannot be read ({error.strerror})") from error

    def label(self, file: str) -> str:
        """What errors call a picture."""
        return f"{self.path}:{file}" if self.is_zip else str(self.path / file)

    def check(self, files: Sequence[str]) -> None:
        """Raises a UserError where the zip is damaged or the pictures are not those of the tables."""
        if self.is_zip:
            zip_files.contents(self.path)
            there = {name.removeprefix(f"{_PICTURES}/") for name in zip_files.open_zip(self.path).namelist() if name.startswith(_PICTURES)}
        else:
            there = {path.name for path in self.path.iterdir()}
        if missing := sorted(set(files) - there):
            first = f"{_PICTURES}/{missing[0]}"
            raise UserError(f"{self.path}: {len(missing):,} pictures of {PARTITION} are not in it, the first is {first}")

    def state(self, files: Sequence[str]) -> tuple[int, int | str]:
        """Two values that change with the pictures."""
        if self.is_zip:
            return (status := self.path.stat()).st_size, status.st_mtime_ns
        stats = [[file, status.st_size, status.st_mtime_ns] for file in sorted(files) for status in ((self.path / file).stat(),)]
        return len(stats), hash_json(stats)


def find_pictures(folder: Path) -> Pictures | None:
    """The pictures in the folder of CelebA's files: the zip file, or the folder that Kaggle's archive has, once or twice nested."""
    if (folder / ZIP).is_file():
        return Pictures(folder / ZIP, is_zip=True)
    nested = (folder / _PICTURES / _PICTURES, folder / _PICTURES)
    return next((Pictures(path, is_zip=False) for path in nested if path.is_dir()), None)


def find_table(folder: Path, name: str) -> Path | None:
    """The table, as text or as CSV."""
    return next((path for path in ((folder / name), (folder / name).with_suffix(".csv")) if path.is_file()), None)


def is_celeb_a(folder: Path) -> bool:
    """Returns whether any of CelebA's files is in the folder."""
    return (folder / ZIP).is_file() or any(find_table(folder, name) for name in _COLUMNS)


def require(folder: Path) -> None:
    """Raises a UserError that names the first file of `REQUIRED` that is missing."""
    if not folder.is_dir():
        raise UserError(f"{folder}: {why_no_folder(folder)}; give the one that holds {', '.join(REQUIRED)}")
    lacking = [name for name in REQUIRED if not (find_pictures(folder) if name == ZIP else find_table(folder, name))]
    if lacking:
        raise UserError(
            f"{folder}: {lacking[0]} is missing; CelebA needs {', '.join(REQUIRED)} in one folder "
            f"(or Kaggle's {_PICTURES}, {', '.join(name.replace('.txt', '.csv') for name in REQUIRED[1:])})"
        )


def read_aligned(path: Path, files: list[str]) -> np.ndarray:
    """A table's rows, int64 (rows, columns), in the order of `files`.

    Raises:
      UserError: as in `read_table`; and where it is about other pictures.
    """
    own_files, values = read_table(path)
    if own_files == files:
        return values
    place = {file: row for row, file in enumerate(own_files)}
    lacking = [file for file in files if file not in place]
    if lacking or len(own_files) != len(files):
        which = f"{lacking[0]} is missing" if lacking else f"it lists pictures that {PARTITION} does not"
        raise UserError(f"{path}: has {len(own_files):,} rows where {PARTITION} has {len(files):,}, and {which}; download both files again")
    return values[[place[file] for file in files]]


def read_table(path: Path) -> tuple[list[str], np.ndarray]:
    """Picture names and int64 (rows, columns).

    Raises:
      UserError: the file is cut short, malformed, or another table.
    """
    kind, is_csv = path.with_suffix(".txt").name, path.suffix == ".csv"
    expected, has_count = _COLUMNS[kind], not is_csv and kind not in _WITHOUT_HEADER
    try:
        lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
        declared = int(lines[0]) if has_count else len(lines) - is_csv
        names = tuple(lines[0].split(",")[1:] if is_csv else lines[1].split() if has_count else ())
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path}: is empty or not the official text file ({error}); download it again") from error
    rows = lines[2 * has_count + is_csv :]
    if (is_csv or has_count) and tuple(name.strip() for name in names) != expected:
        start = ("image_id," if is_csv else "") + (", " if is_csv else " ").join(expected[:3])
        raise UserError(f"{path}: its names of columns are not CelebA's (it should start with {start})")
    if len(rows) != declared or not rows:
        raise UserError(f"{path}: has {len(rows):,} rows where it should have {declared:,}; it is cut short, download it again")
    separator = "," if is_csv else None
    try:
        values = np.loadtxt(rows, np.int64, comments=None, delimiter=separator, usecols=range(1, len(expected) + 1), ndmin=2)
    except ValueError as error:
        raise UserError(f"{path}: cannot be read as numbers ({str(error).split('; ')[0]}); download it again") from error
    return [row.split(separator, 1)[0].strip() for row in rows], values
