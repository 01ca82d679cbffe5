"""Pictures for an adaptation: the few new ones, enough of the old domains', and batches of both."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from semgan.data import loader
from semgan.data.dataset import Dataset, open_dataset
from semgan.data.decode import fit
from semgan.data.order import reference_rows
from semgan.errors import UserError
from semgan.files import why_no_folder
from semgan.inference.model import Model
from semgan.pictures.read import list_pictures, read
from semgan.progress import note

LEAST_COUNT, USUAL_COUNT = 2, 10
"""Numbers of pictures of the new domain: below the first they are refused, below the second there is a warning."""
OLD_COUNT = 1024
"""The most pictures of the old domains that an adaptation uses."""
_REPLAY_COUNT = 128
"""Translations that stand for the pictures of a domain which an earlier adaptation brought."""

Pixels = UInt8[np.ndarray, "picture size size 3"]


class FewShotPictures(NamedTuple):
    """The pictures that an adaptation learns from.

    Attributes:
      old: pictures of all old domains.
      new: pictures of the new domain.
    """

    old: Dataset
    new: Pixels

    def together(self, name: str) -> Dataset:
        """All of them, with the new domain, of this name, as the last."""
        return _join(self.old, [(name, self.new)])


def read_new(folder: Path, size: int) -> Pixels:
    """The pictures of a folder and its sub-folders, cut and resized to the model's size; says what is left out.

    Raises:
      UserError: no such folder, no or too few pictures in it, or one that cannot be decoded.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: {why_no_folder(folder)}; give with --pictures the folder that holds the new domain's pictures")
    paths = list_pictures(folder, say=note)
    if len(paths) < LEAST_COUNT:
        raise UserError(f"{folder} has one picture: give {LEAST_COUNT} of the new domain at least, better {USUAL_COUNT} to 50")
    if len(paths) < USUAL_COUNT:
        warnings.warn(f"{folder} has only {len(paths)} pictures: with {USUAL_COUNT} to 50 the new domain is learned better", stacklevel=2)
    return np.stack([fit(read(path), size) for path in paths])


def open_old(model: Model, source: str, seed: int) -> Dataset:
    """Pictures of the domains that the model has: of its training data and, of domains without any there, its own translations.

    Args:
      source: folder of the data, where it is not (any more) the one that the model was trained on.
      seed: the seed of what is drawn from them.

    Raises:
      UserError: data that are missing, damaged or not the model's.
    """
    data, later = model.config["data"], [note["domain"] for note in model.meta.get("adapted", ())]
    own = tuple(domain for domain in data["domains"] if domain not in later)
    try:
        dataset = open_dataset(
            data["name"],
            split="train",
            image_size=model.image_size,
            source=source or data["source"],
            domains=own,
            count=data["train_count"],
            left_out=tuple(data.get("left_out", ())),
        )
    except UserError as error:
        raise UserError(f"the model's own training data, which --data can name, are needed and cannot be used: {error}") from error
    return _join(_draw_subset(dataset, seed), [(domain, _replay(model, domain, dataset, seed)) for domain in later])


def _draw_subset(dataset: Dataset, seed: int) -> Dataset:
    """Draws at most `OLD_COUNT` pictures, in memory and without annotations; at least one of each domain."""
    order = np.random.default_rng(seed).permutation(len(dataset.rows))
    first = [order[dataset.domain[order] == number][:1] for number in range(len(dataset.domains))]
    rows = np.unique(np.concatenate([*first, order[:OLD_COUNT]]))
    images, rows = dataset.images[dataset.rows[rows]], np.arange(len(rows))
    return dataset._replace(images=images, rows=rows, domain=dataset.domain[rows], annotations={}, names={}, partner=None)


def _replay(model: Model, domain: str, dataset: Dataset, seed: int) -> Pixels:
    """Contents of the dataset in styles that the model draws."""
    rows = np.random.default_rng(seed).permutation(len(dataset.rows))[:_REPLAY_COUNT]
    contents = list(dataset.images[dataset.rows[rows]])
    return model.sample(len(contents), seed, content=contents, domain=domain)


def _join(dataset: Dataset, more: Sequence[tuple[str, Pixels]]) -> Dataset:
    """Adds further domains to the dataset, each by its name and its pictures."""
    images, domain = [dataset.images], [dataset.domain]
    for number, (_, pixels) in enumerate(more, len(dataset.domains)):
        images.append(pixels)
        domain.append(np.full(len(pixels), number, np.int32))
    images, domains = np.concatenate(images), (*dataset.domains, *(name for name, _ in more))
    return dataset._replace(images=images, rows=np.arange(len(images)), domain=np.concatenate(domain), domains=domains)


def make_batch(pictures: FewShotPictures, positions: np.ndarray, seed: int) -> dict[str, Any]:
    """The examples at these positions.

    Returns:
      "position" int32 (b,); "image", a content of an old domain, uint8 (b, size, size, 3), and its "domain" int32 (b,); "reference" and
      "reference2", two new pictures, and "target_domain", the new one; "old_reference" and "old_domain" of any old domain.
    """
    batch: Mapping[str, Any] = loader.make_batch(pictures.old, positions, seed)
    new = np.zeros(len(pictures.new), np.int32)
    _, first, second = reference_rows(positions, new, 1, seed)
    return {
        **batch,
        "old_reference": batch["reference"],
        "old_domain": batch["target_domain"],
        "reference": pictures.new[first],
        "reference2": pictures.new[second],
        "target_domain": np.full(len(positions), len(pictures.old.domains), np.int32),
    }
