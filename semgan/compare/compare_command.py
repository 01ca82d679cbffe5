"""`semgan compare`: several runs' folders side by side."""

from collections.abc import Sequence
from pathlib import Path

from semgan.compare import comparison_page
from semgan.compare.run_folder import read_runs
from semgan.compare.table import compare_text
from semgan.errors import UserError
from semgan.files import write_whole


def compare_runs(folders: Sequence[str | Path], out: Path | None = None) -> None:
    """Prints the table of the runs and, where `out` is given, writes the page; UserError for bad folders or an `out` that cannot be."""
    if out is not None and out.is_dir():
        raise UserError(f"{out} is a folder: give a file as --out")
    runs = read_runs(folders)
    print(compare_text(runs))
    if out is None:
        return
    try:
        write_whole(out, comparison_page.render(runs).encode())
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}): give another --out") from error
    print(f"written to {out}")
