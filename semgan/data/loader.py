"""Batches for training: gathered on the host from the memory-mapped cache, one thread ahead of the device."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from semgan.data import order
from semgan.data.dataset import Dataset
from semgan.errors import UserError

T = TypeVar("T")
_DONE = object()


def make_batch(dataset: Dataset, positions: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The examples at these positions of the data's order.

    Args:
      positions: int64 (b,): numbers of examples seen before, from 0.

    Returns:
      "position" int32 (b,); "image", "reference", "reference2" uint8 (b, size, size, 3); "domain" (of the image) and
      "target_domain" (of both references) int32 (b,).
    """
    content = order.content_rows(positions, len(dataset.rows), seed)
    target, reference, reference2 = order.reference_rows(positions, dataset.domain, len(dataset.domains), seed)
    return {
        "position": np.asarray(positions).astype(np.int32),
        "image": dataset.images[dataset.rows[content]],
        "domain": dataset.domain[content],
        "reference": dataset.images[dataset.rows[reference]],
        "reference2": dataset.images[dataset.rows[reference2]],
        "target_domain": target.astype(np.int32),
    }


def batches(
    dataset: Dataset, *, batch_size: int, seed: int, position: int = 0, host: int = 0, hosts: int = 1, prefetch: int = 2
) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches from `position` on; each host takes its contiguous slice of the global batch.

    The hosts' slices put together are the same bytes for any number of hosts. `prefetch` batches are made ahead by one
    thread (0: none); closing the iterator ends it, and what it raises is raised here.
    """
    if batch_size % hosts:
        raise UserError(f"batch_size {batch_size} does not divide over {hosts} hosts; use a multiple of {hosts}")
    made = _batches(dataset, batch_size, seed, position, host, hosts)
    return _ahead(made, prefetch) if prefetch else made


def _batches(dataset: Dataset, batch_size: int, seed: int, position: int, host: int, hosts: int) -> Iterator[dict[str, np.ndarray]]:
    share = batch_size // hosts
    own = np.arange(host * share, (host + 1) * share, dtype=np.int64)
    while True:
        yield make_batch(dataset, position + own, seed)
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
