"""What is annotated of a picture, and how it moves along when the picture is mirrored or cropped."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

PLACED = ("mask", "landmarks")
"""Annotations that have a place in the picture."""
_MIRRORED = np.array([1, 0, 2, 4, 3])
"""Left and right eye, and left and right mouth corner, change places in a mirrored picture."""


class Boxes(NamedTuple):
    """Parts of pictures, in pixels from the top left corner, one an example."""

    top: Float[Array, " batch"]
    left: Float[Array, " batch"]
    height: Float[Array, " batch"]
    width: Float[Array, " batch"]


def mirror(annotated: Mapping[str, Any], chosen: Bool[Array, " batch"]) -> dict[str, Array]:
    """The chosen examples mirrored left to right: class ids (batch, size, size) and places (x, y) in fractions (batch, 5, 2)."""
    result = dict(annotated)
    if "mask" in annotated:
        result["mask"] = jnp.where(chosen[:, None, None], annotated["mask"][:, :, ::-1], annotated["mask"])
    if "landmarks" in annotated:
        places = annotated["landmarks"]
        mirrored = (places * jnp.array([-1.0, 1.0]) + jnp.array([1.0, 0.0]))[:, _MIRRORED]
        result["landmarks"] = jnp.where(chosen[:, None, None], mirrored, places)
    return result


def crop(annotated: Mapping[str, Any], box: Boxes, size: int) -> dict[str, Array]:
    """As the boxes, enlarged to the full size, show them; places outside a box come to lie outside [0, 1]."""
    result = dict(annotated)
    if "mask" in annotated:
        rows, columns = (_nearest(start, length, size) for start, length in ((box.top, box.height), (box.left, box.width)))
        taken = jnp.take_along_axis(annotated["mask"], rows[:, :, None], 1)
        result["mask"] = jnp.take_along_axis(taken, columns[:, None, :], 2)
    if "landmarks" in annotated:
        start, length = jnp.stack([box.left, box.top], -1), jnp.stack([box.width, box.height], -1)
        result["landmarks"] = (annotated["landmarks"] * size - start[:, None]) / length[:, None]
    return result


def _nearest(start: Float[Array, " batch"], length: Float[Array, " batch"], size: int) -> Array:
    """The pixel of the whole picture that each pixel of the enlarged box shows, (batch, size)."""
    place = start[:, None] + (jnp.arange(size) + 0.5) * (length[:, None] / size)
    return jnp.clip(jnp.floor(place).astype(jnp.int32), 0, size - 1)
