"""The discriminator that judges patches (pix2pix: Isola et al. 2017, arXiv 1611.07004, appendix 6.1.2), also CycleGAN's and CUT's."""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.blur import blur_downsample
from semgan.layers.convolutions import Normalization, convolution
from semgan.layers.precision import at_least_float32


class PatchGAN(nn.Module):
    """Image to real/fake logits, one per place; each sees 70x70 pixels with three `layers`.

    A condition, such as pix2pix's input, comes as further channels of the image.

    Attributes:
      base_channels: width of the first layer; doubles per layer up to eight times that.
      layers: how many layers halve the resolution, or as many as leave 2x2 logits (pictures under 32 px); one 4x4 convolution follows.
      norm: "instance", "batch" or "none" (see `Normalization`); the first layer has none.
      antialiased: CUT's blurred halving of stride-1 convolutions; else strided ones.
      initializer: the weights' initialiser, a name in `semgan.layers.convolutions.INITIALIZERS`.
    """

    base_channels: int = 64
    layers: int = 3
    norm: str = "instance"
    antialiased: bool = False
    initializer: str = "normal"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "batch height width channel"]) -> Float[Array, "batch height_out width_out"]:
        conv = partial(convolution, size=4, padding=1, initializer=self.initializer, dtype=self.dtype)
        halvings = min(self.layers, min(image.shape[1:3]).bit_length() - 3)
        x = image.astype(self.dtype)
        for index in range(halvings + 1):
            halve = index < halvings
            stride = 2 if halve and not self.antialiased else 1
            bias = index == 0 or self.norm != "batch"
            x = conv(self.base_channels * min(2**index, 8), stride=stride, use_bias=bias, name=f"conv{index}")(x)
            x = nn.leaky_relu(Normalization(self.norm if index else "none", name=f"norm{index}")(x), 0.2)
            x = blur_downsample(x) if halve and self.antialiased else x
        return at_least_float32(conv(1, name="logits")(x)[..., 0])
