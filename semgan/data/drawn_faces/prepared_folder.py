"""The folder of prepared drawn faces: its name, and the search for one that serves a request."""

import re
from pathlib import Path

from semgan.data.drawn_faces.factors import SPLITS
from semgan.data.records import split_lengths

NAME = "drawn_faces"
VERSION = "1.0.0"  # raise it when any example changes


def config_name(image_size: int, train_count: int, test_count: int) -> str:
    """Name of the folder that holds a dataset of this size and these counts."""
    return f"{image_size}px_train{train_count}_test{test_count}"


def find_prepared(data_dir: Path, split: str, image_size: int, count: int) -> Path | None:
    """The smallest prepared dataset that has enough examples of the split."""
    place = 1 + SPLITS.index(split)
    candidates = []
    for folder in (data_dir / NAME).glob(f"{image_size}px_*/{VERSION}"):
        match = re.fullmatch(r"\d+px_train(\d+)_test(\d+)", folder.parent.name)
        if match and int(match[place]) >= count and sum(split_lengths(folder).get(split, ())) >= count:
            candidates.append((int(match[place]), folder))
    return min(candidates)[1] if candidates else None
