"""Opens snapshots: `model = semgan.load(path)`."""

from pathlib import Path

from semgan.inference.model import Model
from semgan.inference.recipe import recipe_of
from semgan.snapshot import blaming
from semgan.trained_model import from_snapshot


def load(path: str | Path) -> Model:
    """Reads a snapshot and makes its networks ready.

    >>> import semgan
    >>> model = semgan.load("runs/quickstart/snapshot.safetensors")
    >>> model.domains
    ('shaded', 'ink')

    Raises:
      UserError: the file is missing, damaged or not a snapshot, or this version of semgan has no such model.
    """
    trained = from_snapshot(path)
    with blaming(path):
        recipe_of(trained)
    return Model(trained)
