"""The files of an evaluation's report: a JSON file and a page beside it."""

import json
from pathlib import Path
from typing import Any

from semgan.errors import UserError
from semgan.files import check_writable, write_whole


def page_path(path: Path) -> Path:
    """Returns where the page of the report in this file goes: `report.json -> report.html`."""
    if path.suffix == ".html":
        raise UserError(f"{path} is the name that the report's page would get: give a name such as {path.with_suffix('.json')} as --out")
    return path.with_suffix(".html") if path.suffix == ".json" else path.with_name(f"{path.name}.html")


def write_json(path: Path, report: dict[str, Any]) -> None:
    """Writes the report as JSON, complete or not at all."""
    write_text(path, json.dumps(report, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes the file, complete or not at all; UserError where it cannot be."""
    check_writable(path)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --out") from error
