"""The fixed held-out pairs that translations are judged on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from semgan.data.dataset import Dataset
from semgan.data.domains import DOMAIN, check_expressions, matches
from semgan.data.loader import NO_ANNOTATIONS, AnnotationNames, take_inputs
from semgan.data.order import content_rows, hash_counter
from semgan.errors import UserError

_ATTRIBUTES = "attributes"
_TARGET, _REFERENCE = 10, 11  # streams of draws, apart from those of training

Translate = Callable[[dict[str, np.ndarray]], np.ndarray]
"""Maps a batch (`image` and `reference` uint8, `domain`, `target_domain` and `position` int32) to translated uint8 images."""


class Pairs(NamedTuple):
    """Held-out pairs of a dataset.

    Attributes:
      content, reference: places in the dataset's `rows` (so `dataset.domain[content]` is a content's domain), int64 (pairs,).
      inputs: what else a content is translated with (`Algorithm.inputs`).
    """

    content: np.ndarray
    reference: np.ndarray
    inputs: AnnotationNames = NO_ANNOTATIONS

    def first(self, count: int) -> "Pairs":
        """Returns the first `count` of them, all if there are fewer."""
        return self._replace(content=self.content[:count], reference=self.reference[:count])


def contents_matching(dataset: Dataset, expression: str) -> Bool[np.ndarray, " row"]:
    """Returns which of the dataset's `rows` match an expression over its domains and attributes (see `semgan.data.domains`).

    Raises:
      UserError: an unknown name, or no picture that matches.
    """
    names, annotations = {DOMAIN: dataset.domains}, {DOMAIN: dataset.domain}
    if _ATTRIBUTES in dataset.annotations:
        names[_ATTRIBUTES] = dataset.names[_ATTRIBUTES]
        annotations[_ATTRIBUTES] = dataset.annotations[_ATTRIBUTES][dataset.rows]
    check_expressions((expression,), names, "--contents")
    rows = matches(expression, annotations, names, len(dataset.rows))
    if not rows.any():
        raise UserError(
            f"--contents: none of the {len(rows):,} pictures of {dataset.name} ({dataset.split}) matches {expression!r}; "
            "ask for fewer terms at once"
        )
    return rows


def choose_pairs(
    dataset: Dataset,
    count: int,
    seed: int = 0,
    targets: Sequence[int] | None = None,
    contents: Bool[np.ndarray, " row"] | None = None,
) -> Pairs:
    """`count` pairs of different domains, a function of the dataset's domains, the targets, the contents and the seed alone.

    Contents come in a shuffled order, all of them before one comes again. The reference's domain is uniform over the other
    domains (with `targets`, over those of them) and the reference uniform in it.

    Args:
      targets: numbers of the domains that references are of; None: all.
      contents: which of the dataset's `rows` may be contents; None: all. References may be any.

    Raises:
      UserError: no pairs are asked for, or none can be made.
    """
    if count < 1:
        raise UserError(f"{count} pairs cannot be measured: set judge.pairs (or --pairs) to at least 1")
    present = np.unique(dataset.domain)
    if len(present) < 2:
        raise UserError(
            f"{dataset.name} has {len(present)} domain in its {dataset.split} split, but a translation is judged between two: "
            "give data with at least two domains"
        )
    targets_of = {own: [*present[present > own], *present[present < own]] for own in present.tolist()}
    if targets is not None:
        targets_of = {own: [domain for domain in others if domain in targets] for own, others in targets_of.items()}
    places = _contents(dataset, targets_of, contents)
    content = places[content_rows(np.arange(count), len(places), seed)]
    step, draw = (hash_counter(np.arange(count), seed, stream) for stream in (_TARGET, _REFERENCE))
    members = {domain: np.flatnonzero(dataset.domain == domain) for domain in present.tolist()}
    reference = []
    for own, turn, number in zip(dataset.domain[content].tolist(), step, draw, strict=True):
        others = targets_of[own]
        target = members[int(others[int(turn % np.uint64(len(others)))])]
        reference.append(target[int(number) % len(target)])
    return Pairs(content, np.array(reference, np.int64))


def _contents(dataset: Dataset, targets_of: Mapping[int, Sequence[int]], contents: Bool[np.ndarray, " row"] | None) -> np.ndarray:
    """Places of the pictures that are asked for and have a domain to be translated into."""
    able = np.array([bool(targets_of[own]) for own in dataset.domain.tolist()])
    if not able.any():
        raise UserError(f"{dataset.name} has no picture in its {dataset.split} split that can be translated: give data of other domains")
    if contents is None:
        return np.flatnonzero(able)
    if not (able & contents).any():
        raise UserError(
            f"--contents: all {int(contents.sum()):,} pictures of {dataset.name} ({dataset.split}) that match are of the domain that is "
            "translated into; give contents of other domains, or another --into"
        )
    return np.flatnonzero(able & contents)


def pair_batches(dataset: Dataset, pairs: Pairs, batch_size: int) -> Iterator[tuple[dict[str, np.ndarray], int]]:
    """Batches of one size and the number of their examples that count: the last is filled up by repeating its last pair."""
    for start in range(0, len(pairs.content), batch_size):
        wanted = np.arange(start, start + batch_size)
        position = np.minimum(wanted, len(pairs.content) - 1)
        content, reference = pairs.content[position], pairs.reference[position]
        batch = {
            "image": dataset.images[dataset.rows[content]],
            "domain": dataset.domain[content].astype(np.int32),
            "reference": dataset.images[dataset.rows[reference]],
            "target_domain": dataset.domain[reference].astype(np.int32),
            "position": position.astype(np.int32),
            **take_inputs(dataset, pairs.inputs, content),
        }
        yield batch, int(np.sum(wanted < len(pairs.content)))


def translate_pairs(translate: Translate, dataset: Dataset, pairs: Pairs, batch_size: int) -> np.ndarray:
    """The translated images of all pairs, uint8 (pairs, size, size, 3)."""
    translated = []
    for batch, count in pair_batches(dataset, pairs, batch_size):
        images = np.asarray(translate(batch))
        if images.shape != batch["image"].shape or images.dtype != np.uint8:
            raise ValueError(f"translate gave {images.dtype} {images.shape}, not uint8 {batch['image'].shape}")
        translated.append(images[:count])
    return np.concatenate(translated)
