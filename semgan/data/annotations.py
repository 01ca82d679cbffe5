"""Mirrors and crops a picture's annotations along with the picture."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

SPATIAL = ("mask", "landmarks", "boxes")
"""Annotations with coordinates in the picture."""
LANDMARKS = 5
"""Landmarks per picture: the eyes, the nose and the corners of the mouth."""
ABSENT = -1.0
"""The value of all four sides of a box whose part is not in the picture."""
_MIRRORED = np.array([1, 0, 2, 4, 3])
"""The order of landmarks in a mirrored picture: left and right eye, and left and right mouth corner, are exchanged."""


class Crops(NamedTuple):
    """Parts of pictures, in pixels from the top left corner, one per example."""

    top: Float[Array, " batch"]
    left: Float[Array, " batch"]
    height: Float[Array, " batch"]
    width: Float[Array, " batch"]


def mirror(values: Mapping[str, Any], flips: Bool[Array, " batch"]) -> dict[str, Array]:
    """The chosen examples mirrored left to right.

    Args:
      values: of these, what there is: "mask" class ids (batch, size, size); "landmarks" (x, y) in fractions (batch, 5, 2);
        "boxes" (left, top, right, bottom) in fractions (batch, boxes, 4), all `ABSENT` where there is none. The rest stays as it is.
    """
    result = dict(values)
    if "mask" in values:
        result["mask"] = jnp.where(flips[:, None, None], values["mask"][:, :, ::-1], values["mask"])
    if "landmarks" in values:
        places = values["landmarks"]
        mirrored = (places * jnp.array([[[-1.0, 1.0]]]) + jnp.array([[[1.0, 0.0]]]))[:, _MIRRORED]
        result["landmarks"] = jnp.where(flips[:, None, None], mirrored, places)
    if "boxes" in values:
        left, top, right, bottom = jnp.moveaxis(values["boxes"], -1, 0)
        mirrored = jnp.stack([1 - right, top, 1 - left, bottom], -1)
        result["boxes"] = jnp.where(flips[:, None, None] & _present(values["boxes"]), mirrored, values["boxes"])
    return result


def crop(values: Mapping[str, Any], part: Crops, size: int) -> dict[str, Array]:
    """Crops annotations as `mirror` takes them to the parts, enlarged to the full size.

    Landmarks outside a part come to lie outside [0, 1]. Boxes are clipped to it; one that lies wholly outside becomes `ABSENT`.
    """
    result = dict(values)
    if "mask" in values:
        rows, columns = (_nearest(start, length, size) for start, length in ((part.top, part.height), (part.left, part.width)))
        classes = jnp.take_along_axis(values["mask"], rows[:, :, None], 1)
        result["mask"] = jnp.take_along_axis(classes, columns[:, None, :], 2)
    start, length = jnp.stack([part.left, part.top], -1)[:, None], jnp.stack([part.width, part.height], -1)[:, None]
    if "landmarks" in values:
        result["landmarks"] = (values["landmarks"] * size - start) / length
    if "boxes" in values:
        boxes = values["boxes"]
        moved = jnp.clip((boxes * size - jnp.tile(start, 2)) / jnp.tile(length, 2), 0, 1)
        visible = _present(boxes) & jnp.all(moved[..., 2:] > moved[..., :2], -1, keepdims=True)
        result["boxes"] = jnp.where(visible, moved, ABSENT)
    return result


def _present(boxes: Float[Array, "batch box 4"]) -> Bool[Array, "batch box 1"]:
    return boxes[..., :1] >= 0


def _nearest(start: Float[Array, " batch"], length: Float[Array, " batch"], size: int) -> Array:
    """The pixel of the whole picture that each pixel of the enlarged box shows, (batch, size)."""
    place = start[:, None] + (jnp.arange(size) + 0.5)[None] * (length[:, None] / size)
    return jnp.clip(jnp.floor(place).astype(jnp.int32), 0, size - 1)
