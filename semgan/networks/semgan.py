"""semgan's discriminator, and the generator of its first version: StarGAN v2's blocks (arXiv 1912.01865).

That generator, which old snapshots have (`semgan_slots` has today's), works at low resolution and adds what its encoder saw at each higher
one, under the style's modulation. The discriminator judges places of a picture, as patch discriminators do (Isola et al. 2017, arXiv
1611.07004): more feedback for a generator than one logit.
"""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype, Initializer
from jaxtyping import Array, Float

from semgan.layers.array_types import DomainIds, RGBImages, SquareImages, StyleCodes
from semgan.layers.blocks import AdaptiveResidualBlock, ResidualBlock, convolution, he_normal, leaky_relu, select_domain
from semgan.layers.normalize import AdaptiveInstanceNorm, instance_norm
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import depth_to_space, space_to_depth
from semgan.networks.semgan_slots import PATCH, SlotGenerator, SlotStyleEncoder, packed_dim
from semgan.networks.stargan_v2 import MappingNetwork, StyleEncoder


def _alike_within_patches(patch_size: int) -> Initializer:
    """He-normal, the same for all pixels of a patch, so that training starts without a checkerboard (arXiv 1707.02937)."""

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Dtype = jnp.float32) -> Array:
        return jnp.tile(he_normal(key, (*shape[:-1], shape[-1] // patch_size**2), dtype), patch_size**2)

    return init


def _sum(x: Array, y: Array) -> Array:
    """The sum, scaled to unit variance where both have it."""
    return (x + y) / jnp.sqrt(2.0).astype(x.dtype)


class Generator(nn.Module):
    """Content image of any size and style code to translated image, linear output.

    With `regions`, weights in [0, 1] that sum to 1 over the regions, the style is one code per region and holds where its region is.

    Attributes:
      image_size: the size that it is trained at, in pixels, a power of two.
      base_channels, max_channels: width where the work begins and the largest; doubles at every halving of the resolution.
      patch_size: patches of that many pixels a side are folded into channels first, so that most of the work is done at a lower resolution.
      full_channels: width of the last layers, which work at full resolution.
      bottleneck_size: the lowest resolution.
      bottleneck_blocks: blocks there in the encoder, and again, modulated by the style, in the decoder.
    """

    image_size: int
    style_dim: int = 64
    base_channels: int = 64
    max_channels: int = 512
    bottleneck_size: int = 16
    bottleneck_blocks: int = 2
    patch_size: int = 2
    full_channels: int = 8
    dtype: Dtype = jnp.float32

    def setup(self):
        levels = int(math.log2(self.image_size // self.patch_size // self.bottleneck_size))
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in range(levels + 1)]
        inner = widths[-1:] * self.bottleneck_blocks
        self.from_rgb = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")
        self.encode = [
            ResidualBlock(width, normalize=True, downsample=index < levels, dtype=self.dtype)
            for index, width in enumerate([*widths[1:], *inner])
        ]
        self.decode = [
            AdaptiveResidualBlock(width, index >= len(inner), dtype=self.dtype) for index, width in enumerate([*inner, *widths[-2::-1]])
        ]
        self.details = [convolution(width, 1, dtype=self.dtype, name=f"details{index}") for index, width in enumerate(widths[-2::-1])]
        init = _alike_within_patches(self.patch_size)
        self.unfold = nn.Conv(self.full_channels * self.patch_size**2, (1, 1), kernel_init=init, dtype=self.dtype)
        self.full_details = convolution(self.full_channels, 3, dtype=self.dtype, name="full_details")
        self.norm = AdaptiveInstanceNorm(self.dtype)
        self.to_rgb = convolution(3, 3, dtype=self.dtype, name="to_rgb")

    @property
    def stride(self) -> int:
        """Returns the number that the image's height and width have to be multiples of."""
        return self.image_size // self.bottleneck_size

    def __call__(
        self,
        image: RGBImages,
        style: StyleCodes | Float[Array, "batch region style"],
        regions: Float[Array, "batch height width region"] | None = None,
    ) -> RGBImages:
        *details, x = self.features(image)
        for block in self.decode:
            x = block(x, style, regions)
            if block.upsample:
                convolve = self.details[len(self.details) - len(details)]
                x = _sum(x, convolve(instance_norm(details.pop())))
        x = depth_to_space(self.unfold(leaky_relu(x)), self.patch_size)
        x = _sum(x, instance_norm(self.full_details(image.astype(self.dtype))))
        return at_least_float32(self.to_rgb(leaky_relu(self.norm(x, style, regions))))

    def features(self, image: RGBImages) -> list[Float[Array, "batch _ _ _"]]:
        """Returns what the encoder sees at each resolution, the highest first, and the content code last."""
        x = self.from_rgb(space_to_depth(image.astype(self.dtype), self.patch_size))
        activations = []
        for block in self.encode:
            activations += [x] * block.downsample
            x = block(x)
        return [*activations, x]


class Discriminator(nn.Module):
    """Image and domain to real/fake logits of that domain, one per place.

    Attributes:
      base_channels, max_channels, patch_size: as in the generator.
      logits_size: places along a side.
    """

    image_size: int
    domain_count: int
    base_channels: int = 64
    max_channels: int = 512
    patch_size: int = 2
    logits_size: int = 8
    dtype: Dtype = jnp.float32

    def setup(self):
        levels = int(math.log2(self.image_size // self.patch_size // self.logits_size))
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in range(levels + 1)]
        self.from_rgb = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")
        self.blocks = [ResidualBlock(width, downsample=True, dtype=self.dtype) for width in widths[1:]]
        self.logits = convolution(self.domain_count, 3, dtype=self.dtype, name="logits")

    def __call__(self, image: SquareImages, domain: DomainIds) -> Float[Array, "batch {self.logits_size} {self.logits_size}"]:
        logits = self.logits(leaky_relu(self.features(image)[-1]))
        return at_least_float32(select_domain(jnp.moveaxis(logits, -1, 1), domain))

    def features(self, image: SquareImages) -> list[Float[Array, "batch _ _ _"]]:
        """Returns what the discriminator sees at each resolution, the highest first."""
        activations = [self.from_rgb(space_to_depth(image.astype(self.dtype), self.patch_size))]
        for block in self.blocks:
            activations.append(block(activations[-1]))
        return activations


def least_size(options: dict[str, dict]) -> int:
    """The smallest image size that networks with these options can work at."""
    generator, discriminator = options["generator"], options["discriminator"]
    patch = PATCH if generator.get("slots") else generator["patch_size"]
    smallest = 4 * PATCH if generator.get("slots") else 0  # the style encoder ends at 4x4 patches
    return max(patch * generator["bottleneck_size"], discriminator["patch_size"] * discriminator["logits_size"], smallest)


def networks_of(image_size: int, domain_count: int, dtype: Dtype, options: dict[str, dict]) -> dict[str, nn.Module]:
    """The four modules by name; `options` holds each network's constructor arguments.

    With `slots` in the generator's they are those with slots, and the generator's options say how long style codes are. The first
    snapshots have none.
    """
    shared: dict[str, Any] = {"domain_count": domain_count, "dtype": dtype}
    generator, mapping_network, style_encoder = (options[name] for name in NAMES[:3])
    if generator.get("slots"):
        code: dict[str, Any] = {name: generator[name] for name in ("style_dim", "slots", "token_dim")}
        mapping_network: dict[str, Any] = mapping_network | {"style_dim": packed_dim(**code)}
        translating: dict[str, nn.Module] = {
            "generator": SlotGenerator(image_size, dtype=dtype, **generator),
            "style_encoder": SlotStyleEncoder(image_size, **shared, **style_encoder, **code),
        }
    else:
        translating = {
            "generator": Generator(image_size, dtype=dtype, **generator),
            "style_encoder": StyleEncoder(image_size, **shared, **style_encoder),
        }
    modules = {
        **translating,
        "mapping_network": MappingNetwork(**shared, **mapping_network),
        "discriminator": Discriminator(image_size, **shared, **options["discriminator"]),
    }
    return {name: modules[name] for name in NAMES}


NAMES: Sequence[str] = ("generator", "mapping_network", "style_encoder", "discriminator")
