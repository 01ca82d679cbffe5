"""Annotations of a user's own pictures: an `annotations.csv` in the folder of every domain, next to its pictures.

    file,attribute:Smiling,category,box:hat:left,box:hat:top,box:hat:right,box:hat:bottom,mask
    7.jpg,1,tabby,40,2,140,60.5,masks/7.png
    8.jpg,0,persian,,,,,masks/8.png

A header, and a row for each picture. All domains and splits have the same columns, in any order: `file`, the picture's name, first, and

    attribute:NAME                      1 or 0 (or -1)
    category                            a name; those of all files together, sorted, are the categories
    landmark:NAME:x, :y                 five: the eye at the picture's left, the other, nose, left and right corner of the mouth, in
                                        the order of the first domain's header; they may lie outside of the picture
    box:NAME:left, :top, :right, :bottom    all four empty where the picture does not show the part
    mask                                `masks/...`, below the picture's folder: a PNG of the picture's size, 8-bit grey or with a
                                        palette, whose values are class ids

Coordinates are in pixels from the top left corner of the picture as seen (turned as its EXIF says). `mask_classes.txt` in the root folder
may name the classes, one per line, id 0 first; without it they are "0", "1", ... to the largest id found. Beside a table the folder `masks`
is not reported as ignored.

Annotations move along with the centred square that training sees (`decode.fit`), masks by the nearest pixel. A box is clipped to the
square; outside of it, it is absent.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from semgan.data.decode import DecodeError, square_crop
from semgan.data.folder_masks import CLASSES, MASKS, MOST, fit_mask, inspect_masks, load_mask, read_classes, size_fault
from semgan.data.folder_table import LEFT_OUT, PARTS, TABLE, Row, columns_of, names_of, read_tables

_ABSENT = -1.0  # as in `annotations`, which brings JAX along: no worker that decodes needs that
_VERSION = 1  # raise when what is annotated of an example changes
_BITS = {"0": 0, "1": 1, "-1": 0}


class AnnotationRows(NamedTuple):
    """Annotations of pictures in the order of their list; picklable.

    Attributes:
      values: those that there are of "attributes" int8 (n, attributes) in {0, 1}; "category" int32 (n,); "landmarks" float64 (n, 5, 2)
        and "boxes" float64 (n, boxes, 4) in pixels, NaN where absent.
      masks: paths; none without masks.
    """

    values: dict[str, np.ndarray]
    masks: tuple[str, ...]

    def fit(self, row: int, height: int, width: int, image_size: int) -> dict[str, Any]:
        """Annotations of one picture of this size, as its centred square shows it; coordinates in fractions, as in `Dataset.annotations`.

        Raises:
          DecodeError: a mask that cannot be read, or of another size.
        """
        top, left, side = square_crop(height, width)
        fit_values: dict[str, Any] = {name: values[row] for name, values in self.values.items()}
        if "landmarks" in fit_values:
            fit_values["landmarks"] = ((fit_values["landmarks"] - [left, top]) / side).astype(np.float32)
        if "boxes" in fit_values:
            boxes = np.clip((fit_values["boxes"] - [left, top, left, top]) / side, 0, 1).astype(np.float32)
            fit_values["boxes"] = np.where(np.all(boxes[:, 2:] > boxes[:, :2], -1, keepdims=True), boxes, np.float32(_ABSENT))
        if self.masks:
            mask = load_mask(self.masks[row])
            if fault := size_fault(mask.shape, (height, width)):
                raise DecodeError(self.masks[row], fault)
            fit_values["mask"] = fit_mask(mask, image_size)
        return fit_values


class FolderAnnotations(NamedTuple):
    """The annotations of all pictures of a folder, whatever their split.

    Attributes:
      names: of "attributes", "category", "landmarks", "boxes" and "mask", those that there are; empty without annotations.
      places: of the pictures in `annotations`.
      annotations: all of them.
      identity: JSON-able; of the tables and masks (names, sizes, times), for fingerprints; empty without annotations.
    """

    names: dict[str, tuple[str, ...]]
    places: dict[Path, int]
    annotations: AnnotationRows
    identity: list[Any]

    def of(self, pictures: Sequence[Path]) -> AnnotationRows:
        """Annotations of these pictures, in their order."""
        if not self.names:
            return self.annotations
        rows = [self.places[path] for path in pictures]
        values, masks = self.annotations
        return AnnotationRows({name: value[rows] for name, value in values.items()}, tuple(masks[row] for row in rows) if masks else ())


def belongings(root: Path, folders: Iterable[Path]) -> set[Path]:
    """The tables of these domains' folders, what lies beside them, and the names of the classes: no strays."""
    with_table = [folder for folder in folders if (folder / TABLE).is_file()]
    inside = {folder / name for folder in with_table for name in (TABLE, MASKS, LEFT_OUT)}
    return inside | ({root / CLASSES, root / LEFT_OUT} if with_table else set())


def is_mask(path: Path) -> bool:
    """Returns whether a file lies in the folder of masks beside a table."""
    return any(parent.name == MASKS and (parent.parent / TABLE).is_file() for parent in path.parents)


def read_annotations(root: Path, pictures: Iterable[Path]) -> FolderAnnotations:
    """The annotations of the pictures of all domains and splits, checked as a whole.

    Raises:
      UserError: tables that are missing, unreadable or disagree in their columns; rows without a picture, pictures without a row or with
        two; wrong values; masks that are missing or unreadable, not as large as their picture, or have a class without a name.
    """
    folders: dict[Path, list[Path]] = {}
    for path in pictures:
        folders.setdefault(path.parent, []).append(path)
    tables = read_tables(root, folders)
    if not tables:
        return FolderAnnotations({}, {}, AnnotationRows({}, ()), [])
    rows = [row for table in tables for row in table.rows]
    cells = {column: [cell for table in tables for cell in table.cells[column]] for column in tables[0].cells}
    names, values = _read_values(rows, cells)
    masks = _find_masks(rows, cells["mask"]) if "mask" in cells else []
    if masks:
        names["mask"] = _classes(root, rows, masks)
    identity = [_VERSION, names, _stats(root, [table.path for table in tables] + masks)]
    places = {row.picture: place for place, row in enumerate(rows)}
    return FolderAnnotations(names, places, AnnotationRows(values, tuple(map(str, masks))), identity)


def _read_values(rows: Sequence[Row], cells: Mapping[str, list[str]]) -> tuple[dict[str, tuple[str, ...]], dict[str, np.ndarray]]:
    """The names and the values of all but the masks, as in `AnnotationRows`."""
    names, values = {}, {}
    if attributes := columns_of(cells, "attribute"):
        names["attributes"] = names_of(cells, "attribute")
        values["attributes"] = np.stack([_bits(rows, column, cells[column]) for column in attributes], -1)
    if "category" in cells:
        categories = {name: number for number, name in enumerate(sorted(set(cells["category"])))}
        if "" in categories:
            raise rows[cells["category"].index("")].fault("category", "is empty; give a name")
        names["category"] = tuple(categories)
        values["category"] = np.array([categories[cell] for cell in cells["category"]], np.int32)
    if places := columns_of(cells, "landmark"):
        names["landmarks"] = names_of(cells, "landmark")
        values["landmarks"] = np.stack([_numbers(rows, column, cells[column]) for column in places], -1).reshape(-1, 5, 2)
    if boxes := names_of(cells, "box"):
        names["boxes"] = boxes
        values["boxes"] = np.stack([_boxes(rows, f"box:{name}", cells) for name in boxes], 1)
    return names, values


def _bits(rows: Sequence[Row], column: str, cells: Sequence[str]) -> np.ndarray:
    for row, cell in zip(rows, cells, strict=True):
        if cell not in _BITS:
            raise row.fault(column, f"is {cell!r}; give 0 or 1")
    return np.array([_BITS[cell] for cell in cells], np.int8)


def _numbers(rows: Sequence[Row], column: str, cells: Sequence[str], empty: float | None = None) -> np.ndarray:
    """Float64 numbers, one per row; empty cells are `empty`, or an error without it."""
    numbers = np.empty(len(cells))
    for place, cell in enumerate(cells):
        try:
            numbers[place] = empty if not cell and empty is not None else float(cell)
        except ValueError:
            raise rows[place].fault(column, f"is {cell!r}; give a number of pixels") from None
        if cell and not math.isfinite(numbers[place]):
            raise rows[place].fault(column, f"is {cell!r}; give a finite number of pixels")
    return numbers


def _boxes(rows: Sequence[Row], name: str, cells: Mapping[str, list[str]]) -> np.ndarray:
    """Float64 (n, 4) in pixels, NaN where absent."""
    sides = [f"{name}{part}" for part in PARTS["box"]]
    boxes = np.stack([_numbers(rows, side, cells[side], np.nan) for side in sides], -1)
    for place, empty in enumerate(np.isnan(boxes)):
        left, top, right, bottom = boxes[place].tolist()
        if empty.any() and not empty.all():
            raise rows[place].fault(name, "has some of its four sides alone; give all, or none where the picture does not show it")
        if not empty.any() and not (left < right and top < bottom):
            raise rows[place].fault(name, f"goes from {left:g} to {right:g} and from {top:g} to {bottom:g}; give left and top the less")
    return boxes


def _find_masks(rows: Sequence[Row], cells: Sequence[str]) -> list[Path]:
    """The masks' paths, all of them files below `MASKS`."""
    masks = [row.picture.parent / cell for row, cell in zip(rows, cells, strict=True)]
    for row, cell, path in zip(rows, cells, masks, strict=True):
        parts = Path(cell).parts
        if parts[:1] != (MASKS,) or ".." in parts:
            raise row.fault("mask", f"is {cell!r}; give a file in the sub-folder {MASKS}, such as {MASKS}/7.png")
        if not path.is_file():
            raise row.fault("mask", f"is {cell!r}, but there is no such file; add it or correct its name")
    return masks


def _classes(root: Path, rows: Sequence[Row], masks: Sequence[Path]) -> tuple[str, ...]:
    """The names of the masks' classes, all masks having been checked."""
    classes = read_classes(root)
    pairs = [(str(row.picture), str(mask)) for row, mask in zip(rows, masks, strict=True)]
    files = _stats(root, [path for row, mask in zip(rows, masks, strict=True) for path in (row.picture, mask)])
    largest, faults = inspect_masks(pairs, files, len(classes) or MOST)
    if faults:
        first = min(faults)
        raise rows[first].fault("mask", f"{masks[first].relative_to(rows[first].picture.parent).as_posix()} {faults[first]}")
    return classes or tuple(map(str, range(largest + 1)))


def _stats(root: Path, paths: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Names, sizes and times."""
    return [(path.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns) for path in paths for stat in (path.stat(),)]
