"""The shapes of a training batch, for what is traced or planned before any data are opened."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from semgan.data.loader import AnnotationNames
from semgan.types import OF_REFERENCE

BatchShapes = dict[str, jax.ShapeDtypeStruct]


def batch_shapes(count: int, image_size: int, annotations: AnnotationNames, sizes: Mapping[str, int]) -> BatchShapes:
    """The shapes and types of what `semgan.data.loader.make_batch` returns for `count` examples.

    Args:
      image_size: pixels; pictures are square.
      annotations: as `make_batch` takes them; attributes have to be named.
      sizes: how many "landmarks" and "boxes" the data have of a picture; needed where `annotations` asks for them.
    """
    shapes: dict[str, tuple[tuple[int, ...], Any]] = {}
    shapes |= dict.fromkeys(("image", "reference", "reference2"), ((image_size, image_size, 3), jnp.uint8))
    shapes |= dict.fromkeys(("position", "domain", "target_domain"), ((), jnp.int32))
    for name, columns in annotations.items():
        shapes[name] = _annotation(name.removeprefix(OF_REFERENCE), len(columns), image_size, sizes)
    return {name: jax.ShapeDtypeStruct((count, *shape), dtype) for name, (shape, dtype) in shapes.items()}


def _annotation(name: str, columns: int, image_size: int, sizes: Mapping[str, int]) -> tuple[tuple[int, ...], Any]:
    """One picture's; see `semgan.data.dataset.Dataset`."""
    if name == "mask":
        return (image_size, image_size), jnp.uint8
    if name == "category":
        return (), jnp.int32
    if name in ("landmarks", "boxes"):
        return (sizes[name], 2 if name == "landmarks" else 4), jnp.float32
    return (columns,), jnp.int8
