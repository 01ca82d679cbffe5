"""The tables of `folder_annotations`, their headers and rows checked against the pictures; what the cells say is not read here."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from semgan.errors import UserError
from semgan.names import one_form

TABLE = "annotations.csv"
LEFT_OUT = "left_out.csv"
"""The list of what `semgan faces crop` has left out, beside the tables that it writes."""
PARTS = {"attribute": ("",), "landmark": (":x", ":y"), "box": (":left", ":top", ":right", ":bottom")}
"""The endings of the columns of one attribute, landmark or box."""
_COLUMN = re.compile("category|mask|attribute:.+|landmark:.+:[xy]|box:.+:(left|top|right|bottom)")


class Row(NamedTuple):
    """A line of a table, for messages about a picture's row."""

    table: Path
    line: int
    picture: Path

    def fault(self, annotation: str, what: str) -> UserError:
        return UserError(f"{self.table}: line {self.line} ({self.picture.name}): {annotation} {what}")


class Table(NamedTuple):
    path: Path
    rows: list[Row]
    cells: dict[str, list[str]]  # by column, one per row


def read_tables(root: Path, folders: Mapping[Path, Sequence[Path]]) -> list[Table]:
    """The tables of all folders, which have the same columns; none where no folder has one."""
    having = [folder for folder in folders if (folder / TABLE).is_file()]
    if not having:
        return []
    if lacking := [folder.relative_to(root).as_posix() for folder in folders if folder not in having]:
        has = having[0].relative_to(root).as_posix()
        raise UserError(f"{root}: {', '.join(lacking)} has no {TABLE}, but {has} has; give one to every domain and split, or to none")
    tables = [_read_table(folder / TABLE, paths) for folder, paths in folders.items()]
    for one, other in ((one, other) for table in tables[1:] for one, other in ((tables[0], table), (table, tables[0]))):
        if missing := [column for column in one.cells if column not in other.cells]:
            raise UserError(
                f"{other.path}: {', '.join(missing)} is missing, which {one.path} has; give every domain and split the same columns"
            )
    return tables


def _read_table(path: Path, pictures: Sequence[Path]) -> Table:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except (OSError, UnicodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a table ({error}); save it as CSV in UTF-8, with commas") from error
    columns = lines[0][1] if lines else []
    _check_header(path, columns)
    for line, cells in lines[1:]:
        if len(cells) != len(columns):
            raise UserError(
                f"{path}: line {line} ({cells[0]}) has {len(cells)} cells where the header has {len(columns)}; correct that line"
            )
    rows = _rows(path, [(line, cells[0]) for line, cells in lines[1:]], pictures)
    return Table(path, rows, {column: [cells[place] for _, cells in lines[1:]] for place, column in enumerate(columns) if place})


def _rows(path: Path, entries: Sequence[tuple[int, str]], pictures: Sequence[Path]) -> list[Row]:
    """The rows with these lines and names; UserError unless they are of different pictures, and of all."""
    of_name, lines = {one_form(picture.name): picture for picture in pictures}, {}
    entries = [(line, one_form(name)) for line, name in entries]
    for line, name in entries:
        if name not in of_name:
            raise UserError(f"{path}: line {line} ({name}) has no picture of that name in the folder; correct the name or delete the line")
        if name in lines:
            raise UserError(f"{path}: line {line} ({name}) is of the same picture as line {lines[name]}; leave one of them")
        lines[name] = line
    if missing := [name for name in of_name if name not in lines]:
        raise UserError(f"{path}: {len(missing):,} pictures have no line, the first is {missing[0]}; add one for each or take them away")
    return [Row(path, line, of_name[name]) for line, name in entries]


def _check_header(path: Path, columns: Sequence[str]) -> None:
    first = columns[0] if columns else ""
    if first != "file":
        raise UserError(f"{path}: its header starts with {first!r}; start it with file, a comma and the annotations")
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise UserError(f"{path}: has the column {twice[0]} twice; leave one of them")
    if unknown := [column for column in columns[1:] if not _COLUMN.fullmatch(column)]:
        raise UserError(
            f"{path}: the column {unknown[0]!r} is not an annotation; use attribute:NAME, category, landmark:NAME:x and :y, "
            "box:NAME:left, :top, :right and :bottom, or mask"
        )
    if missing := [column for kind in PARTS for column in columns_of(columns, kind) if column not in columns]:
        raise UserError(f"{path}: {missing[0]} is missing beside the others of its name; add that column")
    if len(columns) == 1:
        raise UserError(f"{path}: has no column but file; add annotations or delete it")
    if len(points := names_of(columns, "landmark")) not in (0, 5):
        raise UserError(
            f"{path}: has {len(points)} landmarks ({', '.join(points)}); give five: the eye at the picture's left, the other, nose, left "
            "and right corner of the mouth"
        )


def names_of(columns: Iterable[str], kind: str) -> tuple[str, ...]:
    """Names of the attributes, landmarks or boxes, in the columns' order."""
    names = [column.removeprefix(f"{kind}:") for column in columns if column.startswith(f"{kind}:")]
    return tuple(dict.fromkeys(names if kind == "attribute" else [name.rpartition(":")[0] for name in names]))


def columns_of(columns: Iterable[str], kind: str) -> list[str]:
    """The columns that such names need, the parts of each together."""
    return [f"{kind}:{name}{part}" for name in names_of(columns, kind) for part in PARTS[kind]]
