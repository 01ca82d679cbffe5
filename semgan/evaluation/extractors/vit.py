"""The vision transformers of DINO and of CLIP, as pure functions on a tree of parameters.

Dosovitskiy et al. 2021, arXiv 2010.11929: patches become tokens behind one class token; blocks of attention and a perceptron follow, with
the normalisation before each. DINO (Caron et al. 2021, arXiv 2104.14294) and CLIP (Radford et al. 2021, arXiv 2103.00020) differ in the
constants of `VitVariant`; CLIP also normalises the tokens before the first block, has no bias in the patches' layer, and ends in a
projection. Sizes are those of the parameters' arrays.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from semgan.layers.broadcast import per_channel

VitParams = Mapping[str, Any]
"""`{patches, class_token, positions, blocks: {"0": {norm1, qkv, out, norm2, expand, contract}}, ...}`; layers have `kernel` and `bias`,
normalisations `scale` and `bias`; CLIP has `norm_before`, `norm_after` and `projection` (width, features) too, DINO `norm_after`."""
Tokens = Float[Array, "batch token width"]

HEAD_WIDTH = 64
"""Features per attention head, in all sizes of both families."""
EXPANSION = 4
"""Width of each perceptron's hidden layer, in widths of a token."""


class VitVariant(NamedTuple):
    """The constants of a family: the normalisations' epsilon, and which GELU its perceptrons have ("quick": x sigmoid(1.702 x))."""

    epsilon: float
    gelu: Literal["exact", "quick"]


DINO = VitVariant(1e-6, "exact")
CLIP = VitVariant(1e-5, "quick")


def image_size(params: VitParams) -> int:
    """Returns the height and width in pixels of the pictures that the position codes are for."""
    return params["patches"]["kernel"].shape[0] * grid(params)


def grid(params: VitParams) -> int:
    """Returns how many patches lie along each side of a picture."""
    return round((params["positions"].shape[0] - 1) ** 0.5)


def last_keys(params: VitParams, images: Float[Array, "batch size size 3"], variant: VitVariant) -> Tokens:
    """The keys of the last block, its heads side by side: of the class token, then of the patches row by row."""
    x = _embed(params, images, variant)
    for number in range(len(params["blocks"]) - 1):
        x = _block(params["blocks"][str(number)], x, variant)
    last = params["blocks"][str(len(params["blocks"]) - 1)]
    return jnp.split(_dense(last["qkv"], _normalise(last["norm1"], x, variant)), 3, axis=-1)[1]


def class_features(params: VitParams, images: Float[Array, "batch size size 3"], variant: VitVariant) -> Float[Array, "batch feature"]:
    """The class token after all blocks, normalised, and projected where the parameters have a projection."""
    x = _embed(params, images, variant)
    for number in range(len(params["blocks"])):
        x = _block(params["blocks"][str(number)], x, variant)
    features = _normalise(params["norm_after"], x[:, 0], variant)
    return _matmul(features, params["projection"]) if "projection" in params else features


def _embed(params: VitParams, images: Float[Array, "batch size size 3"], variant: VitVariant) -> Tokens:
    patch, side = params["patches"]["kernel"].shape[0], grid(params)
    if images.shape[1:3] != (patch * side, patch * side):
        raise ValueError(f"this network takes pictures of {patch * side} pixels on each side, not {images.shape[1]} x {images.shape[2]}")
    cut = images.reshape(len(images), side, patch, side, patch, 3).transpose(0, 1, 3, 2, 4, 5).reshape(len(images), side * side, -1)
    kernel = params["patches"]["kernel"].reshape(-1, params["patches"]["kernel"].shape[-1])
    tokens = _dense({**params["patches"], "kernel": kernel}, cut)
    first = jnp.broadcast_to(per_channel(params["class_token"], tokens), (len(images), 1, tokens.shape[-1]))
    x = jnp.concatenate([first, tokens], 1) + params["positions"][None]
    return _normalise(params["norm_before"], x, variant) if "norm_before" in params else x


def _block(block: VitParams, x: Tokens, variant: VitVariant) -> Tokens:
    x = x + _attention(block, _normalise(block["norm1"], x, variant))
    hidden = _dense(block["expand"], _normalise(block["norm2"], x, variant))
    hidden = hidden * jax.nn.sigmoid(1.702 * hidden) if variant.gelu == "quick" else jax.nn.gelu(hidden, approximate=False)
    return x + _dense(block["contract"], hidden)


def _attention(block: VitParams, x: Tokens) -> Tokens:
    def heads(part: Tokens) -> Float[Array, "batch head token feature"]:
        return part.reshape(*part.shape[:2], -1, min(HEAD_WIDTH, part.shape[-1])).swapaxes(1, 2)

    queries, keys, values = map(heads, jnp.split(_dense(block["qkv"], x), 3, axis=-1))
    weights = jax.nn.softmax(_matmul(queries, keys.swapaxes(-1, -2)) * queries.shape[-1] ** -0.5, axis=-1)
    return _dense(block["out"], _matmul(weights, values).swapaxes(1, 2).reshape(x.shape))


def _dense(layer: VitParams, x: Array) -> Array:
    y = _matmul(x, layer["kernel"])
    return y + per_channel(layer["bias"], y) if "bias" in layer else y


def _normalise(layer: VitParams, x: Array, variant: VitVariant) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    deviation = jnp.sqrt((centred**2).mean(-1, keepdims=True) + variant.epsilon)
    return centred / deviation * per_channel(layer["scale"], x) + per_channel(layer["bias"], x)


def _matmul(x: Array, y: Array) -> Array:
    return jnp.matmul(x, y, precision=lax.Precision.HIGHEST)  # scores move when an accelerator rounds products to TF32 or bfloat16
