"""DCGAN's networks (Radford, Metz and Chintala 2016, arXiv 1511.06434, section 3), NHWC, for any power-of-two size from 16 up.

Upsampling repeats pixels and convolves (Odena et al. 2016, "Deconvolution and checkerboard artifacts") where the paper has strided
transposed convolutions. Widths are `base_channels` at half the image's resolution and double at every halving, up to
`max_channels`. Both networks keep running statistics of their batch norms in the collection "batch_stats".
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import SquareImages
from semgan.layers.batch_norm import BatchNorm
from semgan.layers.blocks import leaky_relu
from semgan.layers.resample import upsample_nearest

_init = nn.initializers.normal(0.02)


def _widths(image_size: int, base: int, maximum: int) -> list[int]:
    """Widths from half the image's resolution down to 4x4."""
    return [min(base * 2**level, maximum) for level in range(image_size.bit_length() - 3)]


class Generator(nn.Module):
    """Latent z to image in (-1, 1): dense to 4x4, then batch norm, ReLU and doubling until the full size, and tanh."""

    image_size: int
    latent_dim: int = 100
    base_channels: int = 128
    max_channels: int = 1024
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, z: Float[Array, "batch {self.latent_dim}"], *, train: bool = False) -> SquareImages:
        conv = partial(nn.Conv, kernel_size=(3, 3), kernel_init=_init, dtype=self.dtype)
        widths = _widths(self.image_size, self.base_channels, self.max_channels)[::-1]
        x = nn.Dense(16 * widths[0], use_bias=False, kernel_init=_init, dtype=self.dtype, name="from_z")(z)
        x = x.reshape(-1, 4, 4, widths[0])
        for index, width in enumerate(widths):
            if index:
                x = conv(width, use_bias=False, name=f"conv{index}")(upsample_nearest(x))
            x = nn.relu(BatchNorm(name=f"norm{index}")(x, train=train))
        x = conv(3, name="to_rgb")(upsample_nearest(x))
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """Image to a real/fake logit: 4x4 convolutions of stride 2 down to 4x4, batch norm on all but the first, and a dense layer.

    Without `batch_norm` each logit depends on its own image alone, as penalties on gradients suppose.
    """

    image_size: int
    base_channels: int = 128
    max_channels: int = 1024
    batch_norm: bool = True
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: SquareImages, *, train: bool = False) -> Float[Array, " batch"]:
        x = image.astype(self.dtype)
        for index, width in enumerate(_widths(self.image_size, self.base_channels, self.max_channels)):
            norm = self.batch_norm and index > 0
            conv = nn.Conv(width, (4, 4), strides=2, padding=1, use_bias=not norm, kernel_init=_init, dtype=self.dtype, name=f"conv{index}")
            x = conv(x)
            if norm:
                x = BatchNorm(name=f"norm{index}")(x, train=train)
            x = leaky_relu(x)
        logits = nn.Dense(1, kernel_init=_init, dtype=self.dtype, name="logit")(x.reshape(x.shape[0], -1))
        return logits[:, 0].astype(jnp.float32)
