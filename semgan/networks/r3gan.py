"""R3GAN's networks, "Config E" (Huang et al. 2024, arXiv 2501.05441, section 4 and appendix), NHWC.

Stages of residual blocks (1x1, grouped 3x3, 1x1) from 4x4 to the full size and back: no normalisation, no noise, no style; biases
stand before activations only. Widths are `base_channels` at the full size and double at every halving, up to `max_channels`.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap, SquareImages
from semgan.layers.blocks import leaky_relu
from semgan.layers.broadcast import per_channel
from semgan.layers.fir import downsample, upsample
from semgan.layers.precision import at_least_float32
from semgan.layers.resample import depth_to_space, space_to_depth

EXPANSION = 2
GAIN = math.sqrt(2 / (1 + 0.2**2))
"""Keeps the variance through a leaky ReLU of slope 0.2 (He et al. 2015, arXiv 1502.01852)."""
LOW_PRECISION_STAGES = 4
"""The number of stages, counted from the largest, that compute in `dtype`; those below stay float32."""
SPLIT_GROUPS = 8
"""The most groups for which a grouped convolution is written as one convolution per group."""


def grouped_convolution(x: FeatureMap, kernel: Float[Array, "size size group out"]) -> Float[Array, "batch height width out"]:
    """Convolution of stride 1 with zero padding; channels are in groups of as many as the kernel takes in.

    A few groups are taken one by one: on a CPU, XLA needs some thirty times longer for the kernel gradient of its own grouped
    convolution (1.2 s against 37 ms of CPU time with 64 channels in 4 groups at 32x32, batch 16, measured).
    """
    groups = x.shape[-1] // kernel.shape[2]

    def convolve(x, kernel, count):
        dimensions = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dimensions, feature_group_count=count)

    if groups > SPLIT_GROUPS:
        return convolve(x, kernel, groups)
    parts = zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1), strict=True)
    return jnp.concatenate([convolve(*part, 1) for part in parts], -1)


class GroupedConvolution(nn.Module):
    """A square convolution without bias, weights N(0, gain^2 / fan_in); `group_size` input channels per group, 0: all."""

    channels: int
    size: int
    group_size: int = 0
    gain: float = 1.0
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap) -> Float[Array, "batch height width out"]:
        inputs = min(self.group_size or x.shape[-1], x.shape[-1])
        init = nn.initializers.normal(self.gain / (self.size * math.sqrt(inputs)))
        kernel = self.param("kernel", init, (self.size, self.size, inputs, self.channels))
        return grouped_convolution(x.astype(self.dtype), kernel.astype(self.dtype))


class BottleneckBlock(nn.Module):
    """x + conv1x1(act(conv3x3(act(conv1x1(x))))), the last convolution zero at first, `gain` that of the others."""

    group_size: int
    gain: float
    dtype: Dtype

    @nn.compact
    def __call__(self, x: FeatureMap) -> FeatureMap:
        width = EXPANSION * x.shape[-1]
        h = GroupedConvolution(width, 1, gain=self.gain, dtype=self.dtype, name="expand")(x)
        h = GroupedConvolution(width, 3, self.group_size, self.gain, self.dtype, name="mix")(self._activate(h, "bias1"))
        return x + GroupedConvolution(x.shape[-1], 1, gain=0.0, dtype=self.dtype, name="project")(self._activate(h, "bias2"))

    def _activate(self, x: FeatureMap, name: str) -> FeatureMap:
        return leaky_relu(x + per_channel(self.param(name, nn.initializers.zeros, (x.shape[-1],)), x))


class _Stages(nn.Module):
    """The base of both networks: the widths and compute types by resolution, and the blocks.

    Attributes:
      base_channels, max_channels: width at the full size (of the last stage, with patches) and the largest width.
      blocks: per stage.
      group_size: channels in a group of the 3x3 convolutions; 0: one group of all. It divides twice every width, or is larger.
      patch_size: above 1 (the paper's), the last stage works on patches of that many pixels a side.
    """

    image_size: int
    base_channels: int = 96
    max_channels: int = 768
    blocks: int = 2
    group_size: int = 16
    patch_size: int = 1
    dtype: Dtype = jnp.float32

    @property
    def plan(self) -> list[tuple[int, Dtype]]:
        """Width and compute type of every stage, 4x4 first."""
        count = (self.image_size // self.patch_size).bit_length() - 2
        above = range(count - 1, -1, -1)
        wide = jnp.promote_types(self.dtype, jnp.float32)
        types = [self.dtype if index < LOW_PRECISION_STAGES else wide for index in above]
        return [(min(self.base_channels * 2**index, self.max_channels), dtype) for index, dtype in zip(above, types, strict=True)]

    def residual_blocks(self, x: FeatureMap, stage: int) -> FeatureMap:
        """The stage's blocks; their gain falls with the number of blocks in all (Zhang et al. 2019, arXiv 1901.09321)."""
        plan = self.plan
        gain = GAIN * (self.blocks * len(plan)) ** -0.25
        for index in range(self.blocks):
            x = BottleneckBlock(self.group_size, gain, plan[stage][1], name=f"block{stage}_{index}")(x)
        return x


class Generator(_Stages):
    """Latent z to image, linear output: a learned 4x4 basis weighted by z, then stages."""

    latent_dim: int = 64

    @nn.compact
    def __call__(self, z: Float[Array, "batch {self.latent_dim}"]) -> SquareImages:
        width = self.plan[0][0]
        basis = self.param("basis", nn.initializers.normal(1.0), (4, 4, width))
        kernel = self.param("from_z", nn.initializers.normal(1 / math.sqrt(self.latent_dim)), (self.latent_dim, width))
        x = basis[None] * (z @ kernel)[:, None, None, :]
        for stage, (width, dtype) in enumerate(self.plan):
            x = x.astype(dtype)
            if stage:
                x = GroupedConvolution(width, 1, dtype=dtype, name=f"widen{stage}")(x) if x.shape[-1] != width else x
                x = upsample(x)
            x = self.residual_blocks(x, stage)
        x = GroupedConvolution(3 * self.patch_size**2, 1, dtype=x.dtype, name="to_rgb")(x)
        return at_least_float32(depth_to_space(x, self.patch_size))


class Discriminator(_Stages):
    """Image to a real/fake logit: the generator's stages backwards, then weighted sums of the 4x4 places and of the channels."""

    @nn.compact
    def __call__(self, image: SquareImages) -> Float[Array, " batch"]:
        plan = self.plan
        x = space_to_depth(image, self.patch_size)
        x = GroupedConvolution(plan[-1][0], 1, dtype=plan[-1][1], name="from_rgb")(x)
        for stage in range(len(plan) - 1, -1, -1):
            dtype = plan[stage][1]
            x = self.residual_blocks(x.astype(dtype), stage)
            if stage:
                x = downsample(x)
                width = plan[stage - 1][0]
                x = GroupedConvolution(width, 1, dtype=dtype, name=f"narrow{stage}")(x) if x.shape[-1] != width else x
        x = at_least_float32(x)
        basis = self.param("basis", nn.initializers.normal(1 / 4), (4, 4, x.shape[-1]))
        kernel = self.param("to_logit", nn.initializers.normal(1 / math.sqrt(x.shape[-1])), (x.shape[-1],))
        return (x * basis[None]).sum((1, 2)) @ kernel
