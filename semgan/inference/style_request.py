"""The style that a user requests, checked once and prepared for any number of contents."""

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from semgan import trained_model
from semgan.data.augment import to_float
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import domain_choice, recipe
from semgan.inference.domain_choice import NamedImage, domain_index
from semgan.names import require
from semgan.networks.judge import run_heads
from semgan.pictures.frame import resize
from semgan.pictures.read import Picture, is_loaded, read
from semgan.trained_model import TrainedModel
from semgan.types import HEADS

_ENCODER = "style_encoder"
_NUMBERS = 2**31
"""How many samples of a seed there are."""
_NO_INPUTS: Mapping[str, np.ndarray] = MappingProxyType({})


class Request(NamedTuple):
    """The style arguments of `Model.translate`."""

    reference: Picture | Sequence[Picture] | None = None
    style: str | None = None
    domain: str | None = None
    content_domain: str | None = None
    latent_seed: int | None = None
    regions: Mapping[str, Picture] | None = None
    strength: float = 1.0
    truncation: float = 1.0


class Style(NamedTuple):
    """A style prepared for a model.

    Attributes:
      entries: of a batch of one example: what the style is, beside the content.
      target: number of the domain translated into; None: the content's own.
      own: number of the content's domain; None: it is to be guessed.
      latent_seed: as asked for.
      classes: numbers of the mask classes that the entry `region_styles` is for.
      guesses: name and domain of each of the style's pictures whose domain had to be guessed.
    """

    entries: dict[str, np.ndarray]
    target: int | None = None
    own: int | None = None
    latent_seed: int | None = None
    classes: tuple[int, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()


def prepare(model: TrainedModel, request: Request) -> Style:
    """The style that is asked for; UserError as in `Model.translate`, but for what is wrong with a content."""
    _check(model, request)
    if not trained_model.is_guided(model):
        own, target = domain_choice.direction(model, request.content_domain, request.domain)
        return Style({}, target, own)
    domain, attributes = _domain_and_attributes(model, request)
    style = _base(model, request, domain, attributes)
    if request.regions:
        style = _with_regions(model, style, request.regions, domain)
    weakened = {name: np.array([value], np.float32) for name in ("strength", "truncation") if (value := getattr(request, name)) < 1}
    own = style.target if request.strength == 1 else None
    if request.content_domain is not None:
        own = domain_index(model, request.content_domain)
    return style._replace(entries=style.entries | weakened, own=own)


def batch_of(model: TrainedModel, style: Style, image: np.ndarray, inputs: Mapping[str, np.ndarray] = _NO_INPUTS) -> dict[str, np.ndarray]:
    """Makes the batch of one example for `Model.translate_batch`, but for `regions`, see `region_weights`.

    Args:
      image: the content, uint8 (size, size, 3).
      inputs: what else the model needs of it, see `masks.inputs_of`.
    """
    own = domain_choice.guess(model, image, "content_domain") if style.own is None else style.own
    target = own if style.target is None else style.target
    numbers = {"domain": own, "target_domain": target, "position": 0}
    return {"image": image[None], **inputs, **{name: np.array([number], np.int32) for name, number in numbers.items()}, **style.entries}


def region_weights(model: TrainedModel, picture: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """The shares of none of the classes, and of each, at every place of a picture, as the semantic heads see them.

    The heads see squares of the trained size: of a longer picture several, which overlap by half or more and are blended.

    Args:
      picture: uint8 (height, width, 3), of any size.

    Returns:
      float32 (1, height_out, width_out, 1 + classes), the shorter side as long as the model's pictures.
    """
    size = model.image_size
    scale = size / min(picture.shape[:2])
    height, width = (max(round(length * scale), size) for length in picture.shape[:2])
    picture = resize(picture, height, width)
    ramp = 1 - np.abs((np.arange(size) + 0.5) / size * 2 - 1)
    window = np.minimum.outer(ramp, ramp)[..., None]
    shares, total = np.zeros((height, width, 1 + len(classes))), np.zeros((height, width, 1))
    for top in _starts(height, size):
        for left in _starts(width, size):
            place = slice(top, top + size), slice(left, left + size)
            shares[place] += window * _square_weights(model, picture[place], classes)
            total[place] += window
    return (shares / total)[None].astype(np.float32)


def _starts(length: int, size: int) -> list[int]:
    """The places of squares that cover a length and overlap by half or more."""
    count = -(-2 * (length - size) // size) + 1
    return [place * (length - size) // max(count - 1, 1) for place in range(count)]


def _square_weights(model: TrainedModel, image: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """The shares in uint8 (size, size, 3): float32 (size, size, 1 + classes)."""
    logits = run_heads(model.algorithm.networks, partial(trained_model.apply, model), jnp.asarray(to_float(image[None]))).mask
    assert logits is not None  # what gives the model its `mask_classes`
    shares = np.asarray(jax.nn.softmax(logits))[0][..., list(classes)]
    return np.concatenate([np.maximum(1 - shares.sum(-1, keepdims=True), 0), shares], -1)


def _check(model: TrainedModel, request: Request) -> None:
    """Raises a UserError unless this model translates by what the request gives."""
    check_translates(model)
    is_guided = trained_model.is_guided(model)
    strength, sources = request.strength, sum(each is not None for each in (request.reference, request.latent_seed, request.style))
    if not isinstance(strength, Real) or not 0 <= strength <= 1:
        raise UserError(f"strength is {strength!r}: give a number from 0 (the content's own style) to 1 (the reference's)")
    check_truncation(request.truncation)
    check_seed(request.latent_seed or 0)
    if not is_guided and (sources or request.regions):
        raise UserError("this model needs no style: leave out --reference, --latent-seed, --style and --region")
    if not is_guided and (strength < 1 or request.truncation < 1):
        raise UserError("this model has no style to weaken: leave out --strength and --truncation")
    if is_guided and sources != 1 and (sources or not request.regions):
        raise UserError(
            "a style comes from references, a latent seed or a recipe: give one of the three (--reference, --latent-seed or --style)"
        )


def check_translates(model: TrainedModel) -> None:
    """Raises a UserError for a model that draws from noise."""
    if trained_model.kinds(model) == {"sample"}:
        raise UserError("this model draws pictures from noise and cannot translate any: use `semgan sample` (model.sample)")


def check_seed(seed: int) -> None:
    """Raises a UserError unless JAX takes the seed."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise UserError(f"the seed is {seed!r}: give a whole number from 0 to {2**32 - 1}")


def check_numbers(first: int, count: int) -> None:
    """Raises a UserError unless samples have these numbers, which are 32-bit integers."""
    if not isinstance(first, Integral) or not isinstance(count, Integral) or first < 0 or count < 1 or first + count > _NUMBERS:
        raise UserError(f"there are no {count!r} samples from number {first!r} on: numbers are whole, from 0 to {_NUMBERS - 1}")


def check_truncation(truncation: float) -> None:
    """Raises a UserError unless the value is in [0, 1]."""
    if not isinstance(truncation, Real) or not 0 <= truncation <= 1:
        raise UserError(f"truncation is {truncation!r}: give a number from 0 (the mean style) to 1 (the style as drawn)")


def _domain_and_attributes(model: TrainedModel, request: Request) -> tuple[str | None, dict[str, bool]]:
    """The domain that the user names, in the recipe or beside it, and the recipe's attributes."""
    if request.style is None:
        return request.domain, {}
    domain, attributes = recipe.parse(request.style, model.domains)
    if domain and request.domain and domain != request.domain:
        raise UserError(f"the style names the domain {domain!r}, but domain (--domain) is {request.domain!r}: leave one out")
    return domain or request.domain, attributes


def _base(model: TrainedModel, request: Request, domain: str | None, attributes: Mapping[str, bool]) -> Style:
    """The style of the whole picture: a latent's, a recipe's, that of references or, for regions' sake, the content's own."""
    if request.latent_seed is not None:
        return Style({}, domain_choice.required_domain(model, domain, "a latent belongs to no domain"), latent_seed=request.latent_seed)
    if request.style is not None:
        return _of_recipe(model, domain, attributes)
    return Style({}) if request.reference is None else _of_references(model, request.reference, domain)


def _of_recipe(model: TrainedModel, domain: str | None, attributes: Mapping[str, bool]) -> Style:
    fitted = recipe.recipe_of(model)
    if fitted is None:
        why = "a checkpoint has no recipes, which only a run's snapshots have"
        why = why if model.is_unfitted else "this snapshot has no recipes, whose data had no attributes for them"
        raise UserError(f"{why}: give --reference or --latent-seed")
    target = domain_choice.required_domain(model, domain, "a recipe holds for one domain")
    code = recipe.code_of(fitted, attributes, target, model.domains, recipe.kept_of_content(model.config))
    return Style({"style": code[None]}, target)


def _of_references(model: TrainedModel, reference: Picture | Sequence[Picture], domain: str | None) -> Style:
    """The style of one reference, which is encoded as the content is translated, or the mean of several references' styles."""
    several = list(reference) if isinstance(reference, Sequence) and not isinstance(reference, str) else [reference]
    if not several:
        raise UserError("there is no reference among those given: give one picture or more (--reference)")
    if len(several) > 1 and _ENCODER not in model.params:
        raise UserError("this model has no style encoder whose codes could be averaged: give one reference")
    names = [f"reference {number}" for number in range(1, len(several) + 1)] if len(several) > 1 else ["reference"]
    images = [_named_image(model, each, name) for each, name in zip(several, names, strict=True)]
    target, guesses = domain_choice.shared_domain(model, images, domain)
    if len(images) == 1:
        return Style({"reference": images[0][1][None]}, target, guesses=guesses)
    mean = np.mean([_encode(model, image, target) for _, image in images], 0)
    return Style({"style": mean[None]}, target, guesses=guesses)


def _with_regions(model: TrainedModel, style: Style, regions: Mapping[str, Picture], domain: str | None) -> Style:
    """Adds the pictures' styles within the named classes: in the domain that the user names, or each in the one it looks like."""
    if not model.mask_classes or HEADS not in model.params:
        raise UserError("this model has not learned from masks to tell the regions of a picture: leave out regions (--region)")
    classes = tuple(model.mask_classes.index(require(name, model.mask_classes, "region")) for name in regions)
    codes, guesses = [], style.guesses
    for name, picture in regions.items():
        image = _named_image(model, picture, f"picture for {name!r}")
        number, guess = domain_choice.shared_domain(model, [image], domain)
        codes.append(_encode(model, image[1], number))
        guesses += guess
    return style._replace(entries=style.entries | {"region_styles": np.stack(codes)[None]}, classes=classes, guesses=guesses)


def _named_image(model: TrainedModel, picture: Picture, name: str) -> NamedImage:
    """Reads a picture for the model, named by its path or, without one, by `name`."""
    image = fit(read(picture, name), model.image_size)
    return (name if is_loaded(picture) else str(picture)), image


def _encode(model: TrainedModel, image: np.ndarray, domain: int) -> np.ndarray:
    """The style code, float32 (style,)."""
    return np.asarray(trained_model.apply(model, _ENCODER, to_float(image[None]), np.array([domain], np.int32)))[0]
