"""`semgan faces crop`: a training set of aligned faces from a folder of photographs."""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.decode import SUFFIXES, DecodeError
from semgan.data.drawn_faces.encode import LANDMARK_NAMES
from semgan.data.folder_table import LEFT_OUT, TABLE
from semgan.data.picture_files import pictures_below, stems
from semgan.errors import UserError
from semgan.faces.detect import Face
from semgan.faces.geometry import Target, align_to
from semgan.faces.pyramid import Picture
from semgan.faces.quality import Limits, fault
from semgan.faces.warp import warp
from semgan.files import why_no_folder, write_whole
from semgan.pictures.read import read
from semgan.pictures.write import write
from semgan.progress import track

NO_FACE, UNREADABLE = "no face", "unreadable"


class Crop(NamedTuple):
    """A face that was written.

    Attributes:
      path: below the output folder.
      landmarks: (5, 2) in the crop's pixels.
    """

    path: Path
    landmarks: np.ndarray


class CropReport(NamedTuple):
    """The outcome.

    Attributes:
      crops: the faces written.
      left_out: (picture below the input folder, number of the face or "", kind of fault, what it is).
      pictures: how many there were.
    """

    crops: list[Crop]
    left_out: list[tuple[str, str, str, str]]
    pictures: int

    def line(self) -> str:
        """The line that tells what became of all pictures."""
        counts = Counter(kind for _, _, kind, _ in self.left_out)
        reasons = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())
        return f"{len(self.crops):,} faces of {self.pictures:,} pictures written" + (
            f"; left out: {reasons} ({LEFT_OUT})" if reasons else ""
        )


def crop_folder(folder: Path, out: Path, target: Target, limits: Limits, find: Callable[[Picture], Sequence[Face]]) -> CropReport:
    """Writes every good face below `folder` as an aligned PNG, with `annotations.csv` beside them and `left_out.csv` in `out`.

    Sub-folders become sub-folders. EXIF is not copied. Of several faces of a picture all get numbers.

    Args:
      out: a new or empty folder.

    Raises:
      UserError: no such folder, no pictures in it, an `out` that holds something or cannot be written.
    """
    paths = _pictures(folder, out)
    names = stems(folder, paths)
    report = CropReport([], [], len(paths))
    for path in track(paths, "cropping faces", len(paths)):
        _crop_picture(path, path.relative_to(folder).as_posix(), out, names[path], target, limits, find, report)
    _write_tables(out, report.crops)
    if report.left_out:
        _write_csv(out / LEFT_OUT, ("file", "face", "reason", "detail"), report.left_out)
    return report


def _pictures(folder: Path, out: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: {why_no_folder(folder)}; give a folder of photographs")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already and not an empty folder: give --out a new one, so that nothing is overwritten")
    inside = out.resolve()
    paths = [path for path in pictures_below(folder) if inside not in path.resolve().parents]
    if not paths:
        raise UserError(f"{folder} has no pictures in it or below: give a folder with files of {', '.join(SUFFIXES)}")
    return paths


def _crop_picture(
    path: Path,
    label: str,
    out: Path,
    name: Path,
    target: Target,
    limits: Limits,
    find: Callable[[Picture], Sequence[Face]],
    report: CropReport,
) -> None:
    try:
        picture = read(path)
    except DecodeError as error:
        report.left_out.append((label, "", UNREADABLE, error.reason))
        return
    faces = find(picture)
    if not faces:
        report.left_out.append((label, "", NO_FACE, ""))
    for number, face in enumerate(faces, 1):
        own = name.with_name(f"{name.name}_{number}.png" if len(faces) > 1 else f"{name.name}.png")
        if reason := fault(picture, face, limits):
            kind, _, detail = reason.partition(": ")
            report.left_out.append((label, str(number), kind, detail))
            continue
        transform = align_to(face.landmarks, target)
        if (out / own).exists():
            raise UserError(f"{out / own} is there already, from a picture of nearly the same name as {label}: rename one of the two")
        write(out / own, warp(picture, transform, target.height, target.width))
        report.crops.append(Crop(own, transform(face.landmarks)))


def _write_tables(out: Path, crops: Sequence[Crop]) -> None:
    """`annotations.csv` in every folder that has crops, as `semgan.data.folder_annotations` reads it."""
    columns = [f"landmark:{name[:-2]}:{name[-1]}" for name in LANDMARK_NAMES]
    for parent in sorted({crop.path.parent for crop in crops}):
        rows = [(crop.path.name, *(f"{value:.2f}" for value in crop.landmarks.ravel())) for crop in crops if crop.path.parent == parent]
        _write_csv(out / parent / TABLE, ("file", *columns), rows)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    try:
        write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({os.strerror(error.errno or 0)}): choose another place or free the disk") from error
