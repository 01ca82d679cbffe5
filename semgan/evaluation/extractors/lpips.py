"""LPIPS: the perceptual distance of two pictures, from an image classifier's activations (Zhang et al. 2018, version 0.1).

Activations after five of the classifier's ReLUs are normalised to unit length at every place; their squared differences, weighted by
channel with a learned head and averaged over places, are summed over the five.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from semgan.evaluation.extractors.primitives import convolve, max_pool
from semgan.layers.array_types import FeatureMap
from semgan.layers.broadcast import per_channel

Backbone = Literal["alexnet", "vgg16"]
LpipsParams = Mapping[str, Any]
"""`{backbone: {"features.0": {"kernel", "bias"}, ...}, "heads": {"0": (channel,), ...}}`, names as torchvision counts layers."""

_SHIFT, _SCALE = np.array([-0.030, -0.088, -0.188], np.float32), np.array([0.458, 0.448, 0.450], np.float32)
"""ImageNet's means and deviations for pictures in [-1, 1], rounded as the authors' scaling layer has them."""
_EPSILON = 1e-10


class LpipsLayer(NamedTuple):
    """A convolution and its ReLU. `pooled`: (window, stride) of a maximum before it. `compared`: LPIPS looks at what it gives."""

    path: str
    features: int
    size: int = 3
    stride: int = 1
    padding: int = 1
    pooled: tuple[int, int] | None = None
    compared: bool = False


LAYERS: dict[Backbone, tuple[LpipsLayer, ...]] = {
    "alexnet": (
        LpipsLayer("features.0", 64, size=11, stride=4, padding=2, compared=True),
        LpipsLayer("features.3", 192, size=5, padding=2, pooled=(3, 2), compared=True),
        LpipsLayer("features.6", 384, pooled=(3, 2), compared=True),
        LpipsLayer("features.8", 256, compared=True),
        LpipsLayer("features.10", 256, compared=True),
    ),
    "vgg16": (
        LpipsLayer("features.0", 64),
        LpipsLayer("features.2", 64, compared=True),
        LpipsLayer("features.5", 128, pooled=(2, 2)),
        LpipsLayer("features.7", 128, compared=True),
        LpipsLayer("features.10", 256, pooled=(2, 2)),
        LpipsLayer("features.12", 256),
        LpipsLayer("features.14", 256, compared=True),
        LpipsLayer("features.17", 512, pooled=(2, 2)),
        LpipsLayer("features.19", 512),
        LpipsLayer("features.21", 512, compared=True),
        LpipsLayer("features.24", 512, pooled=(2, 2)),
        LpipsLayer("features.26", 512),
        LpipsLayer("features.28", 512, compared=True),
    ),
}
SMALLEST: dict[Backbone, int] = {"alexnet": 31, "vgg16": 16}
"""Pixels on each side; with fewer, nothing is left after the pools."""


def distance(
    params: LpipsParams, a: Float[Array, "batch height width 3"], b: Float[Array, "batch height width 3"]
) -> Float[Array, " batch"]:
    """LPIPS of each pair of pictures in [-1, 1]; 0 for a picture and itself. Differentiable there too.

    Raises:
      ValueError: the pictures are smaller than `SMALLEST`.
    """
    backbone = backbone_of(params)
    if min(a.shape[1:3]) < SMALLEST[backbone]:
        raise ValueError(f"LPIPS with {backbone} needs pictures of at least {SMALLEST[backbone]} pixels, not {a.shape[1]}x{a.shape[2]}")
    both = zip(activations(params, a), activations(params, b), strict=True)
    levels = [_level(x, y, params["heads"][str(at)]) for at, (x, y) in enumerate(both)]
    return jnp.stack(levels).sum(0)


def _level(x: FeatureMap, y: FeatureMap, head: Float[Array, " channel"]) -> Float[Array, " batch"]:
    apart = (_unit(x) - _unit(y)) ** 2
    return (apart * per_channel(head, apart)).sum(-1).mean((1, 2))


def activations(params: LpipsParams, images: Float[Array, "batch height width 3"]) -> Iterator[FeatureMap]:
    """The five maps that LPIPS compares, of pictures in [-1, 1]."""
    backbone = backbone_of(params)
    x = (images - per_channel(jnp.asarray(_SHIFT), images)) / per_channel(jnp.asarray(_SCALE), images)
    for layer in LAYERS[backbone]:
        if layer.pooled:
            x = max_pool(x, *layer.pooled)
        x = jax.nn.relu(convolve(params[backbone][layer.path], x, stride=layer.stride, padding=layer.padding))
        if layer.compared:
            yield x


def backbone_of(params: LpipsParams) -> Backbone:
    """Returns which classifier the parameters are of."""
    return "alexnet" if "alexnet" in params else "vgg16"


def shapes(backbone: Backbone) -> dict[str, tuple[int, ...]]:
    """Shapes of the parameters by path."""
    by_path: dict[str, tuple[int, ...]] = {}
    inputs = 3
    for layer in LAYERS[backbone]:
        by_path[f"{backbone}/{layer.path}/kernel"] = (layer.size, layer.size, inputs, layer.features)
        by_path[f"{backbone}/{layer.path}/bias"] = (layer.features,)
        inputs = layer.features
    compared = [layer.features for layer in LAYERS[backbone] if layer.compared]
    return by_path | {f"heads/{at}": (features,) for at, features in enumerate(compared)}


def _unit(x: FeatureMap) -> FeatureMap:
    """Divided by the channels' length + 1e-10; where x is zero so is the result, and its gradient is finite."""
    square = (x**2).sum(-1, keepdims=True)
    positive = square > 0
    norm = jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1)), 0)
    return x / (norm + _EPSILON)
