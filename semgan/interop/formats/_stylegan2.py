"""Shared parts of the two layouts of StyleGAN2's weights: axes, widths, and the config that describes a file."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from semgan.errors import UserError
from semgan.interop.formats._common import check_size, in_words, plain_config
from semgan.networks.stylegan2 import MappingNetwork
from semgan.torch_files.mapping import Layout

LEAST = 8
"""Pixels, of the smallest model."""
NOISE_MAPS = "noise_maps"
"""The pseudo-network that keeps a file's constant noise maps, (1, size, size) by layer, in the order that `Generator` takes them in."""
LOSSES = {
    "objective": "non_saturating",
    "r1_weight": 1.0,
    "path_length_weight": 2.0,
    "path_length_decay": 0.01,
    "style_mixing": 0.9,
    "ada_target": 0.0,
    "ada_kimg": 500.0,
    "augment_supersampling": 2,
}
"""Neither layout holds what its model was trained with; these are the values of the papers."""

_AVERAGED_OVER = 10_000


def flip(layout: Layout) -> Layout:
    """A kernel turned by half a turn: theirs is that of a transposed convolution, ours acts on pixels with zeros between them."""
    return Layout(lambda x: layout.to_ours(x)[::-1, ::-1], lambda x: layout.to_theirs(x[::-1, ::-1]))


def layer_names(sizes: list[int]) -> list[str]:
    """Our generator's modulated 3x3 convolutions, first to last."""
    return ["layer4_1", *(f"layer{size}_{index}" for size in sizes[1:] for index in (0, 1))]


def sizes_up_to(image_size: int) -> list[int]:
    """Pixels of every resolution: 4, 8, ..., `image_size`; UserError for a size that no such network has."""
    check_size(image_size, LEAST)
    return [2**level for level in range(2, image_size.bit_length())]


def channel_options(widths: Mapping[int, int]) -> dict[str, int]:
    """`channel_base` and `max_channels` that give these widths, by resolution; the least `channel_base` that does.

    Raises:
      UserError: none do.
    """
    base, largest = max(size * width for size, width in widths.items()), max(widths.values())
    if any(min(base // size, largest) != width for size, width in widths.items()):
        raise UserError(
            f"its layers of {in_words(widths)} pixels are {in_words(widths.values())} wide, but in semgan's StyleGAN2 one of r pixels is "
            "min(channel_base / r, max_channels) wide: give a model of such widths"
        )
    return {"channel_base": base, "max_channels": largest}


def config_of(image_size: int, mapping: Mapping[str, Any], generator: Mapping[str, Any], discriminator: Mapping[str, Any] | None) -> dict:
    """The config; where the file has no discriminator, `make` is given one as wide as the generator."""
    widths = {name: generator[name] for name in ("channel_base", "max_channels")}
    options = discriminator or {**widths, "architecture": "residual", "stddev_group": 4}
    return plain_config("stylegan2", image_size, {"mapping_network": mapping, "generator": generator, "discriminator": options}, LOSSES)


def average_w(options: Mapping[str, Any], params: Mapping[str, Any]) -> np.ndarray:
    """The mean w of 10,000 latents, always the same: for files that do not hold it. (style_dim,) float32."""

    def mean_w(params: Mapping[str, Any], key: jax.Array) -> jax.Array:
        z = jax.random.normal(key, (_AVERAGED_OVER, options["latent_dim"]))
        w = MappingNetwork(**options).apply({"params": params}, z)
        return jnp.asarray(w).mean(0)

    return np.asarray(jax.jit(mean_w)(dict(params), jax.random.key(0)), np.float32)


def noise_maps(params: Mapping[str, Any], sizes: list[int]) -> dict[str, np.ndarray]:
    """The constant noise maps that came with the weights, or else standard normal ones, always the same."""
    if NOISE_MAPS in params:
        return dict(params[NOISE_MAPS])
    rng = np.random.default_rng(0)
    pixels = [4, *(size for size in sizes[1:] for _ in range(2))]
    return {name: rng.standard_normal((1, size, size), np.float32) for name, size in zip(layer_names(sizes), pixels, strict=True)}
