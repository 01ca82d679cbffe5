"""`semgan sample`: a grid of translations in styles drawn from the latent."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from semgan.data.dataset import open_dataset
from semgan.errors import UserError
from semgan.inference import pictures
from semgan.inference.load import Model, load

_DRAWN = 64  # held-out faces drawn as contents


def sample_grid(snapshot: Path, out: Path, *, count: int, seed: int = 0, content: Path | None = None, domain: str | None = None) -> None:
    """Writes the grid and says so on stdout.

    Args:
      content: a picture, or a folder whose pictures are taken in turn; None: held-out drawn faces, where the model knows them.
      domain: of the styles; the model's domains in turn when None.
    """
    pictures.check_writable_suffix(out)
    model = load(snapshot)
    contents = _held_out(model, count) if content is None else _read(content, count)
    images = model.sample(count, seed, content=contents, domain=domain)
    pictures.write(out, pictures.grid(images))
    print(f"wrote {out}: {count:,} translations of {min(len(contents), count):,} pictures")


def _read(content: Path, count: int) -> list[np.ndarray]:
    paths = pictures.list_folder(content)[:count] if content.is_dir() else [content]
    return [pictures.read(path) for path in paths]


def _held_out(model: Model, count: int) -> Sequence[np.ndarray]:
    """Held-out faces at the model's size; only drawn faces can be had anywhere, without the user's files."""
    name = model.config["data"]["name"]
    if name != "drawn_faces":
        raise UserError(f"the model was trained on {name}, whose pictures do not come with it: give some with --content")
    dataset = open_dataset(name, split="test", image_size=model.image_size, count=_DRAWN)
    return list(dataset.images[dataset.rows[:count]])
