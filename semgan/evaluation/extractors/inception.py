"""Inception v3 as a pure function, in the two kinds that scores are made with.

`fid`: the 2015 TensorFlow network that the Fréchet Inception distance was defined with (Heusel et al. 2017), in the layout of
pytorch-fid: 1008 classes, average pools that leave the border's padding out, and a maximum in the last block's pool. `imagenet`:
torchvision's, with 1000 classes, which StarGAN v2 scores itself with: average pools count padded zeros, in the last block too.
"""

from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from semgan.evaluation.extractors.inception_layers import (
    FEATURES,
    NETWORK,
    ChainStep,
    ConvLayer,
    Fork,
    InceptionBlock,
    Pool,
    convolutions,
)
from semgan.evaluation.extractors.primitives import average_pool, convolve, max_pool
from semgan.layers.array_types import FeatureMap
from semgan.layers.broadcast import per_channel

Variant = Literal["fid", "imagenet"]
InceptionParams = Mapping[str, Any]
"""Parameters by a convolution's path: `kernel` and `bias`, batch normalisation folded in; and `fc`: `kernel` (2048, classes), `bias`."""

CLASSES: dict[Variant, int] = {"fid": 1008, "imagenet": 1000}
_EPSILON = 1e-3


def pool3(params: InceptionParams, images: Float[Array, "batch height width 3"], variant: Variant) -> Float[Array, "batch 2048"]:
    """The last maps' means ("pool3"), which FID and related scores compare.

    Args:
      images: at least 75 pixels on each side, 299 in every protocol; in the range that the weights were trained on.
    """
    x = images
    for part in NETWORK:
        if isinstance(part, InceptionBlock):
            inside = {name.removeprefix(f"{part.name}."): layer for name, layer in params.items() if name.startswith(f"{part.name}.")}
            x = jnp.concatenate([_chain(inside, branch, x, variant) for branch in part.branches], -1)
        else:
            x = _apply(params, part, x, variant)
    return x.mean((1, 2))


def logits(params: InceptionParams, features: Float[Array, "batch 2048"], *, bias: bool) -> Float[Array, "batch classes"]:
    """Class scores of `pool3`'s features. The Inception score of the TensorFlow code, and of torch-fidelity, has no bias."""
    scores = jnp.matmul(features, params["fc"]["kernel"], precision=lax.Precision.HIGHEST)
    return scores + per_channel(params["fc"]["bias"], scores) if bias else scores


def unfolded_shapes(variant: Variant) -> dict[str, tuple[int, ...]]:
    """Shapes of what a weight file holds, by path: `fold`'s input."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path, inputs, layer in convolutions():
        shapes[f"{path}/kernel"] = (*layer.kernel, inputs, layer.features)
        shapes |= {f"{path}/{name}": (layer.features,) for name in ("scale", "offset", "mean", "variance")}
    return shapes | {"fc/kernel": (FEATURES, CLASSES[variant]), "fc/bias": (CLASSES[variant],)}


def fold(layers: Mapping[str, Mapping[str, np.ndarray]], dtype: np.typing.DTypeLike = np.float32) -> dict[str, dict[str, np.ndarray]]:
    """Batch normalisation (epsilon 1e-3, running statistics) worked into kernels and biases, in float64, then rounded."""
    return {name: {key: value.astype(dtype) for key, value in _fold(layer).items()} for name, layer in layers.items()}


def _fold(layer: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "scale" not in layer:
        return dict(layer)
    wide = {name: np.asarray(value, np.float64) for name, value in layer.items()}
    factor = wide["scale"] / np.sqrt(wide["variance"] + _EPSILON)
    return {"kernel": wide["kernel"] * factor, "bias": wide["offset"] - wide["mean"] * factor}


def _chain(params: InceptionParams, steps: tuple[ChainStep, ...], x: FeatureMap, variant: Variant) -> FeatureMap:
    for step in steps:
        x = _apply(params, step, x, variant)
    return x


def _apply(params: InceptionParams, step: ChainStep, x: FeatureMap, variant: Variant) -> FeatureMap:
    match step:
        case ConvLayer():
            return jax.nn.relu(convolve(params[step.name], x, stride=step.stride, padding=step.padding))
        case Fork():
            return jnp.concatenate([_apply(params, layer, x, variant) for layer in step.layers], -1)
        case Pool("halve"):
            return max_pool(x, 3, 2)
        case Pool("last") if variant == "fid":
            return max_pool(x, 3, 1, padding=1)
        case _:
            return average_pool(x, count_padding=variant == "imagenet")
