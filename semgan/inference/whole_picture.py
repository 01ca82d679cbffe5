"""Translates whole pictures of any shape: at the model's size or another, in tiles where they are large, flat or all around."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from semgan import trained_model
from semgan.data.decode import Decoded, fit
from semgan.errors import UserError
from semgan.inference import masks, parts, style_request
from semgan.inference.masks import Mask
from semgan.inference.parts import Guide
from semgan.inference.style_request import Style
from semgan.pictures import tiles
from semgan.pictures.frame import MODEL, Frame, frame_of, lay, restore, short_side
from semgan.pictures.square import put_back
from semgan.pictures.tiles import Field
from semgan.trained_model import TrainedModel

MOST_PIXELS = 2**21
"""Larger pictures before the network are translated in tiles."""
TILE = 1024
"""The side of these, in pixels."""
_LEAST_PROBE = 256  # pixels: the side of what a network's reach is measured in, where there is no tile of that size


class View(NamedTuple):
    """How contents are seen.

    Attributes:
      size: "model", "native" or pixels: the length of the short side before the network.
      tile: pixels a side of the tiles; 0: whole up to `MOST_PIXELS`, and tiles of `TILE` above.
    """

    size: int | str = MODEL
    tile: int = 0


PLAIN = View()


def check_view(model: TrainedModel, view: View) -> None:
    """Raises a UserError for what the model cannot do."""
    short_side(1, 1, view.size, model.image_size)
    if view.tile < 0:
        raise UserError(f"tile is {view.tile}: give the side of the tiles in pixels, or 0 (--tile)")
    if model.algorithm.stride is None and view != PLAIN:
        raise UserError(f"{fixed_grid(model)}: leave out --size, --tile, --panorama and --stereo")


def fixed_grid(model: TrainedModel) -> str:
    """Returns what to say of a model whose networks work at one size alone."""
    size = model.image_size
    return f"this model works on a fixed grid of {size} x {size} pixels and translates the centred square of a picture alone"


def frame(model: TrainedModel, height: int, width: int, view: View) -> Frame:
    """Returns how a picture of that size is laid before the model's network."""
    return frame_of(height, width, short_side(height, width, view.size, model.image_size), model.algorithm.stride or 1)


def is_tiled(laid: Frame, view: View) -> bool:
    """Returns whether a picture is translated in tiles."""
    height, width = laid.shape
    return max(height, width) > view.tile if view.tile else height * width > MOST_PIXELS


class Content(NamedTuple):
    """A content, ready for the network.

    Attributes:
      frame: how it is laid before the network.
      image: uint8, of the frame's full size.
      square: uint8 (size, size, 3), its centred square at the model's size.
      alpha: uint8 (height, width); None where it is opaque.
      colour: all of it, uint8 (height, width, 3), where the model's grid is fixed and the rest stays as it is.
    """

    frame: Frame
    image: np.ndarray
    square: np.ndarray
    alpha: np.ndarray | None = None
    colour: np.ndarray | None = None


def prepare(model: TrainedModel, picture: Decoded, view: View) -> Content:
    """Lays a picture before the model's network."""
    colour, alpha = picture
    laid = frame(model, *colour.shape[:2], view)
    square = fit(colour, model.image_size)
    if model.algorithm.stride is None:
        return Content(laid, square, square, alpha, colour)
    return Content(laid, lay(colour, laid), square, alpha)


def translate_contents(
    model: TrainedModel, styles: Sequence[Style], contents: Sequence[Content], view: View, masks_: Sequence[Mask] = (), label: str = ""
) -> list[np.ndarray]:
    """Translates contents of one shape before the network: all at once where they are not tiled.

    Args:
      styles: one per content, alike but for its domain.
      masks_: one per content, for models that need them.
      label: what progress is shown of; none: it is not shown.

    Returns:
      One image per content for `finish`.
    """
    examples = []
    for number, (style, content) in enumerate(zip(styles, contents, strict=True)):
        inputs = masks.inputs_of(model, masks_[number : number + 1], [content.frame[:2]])
        examples.append(style_request.batch_of(model, style, content.square, inputs))
    if model.algorithm.stride is None:
        return list(_sample(model, styles[0], examples))
    fields = [_field(model, style, content.image) for style, content in zip(styles, contents, strict=True)]
    if is_tiled(contents[0].frame, view):
        return [_tiled(model, *each, view, label)[0] for each in zip(styles, examples, [[field] for field in fields], strict=True)]
    return list(_sample(model, styles[0], [_seen(*each) for each in zip(examples, fields, strict=True)]))


def finish(content: Content, image: np.ndarray) -> np.ndarray:
    """Makes the result of a translated content: uint8 (height, width, 3), of the content's size; 4 with its alpha."""
    result = restore(image, content.frame) if content.colour is None else put_back(content.colour, image)
    return result if content.alpha is None else np.dstack([result, content.alpha])


def _field(model: TrainedModel, style: Style, image: np.ndarray) -> Field:
    return Field(image, regions=style_request.region_weights(model, image, style.classes)[0] if style.classes else None)


def _seen(example: dict[str, np.ndarray], field: Field) -> dict[str, np.ndarray]:
    """The batch of one example whose image is the whole field."""
    square, (height, width) = example["image"], field.image.shape[:2]
    seen = {"reference": square, **example, "image": field.image[None]}
    if "strength" in example:
        seen["own_picture"] = square
    if field.regions is not None:
        seen["regions"] = tiles.sample(field.regions, np.arange(height), np.arange(width), height, width)[None]
    return seen


def guide_kind(model: TrainedModel, style: Style) -> str:
    """Returns the kind of sample that a style asks for."""
    if style.latent_seed is not None:
        return "latent"
    return "reference" if trained_model.is_guided(model) else "translated"


def _sample(model: TrainedModel, style: Style, examples: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
    batch = {name: np.concatenate([example[name] for example in examples]) for name in examples[0]}
    rng = jax.random.key(style.latent_seed or 0)
    kind = guide_kind(model, style)
    return trained_model.sample(model, batch, rng, kind=kind, size=len(examples))[kind]


def guide_of(model: TrainedModel, style: Style, content: Content) -> Guide:
    """Returns what the parts of a content take beside it."""
    return _guide(model, style, style_request.batch_of(model, style, content.square))


def _guide(model: TrainedModel, style: Style, example: dict[str, np.ndarray]) -> Guide:
    kind = guide_kind(model, style)
    needless = {"reference": "position", "latent": "reference"}.get(kind, "")  # with it, the other kind would be computed as well
    batch = {"reference": example["image"], **example} | ({"own_picture": example["image"]} if "strength" in example else {})
    batch = {name: values for name, values in batch.items() if name not in ("image", needless)}
    return Guide(batch, kind, jax.random.key(style.latent_seed or 0))


def _tiled(
    model: TrainedModel, style: Style, example: dict[str, np.ndarray], fields: Sequence[Field], view: View, label: str
) -> list[np.ndarray]:
    """Translates the fields of one whole in tiles, or each as one where they are small."""
    guide, stride = _guide(model, style, example), model.algorithm.stride or 1
    side = max((view.tile or TILE) // stride, 1) * stride
    margin = parts.reach(model, guide, max(side, 4 * stride))
    return parts.translate_fields(model, guide, fields, side=side, margin=margin, label=label)
