"""The mask of a content, for models that sample from one: read, checked, and fitted to the model as the content is."""

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from semgan.data.decode import DecodeError
from semgan.data.folder_masks import fit_mask, load_mask, size_fault
from semgan.errors import UserError
from semgan.trained_model import TrainedModel

Mask = np.ndarray | Image.Image | str | os.PathLike[str]
"""Class ids: uint8 (height, width), a Pillow image of 8-bit grey or with a palette, or the path of such a PNG."""
_MASK = "mask"


def check_presence(model: TrainedModel, has_mask: bool) -> None:
    """Raises a UserError where a mask is missing, or is given to a model that has no use for it."""
    needs = model.algorithm.inputs
    if others := [name for name in needs if name != _MASK]:
        raise UserError(f"this model needs the content's {others[0]}, which no picture brings along: use translate_batch in Python")
    if has_mask and _MASK not in needs:
        raise UserError("this model looks at the content itself and needs no mask: leave out mask (--mask)")
    if _MASK in needs and not has_mask:
        classes = f", which are {', '.join(model.mask_classes)}" if model.mask_classes else ""
        raise UserError(f"this model paints from the content's mask: give mask (--mask), a PNG of class ids from 0 on{classes}")


def read_mask(model: TrainedModel, mask: Mask, size: tuple[int, int] | None, name: str = "mask") -> np.ndarray:
    """Reads a mask and fits it to the model: the centred square of the content, by the nearest pixel.

    Args:
      size: the content's (height, width), which the mask has to have; None where there is no content.
      name: of a mask without a path, for sentences about it.

    Returns:
      uint8 (size, size), class ids.

    Raises:
      UserError: it is not a mask, of another size, or of classes that the model does not have.
    """
    if isinstance(mask, str | os.PathLike):
        name = os.fspath(mask)
    ids = _read(mask, name)
    if size is not None and (fault := size_fault(ids.shape, size)):
        raise DecodeError(name, fault)
    classes, largest = model.mask_class_count, int(ids.max())
    if largest >= classes:
        raise DecodeError(name, f"has the class {largest}, but the model has {classes}, from 0 on; correct the mask")
    return fit_mask(ids, model.image_size)


def inputs_of(model: TrainedModel, masks: Sequence[Mask], sizes: Sequence[tuple[int, int]]) -> dict[str, np.ndarray]:
    """Makes what `Algorithm.sample` needs beside pictures, one row per mask; sizes are the contents' (height, width), or none at all.

    Raises:
      UserError: as `check_presence` and `read_mask`, or masks that are not as many as the contents.
    """
    check_presence(model, bool(masks))
    if sizes and masks and len(masks) != len(sizes):
        raise UserError(f"there are {len(sizes)} contents and {len(masks)} masks: give one mask per content")
    if not masks:
        return {}
    content_sizes = sizes or [None] * len(masks)
    names = ["mask"] if len(masks) == 1 else [f"mask {number}" for number in range(1, len(masks) + 1)]
    return {_MASK: np.stack([read_mask(model, *each) for each in zip(masks, content_sizes, names, strict=True)])}


def _read(mask: Mask, name: str) -> np.ndarray:
    """Class ids, uint8 (height, width)."""
    if isinstance(mask, str | os.PathLike):
        if not os.path.isfile(mask):
            raise DecodeError(name, "is not there, or not a file; give a PNG of class ids")
        return load_mask(os.fspath(mask))
    if isinstance(mask, Image.Image):
        if mask.mode not in ("L", "P"):
            raise UserError(f"the {name} has pixels of mode {mask.mode}: give 8-bit grey or a palette, its values the class ids")
        return np.array(mask, np.uint8)
    if mask.dtype != np.uint8 or mask.ndim != 2 or 0 in mask.shape:
        raise UserError(f"the {name} is {mask.dtype} {mask.shape}: give uint8 (height, width)")
    return mask
