"""A pure function over many pictures: batches of one size, each spread over this process's devices."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import UInt8

Pictures = UInt8[np.ndarray, "count height width 3"]
"""RGB, NHWC, of one size, as files hold them: 0 to 255."""
AnyPictures = Pictures | Sequence[UInt8[np.ndarray, "height width 3"]]
"""The same, or pictures of several sizes."""


def replicate(params: Any, devices: Sequence[Any] | None = None) -> Any:
    """The parameters on each of the (jax) devices, all of this process's by default."""
    mesh = Mesh(np.asarray(jax.local_devices() if devices is None else devices), ("data",))
    return jax.device_put(params, NamedSharding(mesh, PartitionSpec()))


def over_batches(
    function: Callable[..., jax.Array],
    params: Any,
    arrays: Sequence[Any],
    *,
    device_batch_size: int,
    prepare: Callable[[Any], np.ndarray] = np.asarray,
) -> np.ndarray:
    """`function(params, *batches)` of all rows, joined; on the devices that the parameters lie on.

    The last batch is filled up with its last row, so that there is one compilation for each shape of a row. The host prepares a batch
    while the devices compute the one before.

    Args:
      function: jitted; row i of what it returns depends on row i of its batches alone.
      params: as `replicate` gives them.
      arrays: with the same first axis, at least one row long; or sequences of as many arrays, which `prepare` makes of one shape.
      prepare: run on the host on each batch of each array.
    """
    mesh = jax.tree.leaves(params)[0].sharding.mesh
    shared = NamedSharding(mesh, PartitionSpec("data"))
    rows, size = len(arrays[0]), device_batch_size * mesh.size
    if not rows or any(len(array) != rows for array in arrays):
        raise ValueError(f"expected arrays of the same length, at least 1, not {[len(array) for array in arrays]}")
    results: list[Any] = []
    for start in range(0, rows, size):
        batches = [_fill(prepare(array[start : start + size]), size) for array in arrays]
        results.append(function(params, *(jax.device_put(batch, shared) for batch in batches)))
        if len(results) > 1:
            results[-2] = jax.device_get(results[-2])
    return np.concatenate([jax.device_get(result) for result in results])[:rows]


def _fill(batch: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])
