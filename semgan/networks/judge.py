"""The judge's network: one small U-shaped trunk, with a head for each thing that the data is annotated with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.resample import average_pool, depth_to_space, space_to_depth, upsample_nearest
from semgan.types import HEADS, Images


class Heads(NamedTuple):
    """The network's predictions and width: with the image size, all that the shapes of its parameters depend on."""

    channels: int
    domains: int
    mask_classes: int = 0
    landmarks: int = 0
    attributes: int = 0
    categories: int = 0
    boxes: int = 0


class Judgement(NamedTuple):
    """Predictions for a batch; None for a head that the network does not have.

    Attributes:
      domain: logits.
      features: unit-length channel statistics of every depth of the encoder, for distances between pictures' looks.
      mask: logits of the classes at every pixel.
      landmarks: (x, y) in fractions of the width and height.
      attributes: logits.
      category: logits.
      boxes: (left, top, right, bottom) in fractions of the width and height, right and bottom the larger; may reach beyond the picture.
    """

    domain: Float[Array, "batch domains"] | None
    features: Float[Array, "batch features"]
    mask: Float[Array, "batch height width classes"] | None
    landmarks: Float[Array, "batch landmarks 2"] | None
    attributes: Float[Array, "batch attributes"] | None
    category: Float[Array, "batch categories"] | None = None
    boxes: Float[Array, "batch boxes 4"] | None = None


class _Block(nn.Module):
    """3x3 convolution, normalisation over the groups of each example alone, ReLU."""

    channels: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = nn.Conv(self.channels, (3, 3), use_bias=False)(x)
        return nn.relu(nn.GroupNorm(num_groups=4)(x))


class JudgeNetwork(nn.Module):
    """`network.apply({"params": params}, images) -> Judgement`; a pure function of one example at a time (no batch statistics).

    The trunk starts at half the resolution (pixels of 2x2 blocks as channels) and the mask head gives each block's four
    pixels back, so that nothing but the input and the mask is ever at full resolution: a convolution there costs a CPU most.
    Resizing is by pooling and repeating, never by strided or transposed convolutions, whose gradients are slow on XLA's CPU.
    """

    heads: Heads

    @nn.compact
    def __call__(self, images: Images) -> Judgement:
        """Images of an even size, at least 16."""
        heads = self.heads
        width = heads.channels
        x = _Block(width)(space_to_depth(images, 2))
        levels = []
        while True:
            x = _Block(width)(x)
            levels.append(x)
            if x.shape[1] <= 4 or x.shape[1] % 2:
                break
            width = min(2 * width, 4 * heads.channels)
            x = average_pool(x)
        return _predict(levels, heads, 2)


class BranchHeads(nn.Module):
    """The same heads on the features of another network, such as a discriminator, instead of an encoder of their own.

    Attributes:
      patch_size: pixels of the image per place of the highest level, along a side.
    """

    heads: Heads
    patch_size: int = 2

    @nn.compact
    def __call__(self, levels: Sequence[Float[Array, "batch _ _ _"]]) -> Judgement:
        """Features at one resolution after another, each half of the one before; their widths are multiples of 4."""
        return _predict(levels, self.heads, self.patch_size)


def run_heads(modules: Mapping[str, nn.Module], run: Callable[..., Any], images: Images) -> Judgement:
    """Returns what a model's semantic heads predict from images, or from its discriminator's features of them.

    Args:
      modules: the modules by network name.
      run: runs one, `(name, *inputs, method=) -> outputs`.
    """
    branch = isinstance(modules[HEADS], BranchHeads)
    return run(HEADS, run("discriminator", images, method="features") if branch else images)


def _predict(levels: Sequence[Array], heads: Heads, patch_size: int) -> Judgement:
    """Goes up through the levels and to the heads; call it inside a module."""
    moments = [_moments(level) for level in levels]
    x = levels[-1]
    bottom = x.mean((1, 2))
    for level in reversed(levels[:-1]):
        x = level + upsample_nearest(nn.Conv(level.shape[-1], (1, 1))(x))
        x = _Block(level.shape[-1])(x)

    summary = nn.relu(nn.Dense(4 * heads.channels)(jnp.concatenate([*moments, bottom, _moments(x)], -1)))
    features = jnp.concatenate([moment / (jnp.linalg.norm(moment, axis=-1, keepdims=True) + 1e-6) for moment in moments], -1)
    mask = nn.Conv(patch_size**2 * heads.mask_classes, (1, 1)) if heads.mask_classes else None
    return Judgement(
        domain=nn.Dense(heads.domains)(summary) if heads.domains else None,
        features=features / len(moments) ** 0.5,
        mask=depth_to_space(mask(x), patch_size) if mask else None,
        landmarks=_expected_place(nn.Conv(heads.landmarks, (1, 1))(x)) if heads.landmarks else None,
        attributes=nn.Dense(heads.attributes)(summary) if heads.attributes else None,
        category=nn.Dense(heads.categories)(summary) if heads.categories else None,
        boxes=_expected_box(nn.Conv(heads.boxes, (1, 1))(x)) if heads.boxes else None,
    )


def _moments(x: Array) -> Array:
    """Mean and standard deviation of each channel over the places: (batch, 2 * channels)."""
    return jnp.concatenate([x.mean((1, 2)), jnp.sqrt(x.var((1, 2)) + 1e-6)], -1)


def _expected_place(heat: Array) -> Array:
    """Soft-argmax: the mean place (x, y), in fractions, under a softmax over all places: (batch, landmarks, 2)."""
    _, height, width, _ = heat.shape
    share = _share(heat)
    x = jnp.einsum("bhwl,w->bl", share, (jnp.arange(width) + 0.5) / width)
    y = jnp.einsum("bhwl,h->bl", share, (jnp.arange(height) + 0.5) / height)
    return jnp.stack([x, y], -1)


def _expected_box(heat: Array) -> Array:
    """The box over which an even spread has the mean and the variance of a softmax over all places: (batch, boxes, 4).

    Heat that is even over a part, as in a mask of it, gives its exact box, and before training the box is the whole picture, which meets
    every part: it learns as fast as landmarks, where sides read off the summary hardly learn. No box is narrower than one place.
    """
    share = _share(heat)
    (x, width), (y, height) = (_centre_and_length(share.sum(axis)) for axis in (1, 2))
    return jnp.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], -1)


def _centre_and_length(share: Array) -> tuple[Array, Array]:
    """Centre and length of the even spread that has the mean and variance of `share` (batch, places, boxes): (batch, boxes) each.

    Its places are as wide as they are apart.
    """
    count = share.shape[1]
    place = (jnp.arange(count) + 0.5) / count
    centre = jnp.einsum("bpn,p->bn", share, place)
    variance = jnp.einsum("bpn,bpn->bn", share, (place[None, :, None] - centre[:, None]) ** 2) + 1 / (12 * count**2)
    return centre, jnp.sqrt(12 * variance)


def _share(heat: Array) -> Array:
    """Softmax over all places of each channel."""
    batch, height, width, channels = heat.shape
    return jax.nn.softmax(heat.reshape(batch, height * width, channels), axis=1).reshape(heat.shape)
