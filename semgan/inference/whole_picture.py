"""Translates whole pictures of any shape: at the model's size or another, in tiles where they are large, flat or all around."""

from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

import jax
import numpy as np

from semgan import trained_model
from semgan.data.decode import Decoded, fit, size_of
from semgan.errors import UserError
from semgan.inference import masks, parts, style_request
from semgan.inference.masks import Mask
from semgan.inference.parts import Guide
from semgan.inference.style_request import Style
from semgan.pictures import tiles
from semgan.pictures.frame import short_side
from semgan.pictures.gpano import Area
from semgan.pictures.scene import Scene, View, picture_of, scene_of
from semgan.pictures.square import put_back
from semgan.pictures.tiles import Field
from semgan.trained_model import TrainedModel

PLAIN = View()
MOST_PIXELS = 2**21
"""Larger pictures before the network are translated in tiles."""
TILE = 1024
"""The side of these, in pixels."""
_LEAST_PROBE = 256
"""Pixels: the side of the picture in which a network's reach is measured first."""


class Content(NamedTuple):
    """A content, ready for the network.

    Attributes:
      size: (height, width), in pixels.
      scene: how it is laid before the network; None where the model's grid is fixed.
      square: uint8 (size, size, 3), its centred square at the model's size.
      alpha: uint8 (height, width); None where it is opaque.
      colour: all of it, uint8 (height, width, 3), where the model's grid is fixed and the rest stays as it is.
    """

    size: tuple[int, int]
    scene: Scene | None
    square: np.ndarray
    alpha: np.ndarray | None = None
    colour: np.ndarray | None = None

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of what the network sees; contents with the same can be translated together."""
        return (self.square.shape,) if self.scene is None else self.scene.shape


def check_view(model: TrainedModel, view: View) -> None:
    """Raises a UserError for what the model cannot do."""
    short_side(1, 1, view.size, model.image_size)
    if not isinstance(view.tile, Integral) or view.tile < 0:
        raise UserError(f"tile is {view.tile!r}: give the side of the tiles in pixels, or 0 (--tile)")
    if model.algorithm.stride is None and view != PLAIN:
        raise UserError(f"{fixed_grid(model)}: leave out --size, --tile, --panorama and --stereo")


def fixed_grid(model: TrainedModel) -> str:
    """Returns what to say of a model whose networks work at one size alone."""
    size = model.image_size
    return f"this model works on a fixed grid of {size} x {size} pixels and translates the centred square of a picture alone"


def prepare(model: TrainedModel, picture: Decoded, view: View, area: Area | None = None) -> Content:
    """Lays a picture before the model's network; `area` is the part of the sphere that a panorama shows."""
    colour, alpha = picture
    size, square = size_of(colour), fit(colour, model.image_size)
    if model.algorithm.stride is None:
        return Content(size, None, square, alpha, colour)
    return Content(size, scene_of(colour, view, model.image_size, model.algorithm.stride, area), square, alpha)


def in_parts(content: Content, view: View) -> bool:
    """Returns whether a content is translated part by part, rather than at once."""
    if content.scene is None:
        return False
    height, width = content.scene.shape[0][:2]
    return not content.scene.is_plain or (max(height, width) > view.tile if view.tile else height * width > MOST_PIXELS)


def translate_contents(
    model: TrainedModel, styles: Sequence[Style], contents: Sequence[Content], view: View, masks_: Sequence[Mask] = (), label: str = ""
) -> list[list[np.ndarray]]:
    """Translates contents of one shape before the network: all at once, or each part by part.

    Args:
      styles: one per content, alike but for its domain.
      masks_: one per content, for models that need them.
      label: what progress is shown of; none: it is not shown.

    Returns:
      Each content's images, for `finish`.
    """
    examples = []
    for number, (style, content) in enumerate(zip(styles, contents, strict=True)):
        inputs = masks.inputs_of(model, masks_[number : number + 1], [content.size])
        examples.append(style_request.batch_of(model, style, content.square, inputs))
    if model.algorithm.stride is None:
        return [[image] for image in _sample(model, styles[0], examples)]
    scenes = [_with_regions(model, style, content.scene) for style, content in zip(styles, contents, strict=True)]
    if in_parts(contents[0], view):
        return [_part_by_part(model, *each, view, label) for each in zip(styles, examples, scenes, strict=True)]
    batches = [_batch_of_field(example, scene.fields[0]) for example, scene in zip(examples, scenes, strict=True)]
    return [[image] for image in _sample(model, styles[0], batches)]


def finish(content: Content, images: Sequence[np.ndarray]) -> np.ndarray:
    """Makes the result of a translated content: uint8 (height, width, 3), of the content's size; 4 with its alpha."""
    if content.scene is not None:
        result = picture_of(content.scene, images)
    else:
        assert content.colour is not None  # which belongs to a fixed grid
        result = put_back(content.colour, images[0])
    return result if content.alpha is None else np.dstack([result, content.alpha])


def guide_of(model: TrainedModel, style: Style, example: dict[str, np.ndarray]) -> Guide:
    """Returns what the parts of a content take beside it.

    Args:
      example: of `style_request.batch_of`.
    """
    kind = guide_kind(model, style)
    needless = {"reference": "position", "latent": "reference"}.get(kind, "")  # with it, the other kind would be computed as well
    batch = {"reference": example["image"], **example} | ({"own_picture": example["image"]} if "strength" in example else {})
    batch = {name: values for name, values in batch.items() if name not in ("image", needless)}
    return Guide(batch, kind, jax.random.key(style.latent_seed or 0))


def guide_kind(model: TrainedModel, style: Style) -> str:
    """Returns the kind of sample that a style asks for."""
    if style.latent_seed is not None:
        return "latent"
    return "reference" if trained_model.is_guided(model) else "translated"


def _with_regions(model: TrainedModel, style: Style, scene: Scene | None) -> Scene:
    """The scene whose fields know where the style's regions are."""
    assert scene is not None  # this model's grid is not fixed
    if not style.classes:
        return scene
    fields = [field._replace(regions=style_request.region_weights(model, field.image, style.classes)[0]) for field in scene.fields]
    return scene._replace(fields=tuple(fields))


def _batch_of_field(example: dict[str, np.ndarray], field: Field) -> dict[str, np.ndarray]:
    """The batch of one example whose image is the whole field."""
    square, (height, width) = example["image"], field.image.shape[:2]
    batch = {"reference": square, **example, "image": field.image[None]}
    if "strength" in example:
        batch["own_picture"] = square
    if field.regions is not None:
        batch["regions"] = tiles.sample(field.regions, np.arange(height), np.arange(width), height, width)[None]
    return batch


def _sample(model: TrainedModel, style: Style, examples: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
    batch = {name: np.concatenate([example[name] for example in examples]) for name in examples[0]}
    kind = guide_kind(model, style)
    return trained_model.sample(model, batch, jax.random.key(style.latent_seed or 0), kind=kind, size=len(examples))[kind]


def _part_by_part(
    model: TrainedModel, style: Style, example: dict[str, np.ndarray], scene: Scene, view: View, label: str
) -> list[np.ndarray]:
    guide, stride = guide_of(model, style, example), model.algorithm.stride or 1
    largest = max(max(shape[:2]) for shape in scene.shape)
    side = view.tile or TILE
    is_small = not view.tile and all(height * width <= MOST_PIXELS for height, width, _ in scene.shape)
    margin = parts.reach(model, guide, max(_LEAST_PROBE // stride, 4) * stride)
    if is_small:  # each field is one part, with what lies around it where its edges are one place
        side = largest + 2 * margin
    return parts.translate_fields(model, guide, scene.fields, side=max(side // stride, 1) * stride, margin=margin, label=label)
