"""Semantic consistency: how far what is judged of a picture is from what is annotated, one value per example, float32.

Heads learn these on real images, whose annotations are true; a generator then minimises them on translations, which are to carry the
annotations of their contents or, where an annotation belongs to the style, of their references.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Integer

PerExample = Float[Array, " batch"]
Box = Float[Array, "batch box 4"]
"""(left, top, right, bottom) in fractions of the width and height; all -1 where the part is not in the picture."""
_LEAST = 0.05
"""The least inter-ocular distance that an error is divided by, in picture widths."""
_NEAR = 0.1
"""The error of a box's side, in picture widths, below which the loss is quadratic (Huber's delta)."""


class Annotation(NamedTuple):
    """A kind of annotation.

    Attributes:
      loss: `(predicted, true) -> (batch,)`.
      error: likewise, in the unit that a person reads.
      unit: the error's unit.
    """

    loss: Callable[[Any, Any], PerExample]
    error: Callable[[Any, Any], PerExample]
    unit: str


def mask_loss(logits: Float[Array, "batch height width class"], truth: Integer[Array, "batch height width"]) -> PerExample:
    """Cross-entropy whose classes weigh as the root of how rare they are in the picture, plus one less the mean soft Dice coefficient.

    Small parts (eyes, mouth) count more than their few pixels; the coefficient (Milletari et al. 2016, arXiv 1606.04797) is close to
    the intersection over union and is taken over the classes that the picture has.
    """
    logits, target = logits.astype(jnp.float32), jax.nn.one_hot(truth, logits.shape[-1])
    counts = target.sum((1, 2))
    rarity = jnp.where(counts > 0, jax.lax.rsqrt(jnp.maximum(counts, 1)), 0)
    weights = rarity / jnp.sum(rarity * counts, -1, keepdims=True)
    entropy = -jnp.sum(target * jax.nn.log_softmax(logits), (1, 2))
    share = jax.nn.softmax(logits)
    coefficient = (2 * (share * target).sum((1, 2)) + 1) / (share.sum((1, 2)) + counts + 1)
    present = counts > 0
    return jnp.sum(weights * entropy, -1) + 1 - jnp.sum(coefficient * present, -1) / present.sum(-1)


def lost_iou(logits: Float[Array, "batch height width class"], truth: Integer[Array, "batch height width"]) -> PerExample:
    """One less the mean intersection over union of the classes that the picture has."""
    prediction, target = (jax.nn.one_hot(ids, logits.shape[-1]) for ids in (jnp.argmax(logits, -1), truth))
    both, either = (prediction * target).sum((1, 2)), jnp.maximum(prediction, target).sum((1, 2))
    present = target.sum((1, 2)) > 0
    return 1 - jnp.sum(jnp.where(present, both / jnp.maximum(either, 1), 0), -1) / present.sum(-1)


def landmark_loss(places: Float[Array, "batch landmark 2"], truth: Float[Array, "batch landmark 2"]) -> PerExample:
    """Mean distance, in picture widths and smooth at 0, of the landmarks that are inside the picture."""
    return _mean_inside(jnp.sqrt(jnp.sum((places - truth) ** 2, -1) + 1e-4) - 1e-2, truth)


def landmark_error(places: Float[Array, "batch landmark 2"], truth: Float[Array, "batch landmark 2"]) -> PerExample:
    """Mean distance in inter-ocular distances of the landmarks that are inside the picture; the eyes come first."""
    inter_ocular = jnp.linalg.norm(truth[:, 0] - truth[:, 1], axis=-1)
    return _mean_inside(jnp.linalg.norm(places - truth, axis=-1), truth) / jnp.maximum(inter_ocular, _LEAST)


def attribute_loss(logits: Float[Array, "batch attribute"], truth: Integer[Array, "batch attribute"]) -> PerExample:
    """Mean cross-entropy of attributes in {0, 1}."""
    return optax.sigmoid_binary_cross_entropy(logits.astype(jnp.float32), truth.astype(jnp.float32)).mean(-1)


def attribute_error(logits: Float[Array, "batch attribute"], truth: Integer[Array, "batch attribute"]) -> PerExample:
    """Share of the attributes that are judged wrong."""
    return jnp.mean((logits > 0) != (truth > 0), -1)


def category_loss(logits: Float[Array, "batch category"], truth: Integer[Array, " batch"]) -> PerExample:
    """Cross-entropy of the one category that a picture has."""
    return optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.float32), truth)


def category_error(logits: Float[Array, "batch category"], truth: Integer[Array, " batch"]) -> PerExample:
    """1 where the category is judged wrong."""
    return (jnp.argmax(logits, -1) != truth).astype(jnp.float32)


def box_loss(boxes: Box, truth: Box) -> PerExample:
    """Smooth L1 summed over the sides (Girshick 2015, arXiv 1504.08083) plus one less the generalised IoU, the mean over the true boxes.

    The first is linear in a far box's distance; the second minds how well a small box is met as much as a large one.
    """
    boxes = boxes.astype(jnp.float32)
    smooth = optax.huber_loss(boxes, truth, delta=_NEAR).sum(-1) / _NEAR
    return _mean_where(smooth + 1 - _overlap(boxes, truth)[1], truth[..., 0] >= 0)


def box_error(boxes: Box, truth: Box) -> PerExample:
    """One less the mean intersection over union of the true boxes; 0 where there is none."""
    return _mean_where(1 - _overlap(boxes, truth)[0], truth[..., 0] >= 0)


def _overlap(a: Box, b: Box) -> tuple[Float[Array, "batch box"], Float[Array, "batch box"]]:
    """Intersection over union of each pair of boxes, and the generalised one, in (-1, 1] (Rezatofighi et al. 2019, arXiv 1902.09630)."""
    least, most = jnp.minimum(a, b), jnp.maximum(a, b)
    both = _area(jnp.concatenate([most[..., :2], least[..., 2:]], -1))
    hull = jnp.maximum(_area(jnp.concatenate([least[..., :2], most[..., 2:]], -1)), 1e-12)
    either = jnp.maximum(_area(a) + _area(b) - both, 1e-12)
    return both / either, both / either - (hull - either) / hull


def _area(boxes: Box) -> Float[Array, "batch box"]:
    return jnp.prod(jnp.maximum(boxes[..., 2:] - boxes[..., :2], 0), -1)


def _mean_inside(values: Float[Array, "batch landmark"], places: Float[Array, "batch landmark 2"]) -> PerExample:
    return _mean_where(values, jnp.all((places >= 0) & (places <= 1), -1))


def _mean_where(values: Float[Array, "batch part"], mask: Bool[Array, "batch part"]) -> PerExample:
    """The mean of the chosen parts of each example; 0 where none is."""
    return jnp.sum(values * mask, -1) / jnp.maximum(mask.sum(-1), 1)


ANNOTATIONS: Mapping[str, Annotation] = {
    "mask": Annotation(mask_loss, lost_iou, "lost intersection over union"),
    "landmarks": Annotation(landmark_loss, landmark_error, "inter-ocular distances"),
    "attributes": Annotation(attribute_loss, attribute_error, "share wrong"),
    "category": Annotation(category_loss, category_error, "share wrong"),
    "boxes": Annotation(box_loss, box_error, "lost intersection over union"),
}
"""The kinds by the names of `Dataset.annotations`, which are those of a judge network's heads too."""


def consistency(judgement: Any, truth: Mapping[str, Array], weights: Mapping[str, float]) -> tuple[PerExample, dict[str, PerExample]]:
    """The weighted sum of the losses, and each one's error.

    Args:
      judgement: with an attribute for each annotation, such as `networks.judge.Judgement`.
      truth: what is to be found there, by annotation.
      weights: the losses' weights by annotation; at least one.
    """
    losses = {name: weight * ANNOTATIONS[name].loss(getattr(judgement, name), truth[name]) for name, weight in weights.items()}
    return jnp.stack(list(losses.values())).sum(0), {
        name: ANNOTATIONS[name].error(getattr(judgement, name), truth[name]) for name in weights
    }
