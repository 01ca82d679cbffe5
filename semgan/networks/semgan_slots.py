"""semgan's generator and style encoder with slots: what a place shows decides which part of the style it takes.

A style code is one global code and a token for each *slot*. The generator tells from the content which slots each place belongs to and
modulates it by their tokens; the style encoder tells the same of a reference and collects a slot's token as the mean of its places, so
that hair can take hair's style. The losses say what a slot is for: a class of the masks where there are such, else whatever helps (slot
attention: Locatello et al. 2020, arXiv 2006.15055; codes by region: Zhu et al. 2020, SEAN, arXiv 1911.12861).

Texture cannot pass from the content: of its details only a few whitened channels reach the decoder. Resolutions rise by interpolation and
the last layers share one kernel among all pixels, so that no lattice is left.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import DomainIds, RGBImages, SquareImages
from semgan.layers.blocks import (
    AdaptiveResidualBlock,
    DomainHeads,
    ResidualBlock,
    UpsamplingBlock,
    convolution,
    leaky_relu,
    select_domain,
)
from semgan.layers.blur import blur_upsample
from semgan.layers.folded import FoldedConvolution
from semgan.layers.normalize import AdaptiveInstanceNorm, instance_norm
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import space_to_depth

PATCH = 4
"""Pixels of a side of the patches that are folded into channels first: most of the work is done on a grid of them."""

_PRIOR_PLACES = 1.0
"""Places of nothing that a slot's mean is taken over beside its own: the token of a slot that is nowhere is its head's bias."""

PackedStyles = Float[Array, "batch packed"]
"""Style codes: the global code, then the tokens of all slots."""


def packed_dim(style_dim: int, slots: int, token_dim: int) -> int:
    """The length of a style code."""
    return style_dim + slots * token_dim


class SlotGenerator(nn.Module):
    """Content image of any size and style code to translated image, linear output.

    With `regions`, weights in [0, 1] that sum to 1 over the regions, the style is one code per region and holds where its region is.

    Attributes:
      image_size: the size that it is trained at, in pixels, a power of two.
      style_dim, slots, token_dim: lengths of the global code and of a token, and the number of tokens.
      base_channels, max_channels: width on the grid of patches and the largest; doubles at every halving of the resolution.
      half_channels, full_channels: widths at half and at full resolution.
      detail_channels: of what the decoder sees of the encoder at each resolution above the lowest, half resolution included.
      bottleneck_size: the lowest resolution.
      bottleneck_blocks: blocks there in the encoder, and again, modulated by the style, in the decoder.
    """

    image_size: int
    style_dim: int = 64
    slots: int = 8
    token_dim: int = 8
    base_channels: int = 64
    max_channels: int = 512
    half_channels: int = 32
    full_channels: int = 16
    detail_channels: int = 8
    bottleneck_size: int = 16
    bottleneck_blocks: int = 2
    dtype: Dtype = jnp.float32

    def setup(self):
        levels = int(math.log2(self.image_size // PATCH // self.bottleneck_size))
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in range(levels + 1)]
        inner = widths[-1:] * self.bottleneck_blocks
        rising = [*widths[-2::-1], self.half_channels]
        self.from_rgb = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")
        self.encode = [
            ResidualBlock(width, normalize=True, downsample=index < levels, dtype=self.dtype)
            for index, width in enumerate([*widths[1:], *inner])
        ]
        self.assign = convolution(self.slots, 1, dtype=self.dtype, name="assign")
        self.assign_half = convolution(self.slots, 3, dtype=self.dtype, name="assign_half")
        self.decode = [AdaptiveResidualBlock(width, dtype=self.dtype) for width in inner]
        self.rise = [UpsamplingBlock(width, dtype=self.dtype) for width in rising]
        self.half_details = convolution(self.detail_channels, 3, dtype=self.dtype, name="half_details")
        self.details = [convolution(self.detail_channels, 1, dtype=self.dtype, name=f"details{index}") for index in range(levels)]
        self.add_details = [convolution(width, 1, dtype=self.dtype, name=f"add_details{index}") for index, width in enumerate(rising)]
        self.to_full = convolution(self.full_channels, 1, dtype=self.dtype, name="to_full")
        self.full = FoldedConvolution(self.full_channels, self.dtype)
        self.norm = AdaptiveInstanceNorm(self.dtype)
        self.to_rgb = FoldedConvolution(3, self.dtype)

    @property
    def stride(self) -> int:
        """Returns the number that the image's height and width have to be multiples of."""
        return self.image_size // self.bottleneck_size

    def __call__(
        self,
        image: RGBImages,
        style: PackedStyles | Float[Array, "batch region packed"],
        regions: Float[Array, "batch height width region"] | None = None,
    ) -> RGBImages:
        return self.translate(image, style, regions)[0]

    def translate(
        self,
        image: RGBImages,
        style: PackedStyles | Float[Array, "batch region packed"],
        regions: Float[Array, "batch height width region"] | None = None,
    ) -> tuple[RGBImages, Float[Array, "batch height width {self.slots}"]]:
        """Returns the translated image, and how far each pixel of the content belongs to each slot."""
        *activations, x = self.features(image)
        half = self.half_details(space_to_depth(image.astype(self.dtype), PATCH // 2))
        of_content, styles = self._slots_of(x, half), self._by_slot(style)
        slots = of_content
        if regions is not None:  # every slot of every region
            slots = (regions[..., :, None] * slots[..., None, :]).reshape(*slots.shape[:3], -1)
            styles = styles.reshape(len(styles), -1, styles.shape[-1])
        for block in self.decode:
            x = block(x, styles, slots)
        details = [narrow(each) for narrow, each in zip(self.details, activations[::-1], strict=True)]
        details.append(half)
        for block, add, detail in zip(self.rise, self.add_details, details, strict=True):
            x = block(x, styles, slots)
            x = (x + add(instance_norm(detail))) / jnp.sqrt(2.0).astype(x.dtype)
        x = self.full(blur_upsample(self.to_full(leaky_relu(x))))
        return at_least_float32(self.to_rgb(leaky_relu(self.norm(x, styles, slots)))), of_content

    def features(self, image: RGBImages) -> list[Float[Array, "batch _ _ _"]]:
        """Returns what the encoder sees at each resolution, the highest first, and the content code last."""
        x = self.from_rgb(space_to_depth(image.astype(self.dtype), PATCH))
        activations = []
        for block in self.encode:
            activations += [x] * block.downsample
            x = block(x)
        return [*activations, x]

    def _slots_of(self, code: Array, half: Array) -> Float[Array, "batch height width {self.slots}"]:
        """How far each pixel belongs to each slot, weights that sum to 1: by the content code, and more finely by half resolution."""
        logits = at_least_float32(self.assign(instance_norm(code)))
        for _ in range(int(math.log2(self.stride)) - 1):
            logits = blur_upsample(logits)
        logits += at_least_float32(self.assign_half(leaky_relu(instance_norm(half))))
        return blur_upsample(jax.nn.softmax(logits, -1))

    def _by_slot(self, style: Float[Array, "batch *region packed"]) -> Float[Array, "batch *region {self.slots} code"]:
        """One code per slot: the global code and the slot's token."""
        whole, tokens = style[..., : self.style_dim], style[..., self.style_dim :]
        tokens = tokens.reshape(*tokens.shape[:-1], self.slots, self.token_dim)
        whole = jnp.broadcast_to(whole[..., None, :], (*tokens.shape[:-1], self.style_dim))
        return jnp.concatenate([whole, tokens], -1)


class SlotStyleEncoder(nn.Module):
    """Image and its domain to the style code; `features` are the domain-free activations before the global code's heads.

    Attributes:
      style_dim, slots, token_dim: as in the generator.
      base_channels, max_channels: width on the grid of patches and the largest; doubles at every halving of the resolution.
    """

    image_size: int
    domain_count: int
    style_dim: int = 64
    slots: int = 8
    token_dim: int = 8
    base_channels: int = 64
    max_channels: int = 512
    dtype: Dtype = jnp.float32

    def setup(self):
        halvings = int(math.log2(self.image_size // PATCH)) - 2
        widths = [min(self.base_channels * 2**level, self.max_channels) for level in range(halvings + 1)]
        self.from_rgb = convolution(widths[0], 3, dtype=self.dtype, name="from_rgb")
        self.places = ResidualBlock(widths[0], dtype=self.dtype)
        self.assign = [convolution(self.slots, 1, dtype=self.dtype, name=f"assign{level}") for level in range(halvings + 1)]
        self.tokens = _TokenHeads(self.token_dim, self.domain_count, self.dtype)
        self.blocks = [ResidualBlock(width, downsample=True, dtype=self.dtype) for width in widths[1:]]
        self.collect = convolution(widths[-1], 4, padding="VALID", dtype=self.dtype, name="collect")
        self.heads = DomainHeads(self.style_dim, self.domain_count, self.dtype)

    def __call__(self, image: SquareImages, domain: DomainIds) -> PackedStyles:
        activations = self._activations(image)
        weights, places = self._weights(activations), at_least_float32(leaky_relu(activations[0]))
        sums, areas = jnp.einsum("bhws,bhwc->bsc", weights, places), weights.sum((1, 2))
        tokens = self.tokens((sums / (areas + _PRIOR_PLACES)[..., None]).astype(self.dtype), domain)
        whole = select_domain(self.heads(self._whole(activations)), domain)
        return at_least_float32(jnp.concatenate([whole, tokens.reshape(len(tokens), -1)], -1))

    def features(self, image: SquareImages) -> Float[Array, "batch feature"]:
        return at_least_float32(self._whole(self._activations(image)))

    def slots_of(self, image: SquareImages) -> Float[Array, "batch _ _ {self.slots}"]:
        """Returns how far each patch belongs to each slot, weights that sum to 1."""
        return self._weights(self._activations(image))

    def _activations(self, image: SquareImages) -> list[Float[Array, "batch _ _ _"]]:
        """What is seen at each resolution, that of the patches first."""
        activations = [self.places(self.from_rgb(space_to_depth(image.astype(self.dtype), PATCH)))]
        for block in self.blocks:
            activations.append(block(activations[-1]))
        return activations

    def _weights(self, activations: list[Array]) -> Float[Array, "batch _ _ {self.slots}"]:
        """The slots of patches: what a place looks like is told beside it, what it belongs to from farther away."""
        *finer, logits = (assign(leaky_relu(x)) for assign, x in zip(self.assign, activations, strict=True))
        for scores in finer[::-1]:
            logits = blur_upsample(logits) + scores
        return jax.nn.softmax(at_least_float32(logits), -1)

    def _whole(self, activations: list[Array]) -> Float[Array, "batch feature"]:
        return leaky_relu(self.collect(leaky_relu(activations[-1]))).reshape(len(activations[-1]), -1)


class _TokenHeads(nn.Module):
    """One dense layer per domain and slot: `(batch, slot, in) -> (batch, slot, channels)` of each example's domain."""

    channels: int
    domain_count: int
    dtype: Dtype

    @nn.compact
    def __call__(self, x: Float[Array, "batch slot in"], domain: DomainIds) -> Float[Array, "batch slot {self.channels}"]:
        init = nn.initializers.variance_scaling(2.0, "fan_in", "normal", batch_axis=(0, 1))
        kernel = self.param("kernel", init, (self.domain_count, x.shape[1], x.shape[2], self.channels))
        bias = self.param("bias", nn.initializers.zeros, (self.domain_count, x.shape[1], self.channels))
        return jnp.einsum("bsi,bsio->bso", x, kernel.astype(self.dtype)[domain]) + bias.astype(self.dtype)[domain]
