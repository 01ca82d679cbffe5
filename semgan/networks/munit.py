"""MUNIT's networks (Huang, Liu, Belongie and Kautz 2018, arXiv 1804.04732, appendix B): an autoencoder per domain, and discriminators.

Their residual blocks and PatchGANs are those of the other algorithms here.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.blocks import AdaptiveResidualBlock, he_normal
from semgan.layers.convolutions import reflect_pad
from semgan.layers.normalize import LayerNorm
from semgan.layers.resample import average_pool, upsample_nearest
from semgan.networks.patchgan import PatchGAN
from semgan.networks.resnet import ResNetEncoder
from semgan.types import Images


class Autoencoder(nn.Module):
    """One domain's encoders of content (at a quarter of the resolution) and style, and the decoder of both (appendix B.2)."""

    base_channels: int = 64
    blocks: int = 4
    style_dim: int = 8
    hidden_channels: int = 256
    dtype: Dtype = jnp.float32

    def setup(self):
        base, dense = self.base_channels, partial(nn.Dense, dtype=self.dtype)
        conv = partial(nn.Conv, kernel_init=he_normal, dtype=self.dtype)
        self.content_encoder = ResNetEncoder(base, self.blocks, initializer="he", dtype=self.dtype)
        look = [conv(base, (7, 7)), *(conv(base * factor, (4, 4), 2) for factor in (2, 4, 4, 4))]
        self.style_encoder = nn.Sequential([layer for conv in look for layer in (conv, nn.relu)])
        self.to_style = dense(self.style_dim)
        self.hidden = nn.Sequential([dense(self.hidden_channels), nn.relu, dense(self.hidden_channels), nn.relu])
        self.modulated = [AdaptiveResidualBlock(4 * base, dtype=self.dtype) for _ in range(self.blocks)]
        self.double = [conv(base * factor, (5, 5)) for factor in (2, 1)]
        self.norm = [LayerNorm() for _ in range(2)]  # leaves the style's contrasts alone
        self.to_rgb = conv(3, (7, 7), padding="VALID")

    def content(self, image: Images) -> Array:
        return self.content_encoder(image)

    def style(self, image: Images) -> Array:
        return self.to_style(self.style_encoder(image.astype(self.dtype)).mean((1, 2))).astype(jnp.float32)

    def decode(self, content: Array, style: Array) -> Images:
        x, code = content, self.hidden(style.astype(self.dtype))
        for block in self.modulated:
            x = block(x, code)
        for conv, norm in zip(self.double, self.norm, strict=True):
            x = nn.relu(norm(conv(upsample_nearest(x))))
        return nn.tanh(self.to_rgb(reflect_pad(x, 3)).astype(jnp.float32))

    def __call__(self, image: Images) -> Images:
        return self.decode(self.content(image), self.style(image))


class Discriminator(nn.Module):
    """Logits of PatchGANs at `scales` resolutions, each half of the one before, in one row."""

    base_channels: int = 64
    scales: int = 3
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, image: Images) -> Float[Array, "batch logit"]:
        logits = []
        for scale in range(self.scales):
            logits.append(PatchGAN(self.base_channels, norm="none", dtype=self.dtype, name=f"scale{scale}")(image).reshape(len(image), -1))
            image = average_pool(image)
        return jnp.concatenate(logits, 1)
