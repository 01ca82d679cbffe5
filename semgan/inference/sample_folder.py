"""`semgan sample --out DIR/`: samples one by one, in files that are named by seed and number, such as `seed0000_000012.png`.

A sample depends on the model, the options, the seed and its number alone: it is drawn in the row of a batch that its number says,
however many others are asked for. So a set can be interrupted and taken up again, made longer, or asked for a single sample.
"""

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from semgan.data.workers import core_count
from semgan.errors import UserError
from semgan.files import check_place, write_whole
from semgan.inference.model import Model, load
from semgan.inference.sample import Contents, SampleOptions, contents_of, describe
from semgan.inference.style_request import check_numbers
from semgan.pictures.read import read
from semgan.pictures.write import write
from semgan.progress import Progress, note
from semgan.sealed import content_digest
from semgan.trained_model import PIECE

T = TypeVar("T")

RECORD = ".samples.json"
"""The hidden file that says what the samples of a folder were drawn with."""
_NAME = re.compile(r"seed\d{4,}_\d{6,}\.png")
_AHEAD = 8 * PIECE
"""Pictures that may wait to be written."""


def file_name(seed: int, number: int) -> str:
    """`0, 12 -> "seed0000_000012.png"`: by name they are in the order of their numbers."""
    return f"seed{seed:04d}_{number:06d}.png"


def sample_folder(snapshot: Path, out: Path, draws: SampleOptions, *, overwrite: bool = False) -> None:
    """Writes the samples numbered from `draws.first` on that are not there yet, and says so on stdout.

    Args:
      overwrite: removes the samples that are in the folder first, and does not mind its other files.

    Raises:
      UserError: there are no samples of these numbers, or the folder holds other files, or samples of another model or of other options.
    """
    check_numbers(draws.first, draws.count)
    check_place(out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: give a folder as --out, or a name with a picture's suffix for a grid")
    if not overwrite:
        _check_foreign(out)
    model = load(snapshot)
    contents = contents_of(model, draws)
    _claim(out, _record(model, draws), overwrite)
    numbers = range(draws.first, draws.first + draws.count)
    there = {path.name for path in out.iterdir()}
    missing = [number for number in numbers if file_name(draws.seed, number) not in there]
    try:
        _draw_all(model, contents, out, draws, missing)
    except BaseException:
        note(f"stopped; what was drawn is in {out}, and the same command goes on from there")
        raise
    before = f"; {draws.count - len(missing):,} of them were there" if len(missing) < draws.count else ""
    print(f"wrote {len(missing):,} pictures to {out}: {describe(draws, contents)}{before}")


def _check_foreign(out: Path) -> None:
    """Raises a UserError where the folder holds files that are not samples, or samples without their record."""
    names = sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) if out.exists() else []
    foreign = [name for name in names if not _NAME.fullmatch(name) or not (out / RECORD).exists()]
    if foreign:
        raise UserError(f"{out} holds other files ({foreign[0]}): give an empty folder or a new one as --out, or --overwrite")


def _record(model: Model, draws: SampleOptions) -> dict[str, Any]:
    """Returns what a sample depends on beside its seed and number."""
    value = model.trained_model
    arrays = _flat({"params": value.networks, "model_state": value.model_state})
    weights = content_digest(json.dumps(value.config, sort_keys=True), arrays)
    paths = {name: None if path is None else str(path.resolve()) for name, path in (("content", draws.content), ("mask", draws.mask))}
    sizes = [(path.name, path.stat().st_size) for path in _files(draws.content)]
    files = hashlib.sha256(json.dumps(sizes).encode()).hexdigest()
    return {"model": weights, "domain": draws.domain, "truncation": draws.truncation, **paths, "files of the content": files}


def _files(content: Path | None) -> list[Path]:
    if content is None or not content.exists():
        return []
    return sorted(path for path in content.rglob("*") if path.is_file()) if content.is_dir() else [content]


def _flat(tree: Any, prefix: str = "") -> dict[str, np.ndarray]:
    if not isinstance(tree, dict):
        return {prefix: np.asarray(tree)}
    return {name: array for key, value in tree.items() for name, array in _flat(value, f"{prefix}/{key}").items()}


def _claim(out: Path, record: dict[str, Any], overwrite: bool) -> None:
    """Makes the folder this record's; UserError where its samples are another's, unless they are to be overwritten."""
    path = out / RECORD
    if path.exists() and not overwrite:
        changed = [name for name, value in record.items() if _read(path).get(name) != value]
        if changed:
            raise UserError(f"{out} holds samples of another {changed[0]}: give another folder as --out, or --overwrite")
    try:
        for sample in out.iterdir() if overwrite and out.exists() else ():
            if _NAME.fullmatch(sample.name):
                sample.unlink()
        write_whole(path, json.dumps(record, indent=1).encode())
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}): choose another place or free the disk") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _draw_all(model: Model, contents: Contents, out: Path, draws: SampleOptions, missing: Sequence[int]) -> None:
    """Draws the missing samples, block after block, while those before are written."""
    writing: deque[Future[None]] = deque()
    with Progress("drawing", len(missing)) as progress, ThreadPoolExecutor(core_count()) as pool:
        for numbers, images in drawn_blocks(model, contents, draws, missing):
            for number, image in zip(numbers, images, strict=True):
                writing.append(pool.submit(write, out / file_name(draws.seed, number), image))
            while len(writing) > _AHEAD:
                writing.popleft().result()
            progress.advance(len(numbers))
        while writing:
            writing.popleft().result()


def drawn_blocks(
    model: Model, contents: Contents, draws: SampleOptions, numbers: Sequence[int]
) -> Iterator[tuple[list[int], list[np.ndarray]]]:
    """Draws samples in whole blocks, which start at the multiples of `PIECE`, so that each keeps its row.

    Args:
      numbers: of the samples, ascending.

    Yields:
      The numbers that are asked for in a block, and their pictures, uint8 (size, size, 3).
    """
    if contents.pictures is not None and len(contents.pictures) <= PIECE:
        contents = contents._replace(pictures=[read(picture, "content") for picture in contents.pictures])  # once for all blocks
    for block, wanted in groupby(numbers, lambda number: number // PIECE):
        whole = range(block * PIECE, (block + 1) * PIECE)
        images = model.sample(
            PIECE,
            draws.seed,
            first=whole.start,
            content=_in_turn(contents.pictures, whole),
            domain=draws.domain,
            truncation=draws.truncation,
            mask=_in_turn(contents.masks, whole),
        )
        asked = list(wanted)
        yield asked, [images[number - whole.start] for number in asked]


def _in_turn(items: Sequence[T] | None, block: range) -> list[T] | None:
    """Returns those items that `Model.sample` takes for the samples of a block: number n takes item n, and starts again after the last.

    `Model.sample` takes turns in what it is given, in the same way: many items are cut down to the block's own, whose turns are
    the same because the block starts at a multiple of its length.
    """
    if items is None or len(items) <= len(block):
        return None if items is None else list(items)
    return [items[number % len(items)] for number in block]
