"""StarGAN v2's four networks (Choi et al. 2020, arXiv 1912.01865, tables 5 to 7), NHWC.

Widths start at `base_channels` (the paper's 2^14 / image size) and double at every halving of the resolution up to `max_channels`.
Above 1 (the paper's), `patch_size` folds patches of that many pixels a side into channels first, so that no layer works at full resolution.
"""

import math
from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import DomainIds, RGBImages, SquareImages, StyleCodes
from semgan.layers.blocks import (
    AdaptiveResidualBlock,
    DomainHeads,
    ResidualBlock,
    convolution,
    he_normal,
    leaky_relu,
    select_domain,
)
from semgan.layers.normalize import InstanceNorm
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import depth_to_space, high_pass, resize_bilinear, space_to_depth
from semgan.networks.heatmaps import HeatMaps

Masks = Float[Array, "batch mask_size mask_size 2"]

MASKED_SIZES = (32, 64, 128)
"""Resolutions at which the high-pass branch adds the encoder's masked details: mask 0 at the first, mask 1 at the others."""


def _widths(base: int, maximum: int, count: int) -> list[int]:
    return [min(base * 2**level, maximum) for level in range(count + 1)]


def _patches(image: RGBImages, patch_size: int, dtype: Dtype) -> Array:
    return space_to_depth(image.astype(dtype), patch_size)


class Generator(nn.Module):
    """Content image and style code to translated image, linear output.

    Attributes:
      image_size: pixels, a power of two above `bottleneck_size`.
      base_channels, max_channels: width at full resolution (0: the paper's 2^14 / image_size) and the largest width.
      bottleneck_size: resolution at which the style-modulated bottleneck works; the paper's 16, 8 with the high-pass branch.
      bottleneck_blocks: blocks there in the encoder and again in the decoder.
      high_pass_weight: above 0 turns on the face branch: masked high frequencies of the content are added in the decoder, whose
        blocks lose their skip; needs `masks`.
    """

    image_size: int
    style_dim: int = 64
    base_channels: int = 0
    max_channels: int = 512
    bottleneck_size: int = 16
    bottleneck_blocks: int = 2
    patch_size: int = 1
    high_pass_weight: float = 0.0
    dtype: Dtype = jnp.float32

    @property
    def stride(self) -> int | None:
        """Returns the number that the image's height and width have to be multiples of; None with the face branch, which has its size."""
        return None if self.high_pass_weight > 0 else self.image_size // self.bottleneck_size

    @nn.compact
    def __call__(self, image: RGBImages, style: StyleCodes, masks: Masks | None = None) -> RGBImages:
        high_pass_on = self.high_pass_weight > 0
        if high_pass_on and masks is None:
            raise ValueError("the high-pass branch (high_pass_weight > 0) needs masks of shape (batch, size, size, 2)")
        levels = int(math.log2(self.image_size // self.patch_size // self.bottleneck_size)) + high_pass_on
        widths = _widths(self.base_channels or 2**14 // self.image_size, self.max_channels, levels)
        details = {}

        x = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")(_patches(image, self.patch_size, self.dtype))
        for index, width in enumerate(widths[1:] + widths[-1:] * self.bottleneck_blocks):
            details[x.shape[1]] = x
            x = ResidualBlock(width, normalize=True, downsample=index < levels, dtype=self.dtype, name=f"encode{index}")(x)
        for index, width in enumerate(widths[-1:] * self.bottleneck_blocks + widths[-2::-1]):
            upsample = index >= self.bottleneck_blocks
            block = AdaptiveResidualBlock(width, upsample, skip=not high_pass_on, dtype=self.dtype, name=f"decode{index}")
            x = block(x, style)
            if masks is not None and high_pass_on and x.shape[1] in MASKED_SIZES:
                x = x + self._details(details[x.shape[1]], masks)
        x = leaky_relu(InstanceNorm(name="norm")(x))
        x = convolution(3 * self.patch_size**2, 1, dtype=self.dtype, name="to_rgb")(x)
        return at_least_float32(depth_to_space(x, self.patch_size))

    def _details(self, features: Array, masks: Masks) -> Array:
        size = features.shape[1]
        which = 0 if size == MASKED_SIZES[0] else 1
        mask = resize_bilinear(masks[..., which : which + 1], size).astype(features.dtype)
        return high_pass(mask * features, self.high_pass_weight)


class MappingNetwork(nn.Module):
    """Latent z to style code: four shared layers, then three hidden layers and an output layer per domain."""

    domain_count: int
    style_dim: int = 64
    latent_dim: int = 16
    hidden_channels: int = 512
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, z: Float[Array, "batch {self.latent_dim}"], domain: DomainIds) -> Float[Array, "batch {self.style_dim}"]:
        x = z.astype(self.dtype)
        for index in range(4):
            x = nn.relu(nn.Dense(self.hidden_channels, kernel_init=he_normal, dtype=self.dtype, name=f"shared{index}")(x))
        for index in range(3):
            x = nn.relu(DomainHeads(self.hidden_channels, self.domain_count, self.dtype, name=f"unshared{index}")(x))
        styles = DomainHeads(self.style_dim, self.domain_count, self.dtype, name="style")(x)
        return at_least_float32(select_domain(styles, domain))


class _Trunk(nn.Module):
    """Image to one feature vector: residual blocks down to 4x4, then a valid 4x4 convolution; a domain's head comes after it."""

    image_size: int
    base_channels: int
    max_channels: int
    patch_size: int
    dtype: Dtype

    @nn.compact
    def __call__(self, image: SquareImages) -> Float[Array, "batch feature"]:
        levels = int(math.log2(self.image_size // self.patch_size)) - 2
        widths = _widths(self.base_channels or 2**14 // self.image_size, self.max_channels, levels)
        x = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")(_patches(image, self.patch_size, self.dtype))
        for index, width in enumerate(widths[1:]):
            x = ResidualBlock(width, downsample=True, dtype=self.dtype, name=f"block{index}")(x)
        x = convolution(widths[-1], 4, padding="VALID", dtype=self.dtype, name="collect")(leaky_relu(x))
        return leaky_relu(x).reshape(x.shape[0], -1)


class StyleEncoder(nn.Module):
    """Image and its domain to the style code; `features` are the domain-free activations before the heads."""

    image_size: int
    domain_count: int
    style_dim: int = 64
    base_channels: int = 0
    max_channels: int = 512
    patch_size: int = 1
    dtype: Dtype = jnp.float32

    def setup(self):
        self.trunk = _Trunk(self.image_size, self.base_channels, self.max_channels, self.patch_size, self.dtype)
        self.heads = DomainHeads(self.style_dim, self.domain_count, self.dtype)

    def __call__(self, image: SquareImages, domain: DomainIds) -> Float[Array, "batch {self.style_dim}"]:
        return at_least_float32(select_domain(self.heads(self.trunk(image)), domain))

    def features(self, image: SquareImages) -> Float[Array, "batch feature"]:
        return at_least_float32(self.trunk(image))


class Discriminator(nn.Module):
    """Image and domain to a real/fake logit of that domain."""

    image_size: int
    domain_count: int
    base_channels: int = 0
    max_channels: int = 512
    patch_size: int = 1
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: SquareImages, domain: DomainIds) -> Float[Array, " batch"]:
        x = _Trunk(self.image_size, self.base_channels, self.max_channels, self.patch_size, self.dtype, name="trunk")(image)
        logits = nn.Dense(self.domain_count, kernel_init=he_normal, dtype=self.dtype, name="logits")(x)
        return at_least_float32(select_domain(logits, domain))


def networks_of(image_size: int, domain_count: int, dtype: Dtype, options: dict[str, dict]) -> dict[str, nn.Module]:
    """The four modules by name, and `HEAT_MAPS` where `options`, which holds each network's constructor arguments, has it."""
    shared = {"domain_count": domain_count, "dtype": dtype}
    heat_maps: dict[str, nn.Module] = {HEAT_MAPS: HeatMaps(**options[HEAT_MAPS])} if HEAT_MAPS in options else {}
    return heat_maps | {
        "generator": Generator(image_size, dtype=dtype, **options["generator"]),
        "mapping_network": MappingNetwork(**shared, **options["mapping_network"]),
        "style_encoder": StyleEncoder(image_size, **shared, **options["style_encoder"]),
        "discriminator": Discriminator(image_size, **shared, **options["discriminator"]),
    }


NAMES: Sequence[str] = ("generator", "mapping_network", "style_encoder", "discriminator")
HEAT_MAPS = "heat_maps"
"""The network that gives the high-pass branch its masks; no phase trains it."""
