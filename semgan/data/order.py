"""The order of examples as pure functions of position and seed: no iterator, so nothing to save and nothing to restore.

Position p is the number of examples seen before. Every draw is a counter hash (SplitMix64), which depends neither on
numpy's version nor on how many hosts share the work.
"""

import functools

import numpy as np

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_CONTENT, _TARGET, _REFERENCE, _REFERENCE_2 = range(4)  # separate streams of draws


def hash_counter(counter: np.ndarray, *salts: int) -> np.ndarray:
    """Uniform uint64 for each counter, another stream for every choice of salts.

    SplitMix64's finalizer (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), once for
    each salt and once for the counter.
    """
    state = np.zeros(1, np.uint64)
    for salt in salts:
        state = _mix(state + np.array([salt], np.int64).astype(np.uint64))
    return _mix(state + np.asarray(counter, np.int64).astype(np.uint64))


def content_rows(positions: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The row at each position: every epoch of `count` positions visits every row once, each in a different order.

    Args:
      positions: int64 (b,), from 0.
      count: rows.

    Returns:
      int64 (b,) in [0, count).
    """
    positions = np.asarray(positions, np.int64)
    epochs, offsets = np.divmod(positions, count)
    rows = np.empty_like(positions)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        rows[here] = _permutation(count, seed, int(epoch))[offsets[here]]
    return rows


def reference_rows(
    positions: np.ndarray, domain: np.ndarray, domain_count: int, seed: int, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A target domain at each position, uniform over the domains whatever their sizes, and two references of it.

    Args:
      positions: int64 (b,), from 0.
      domain: int32 (count,), the domain of each row; every domain has at least one row.
      own: int (b,), domains that must not be the target, one at each position; None: any may be.

    Returns:
      `(target_domain, reference, reference2)`, int64 (b,) each; the references are rows, and differ where the domain has
      more than one.
    """
    draw = hash_counter(positions, seed, _TARGET)
    if own is None:
        target = (draw % np.uint64(domain_count)).astype(np.int64)
    else:
        target = (own.astype(np.int64) + 1 + (draw % np.uint64(domain_count - 1)).astype(np.int64)) % domain_count
    first, second = hash_counter(positions, seed, _REFERENCE), hash_counter(positions, seed, _REFERENCE_2)
    reference, reference2 = np.empty_like(target), np.empty_like(target)
    for index in np.unique(target):
        here, members = target == index, np.flatnonzero(domain == index)
        size = np.uint64(len(members))
        place = first[here] % size
        reference[here] = members[place]
        reference2[here] = members[(place + np.uint64(1) + second[here] % max(size - np.uint64(1), np.uint64(1))) % size]
    return target, reference, reference2


@functools.lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    order = np.argsort(hash_counter(np.arange(count), seed, _CONTENT, epoch), kind="stable")
    order.setflags(write=False)
    return order


def _mix(state: np.ndarray) -> np.ndarray:
    state = state + _GAMMA  # integers wrap, as the hash wants
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))
