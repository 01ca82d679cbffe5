"""The annotations that belong to the content and to the style, and the terms that make translations carry them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common.styles import from_latent
from semgan.errors import UserError
from semgan.losses import semantic
from semgan.networks.judge import Heads
from semgan.types import HEADS, OF_REFERENCE, Batch

_PLURAL = "attributes"


class Semantics(NamedTuple):
    """The annotations that a translation carries, of its content and of its reference.

    Attributes:
      content, style: weights by annotation: of what is the content's, and of what comes from the reference.
      content_attributes, style_attributes: names of the attributes that are meant by "attributes"; the heads have them in this order.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    content_attributes: tuple[str, ...]
    style_attributes: tuple[str, ...]

    @property
    def head_weights(self) -> dict[str, float]:
        """Returns the annotations that the heads learn from real images, with their weights."""
        return {**self.content, **self.style}

    def annotations(self) -> dict[str, tuple[str, ...]]:
        """Returns the annotations that batches have to carry: those the heads learn from images, and those of the references' style."""
        columns, style_columns = ({_PLURAL: names} for names in (self.content_attributes + self.style_attributes, self.style_attributes))
        own = {name: columns.get(name, ()) for name in self.head_weights}
        return own | {f"{OF_REFERENCE}{name}": style_columns.get(name, ()) for name in self.style}


def semantics_of(config: ConfigDict) -> Semantics:
    """The weights above 0 in `config.losses.content` and `.style`, where there are such, and the attributes of those.

    Raises:
      UserError: an unknown annotation, one that is the content's and the style's at once, or attributes without names.
    """
    losses = config.losses
    weights = {of: {name: weight for name, weight in losses.get(of, {}).items() if weight > 0} for of in ("content", "style")}
    for of, annotations in weights.items():
        for name in annotations:
            _check(losses, of, name)
    attributes = {of: tuple(losses[f"{of}_attributes"]) if _PLURAL in annotations else () for of, annotations in weights.items()}
    both = sorted((weights["content"].keys() & weights["style"].keys()) - {_PLURAL}) + sorted(
        {*attributes["content"]} & {*attributes["style"]}
    )
    if both:
        raise UserError(f"config.losses has {both[0]} in content and in style: it can come from one alone, so take it out of the other")
    return Semantics(weights["content"], weights["style"], attributes["content"], attributes["style"])


def _check(losses: ConfigDict, of: str, name: str) -> None:
    if name not in semantic.ANNOTATIONS:
        raise UserError(f"config.losses.{of} names {name!r}, which is not an annotation: choose from {', '.join(semantic.ANNOTATIONS)}")
    if name == _PLURAL and not losses[f"{of}_attributes"]:
        raise UserError(f"config.losses.{of}.attributes is above 0, but config.losses.{of}_attributes is empty: name some, or set it to 0")


def heads_of(config: ConfigDict, semantics: Semantics) -> Heads:
    """Returns what the heads predict: these annotations, as far as `config.networks.semantic_heads` says that the data have them."""
    settings, head_weights = config.networks[HEADS], semantics.head_weights
    sizes = {"mask": "mask_classes", "landmarks": "landmarks", "category": "categories", "boxes": "boxes"}
    counts = {size: settings[size] for name, size in sizes.items() if name in head_weights}
    return Heads(settings.channels, domains=0, attributes=len(semantics.content_attributes + semantics.style_attributes), **counts)


def of_translations(judgement: Any, semantics: Semantics, batch: Batch) -> tuple[Array, dict[str, Array]]:
    """Measures how far fakes carry the contents' annotations and, where references guide them, the references' style annotations.

    Returns:
      the weighted sum of the losses, (batch,), and each annotation's error, (batch,), in its unit; the style's as "style_NAME".
    """
    total, errors, count = jnp.zeros(len(batch["position"])), {}, len(semantics.content_attributes)
    if semantics.content:
        of_content = judgement if judgement.attributes is None else judgement._replace(attributes=judgement.attributes[:, :count])
        truth = {name: batch[name][:, :count] if name == _PLURAL else batch[name] for name in semantics.content}
        total, errors = semantic.consistency(of_content, truth, semantics.content)
    if semantics.style:
        of_style = judgement if judgement.attributes is None else judgement._replace(attributes=judgement.attributes[:, count:])
        theirs = {name: batch[f"{OF_REFERENCE}{name}"] for name in semantics.style}
        style_losses, style_errors = semantic.consistency(of_style, theirs, semantics.style)
        total += jnp.where(from_latent(batch), 0, style_losses)  # a latent has no annotations
        errors = errors | {f"style_{name}": error for name, error in style_errors.items()}
    return total, errors
