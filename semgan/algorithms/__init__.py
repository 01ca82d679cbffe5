"""The algorithms by name: one file each, with `make(config) -> Algorithm`."""

import difflib
import importlib
from pathlib import Path

from ml_collections import ConfigDict

from semgan.errors import UserError
from semgan.types import Algorithm


def names() -> list[str]:
    """The names of all algorithms: the files beside this one."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def make(config: ConfigDict) -> Algorithm:
    """The algorithm that `config.algorithm` names, for this config; UserError when there is none of that name."""
    if config.algorithm not in names():
        near = difflib.get_close_matches(config.algorithm, names(), n=1, cutoff=0)
        raise UserError(f"config.algorithm is {config.algorithm!r}, which does not exist: did you mean {near[0]!r}? There are {names()}.")
    return importlib.import_module(f"semgan.algorithms.{config.algorithm}").make(config)
