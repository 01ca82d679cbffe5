"""Cuts any number of examples into pieces of one size, so that a program is compiled once for all of them."""

from collections.abc import Iterator, Mapping

import numpy as np


def in_pieces(batch: Mapping[str, np.ndarray], size: int) -> Iterator[tuple[dict[str, np.ndarray], int]]:
    """Cuts a batch into pieces; the last one is filled up by repeating its last example.

    Args:
      batch: arrays that share their first axis, (b, ...) with b at least 1.
      size: examples per piece.

    Yields:
      A piece, whose arrays are (size, ...), and how many of its examples count: `size`, or fewer in the last piece.
    """
    count = len(next(iter(batch.values())))
    for start in range(0, count, size):
        rows = np.minimum(np.arange(start, start + size), count - 1)
        yield {name: values[rows] for name, values in batch.items()}, min(size, count - start)
