"""Batches for training: gathered on the host from the memory-mapped cache, one thread ahead of the device."""

import difflib
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from semgan.data import order
from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.types import OF_REFERENCE

AnnotationNames = Mapping[str, Sequence[str]]
NO_ANNOTATIONS: AnnotationNames = MappingProxyType({})
T = TypeVar("T")
_DONE = object()


def make_batch(
    dataset: Dataset, positions: np.ndarray, seed: int, pairing: str = "any", annotations: AnnotationNames = NO_ANNOTATIONS
) -> dict[str, np.ndarray]:
    """The examples at these positions of the data's order.

    Args:
      positions: int64 (b,): numbers of examples seen before, from 0.
      pairing: how references go with contents, `config.data.pairing`: "any", of any domain, drawn uniformly (StarGAN v2); "other", of
        another domain than the content's; "paired", the content's own partner in the other domain, for a dataset opened with `paired`;
        "none", any pictures, whatever their domain (no translation).
      annotations: of the image, by the names of `Dataset.annotations`, each with the attributes wanted, in that order (none: all that
        there is); "reference_NAME" is of the reference.

    Returns:
      "position" int32 (b,); "image", "reference", "reference2" uint8 (b, size, size, 3); "domain" (of the image) and
      "target_domain" (of the reference) int32 (b,); and the annotations by name.
    """
    content = order.content_rows(positions, len(dataset.rows), seed)
    reference, reference2 = draw_references(dataset, positions, content, seed, pairing)
    return {
        "position": np.asarray(positions).astype(np.int32),
        "image": dataset.images[dataset.rows[content]],
        "domain": dataset.domain[content],
        "reference": dataset.images[dataset.rows[reference]],
        "reference2": dataset.images[dataset.rows[reference2]],
        "target_domain": dataset.domain[reference],
        **{name: _annotation(dataset, name, columns, content, reference) for name, columns in annotations.items()},
    }


def take_inputs(dataset: Dataset, inputs: AnnotationNames, places: np.ndarray) -> dict[str, np.ndarray]:
    """Takes what a sampling batch needs beside pictures from a dataset.

    Args:
      inputs: `Algorithm.inputs`.
      places: int64 (b,), of the contents in the dataset's `rows`.

    Returns:
      The annotations by name, as `make_batch` has them.
    """
    return {name: _annotation(dataset, name, columns, places, places) for name, columns in inputs.items()}


def _annotation(dataset: Dataset, name: str, columns: Sequence[str], content: np.ndarray, reference: np.ndarray) -> np.ndarray:
    own = name.removeprefix(OF_REFERENCE)
    values = dataset.annotations[own][dataset.rows[content if own == name else reference]]
    return values[:, [dataset.names[own].index(column) for column in columns]] if columns else values


def check_annotated(dataset: Dataset, annotations: AnnotationNames) -> None:
    """Raises a UserError unless the data have all that `make_batch` is to take from them."""
    for name, columns in annotations.items():
        own = name.removeprefix(OF_REFERENCE)
        if own not in dataset.annotations:
            has = ", ".join(dataset.annotations) or "nothing"
            raise UserError(
                f"config.losses needs {own} of every picture, but of {dataset.name} ({dataset.split}) there is {has}: take {own} out of "
                f"config.losses.content and config.losses.style, or {dataset.lacks.get(own, 'give data that have it')}"
            )
        if missing := [column for column in columns if column not in dataset.names[own]]:
            near = difflib.get_close_matches(missing[0], dataset.names[own], 1, 0)[0]
            raise UserError(
                f"config.losses names the attribute {missing[0]!r}, which {dataset.name} ({dataset.split}) does not have: did you mean "
                f"{near!r}? There are {', '.join(dataset.names[own])}"
            )


def check_inputs(dataset: Dataset, inputs: AnnotationNames, algorithm: str) -> None:
    """Raises a UserError unless the data have all that `take_inputs` is to take from them; `algorithm` is the name for its sentence."""
    if missing := [name for name in inputs if name not in dataset.annotations]:
        has = ", ".join(dataset.annotations) or "nothing"
        raise UserError(
            f"{algorithm} needs the {missing[0]} of every content, but of {dataset.name} ({dataset.split}) there is {has}: "
            f"{dataset.lacks.get(missing[0], 'give data that have it')}, or choose another algorithm"
        )


def draw_references(dataset: Dataset, positions: np.ndarray, content: np.ndarray, seed: int, pairing: str) -> tuple[np.ndarray, np.ndarray]:
    """Two places in `dataset.rows` for each content."""
    if pairing == "paired":
        assert dataset.partner is not None, "open the dataset with paired=True"
        return dataset.partner[content], dataset.partner[content]
    domain, count = (np.zeros_like(dataset.domain), 1) if pairing == "none" else (dataset.domain, len(dataset.domains))
    own = dataset.domain[content] if pairing == "other" else None
    return order.reference_rows(positions, domain, count, seed, own)[1:]


def batches(
    dataset: Dataset,
    *,
    batch_size: int,
    seed: int,
    position: int = 0,
    pairing: str = "any",
    host: int = 0,
    hosts: int = 1,
    prefetch: int = 2,
    annotations: AnnotationNames = NO_ANNOTATIONS,
) -> Iterator[dict[str, np.ndarray]]:
    """Yields batches without end from `position` on; each host takes its contiguous slice of the global batch.

    The hosts' slices put together are the same bytes for any number of hosts. `prefetch` batches are made ahead by one
    thread (0: none); closing the iterator ends it, and what it raises is raised here.
    """
    if batch_size % hosts:
        raise UserError(f"batch_size {batch_size} does not divide over {hosts} hosts; use a multiple of {hosts}")
    stream = _batches(dataset, batch_size, seed, position, pairing, host, hosts, annotations)
    return _ahead(stream, prefetch) if prefetch else stream


def _batches(
    dataset: Dataset, batch_size: int, seed: int, position: int, pairing: str, host: int, hosts: int, annotations: AnnotationNames
) -> Iterator[dict[str, np.ndarray]]:
    share = batch_size // hosts
    own = np.arange(host * share, (host + 1) * share, dtype=np.int64)
    while True:
        yield make_batch(dataset, position + own, seed, pairing, annotations)
        position += batch_size


def _ahead(items: Iterator[T], count: int) -> Iterator[T]:
    """The same items, up to `count` of them made in advance by a thread."""
    ready: queue.Queue = queue.Queue(count)
    closed = threading.Event()

    def put(item: object) -> bool:
        while not closed.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((_DONE, None))
        except Exception as error:  # whatever it is, the consumer gets it
            put((_DONE, error))

    thread = threading.Thread(target=work, name="semgan-batches", daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _DONE:
                return
            yield item
    finally:
        closed.set()
        thread.join()
