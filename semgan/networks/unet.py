"""pix2pix's generator (Isola et al. 2017, arXiv 1611.07004, section 3.2.1 and appendix 6.1.1), NHWC."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Key

from semgan.layers import whole
from semgan.layers.array_types import FeatureMap, RGBImages
from semgan.layers.convolutions import Normalization, TransposedConvolution, convolution
from semgan.layers.precision import at_least_float32


class UNetGenerator(nn.Module):
    """Image to image in [-1, 1]: halved down to one pixel and doubled back, each level joined with that of the way down.

    Attributes:
      base_channels: width of the first level; doubles per level up to eight times that.
      norm: "instance" or "batch" (see `Normalization`); neither the first level nor the one pixel has any on the way down.
      dropout_layers: levels on the way up that drop half of their values, the network's only noise (section 3.1).
      dropout_start: levels on the way up before these; the paper has none, its authors' later code (PyTorch) one.
      initializer: the weights' initialiser, a name in `semgan.layers.convolutions.INITIALIZERS`.
      image_size: the size that is halved down to one pixel, a power of two; 0: the image's own. Images may have other sizes, multiples
        of this one, which then end at as many pixels.
    """

    base_channels: int = 64
    norm: str = "batch"
    dropout_layers: int = 3
    dropout_start: int = 0
    initializer: str = "normal"
    image_size: int = 0
    dtype: Dtype = jnp.float32

    @property
    def stride(self) -> int:
        """Returns the number that the image's height and width have to be multiples of."""
        return self.image_size

    @nn.compact
    def __call__(self, image: RGBImages, keys: Key[Array, " batch"] | None = None) -> RGBImages:
        """`keys`, one per example, are what its dropout is drawn with, in training and after; without them nothing is dropped."""
        levels = (self.image_size or image.shape[1]).bit_length() - 1
        widths = [self.base_channels * min(2**level, 8) for level in range(levels)]
        options = {"initializer": self.initializer, "dtype": self.dtype}
        conv = partial(convolution, size=4, stride=2, padding=1, use_bias=self.norm != "batch", **options)
        norm = partial(Normalization, self.norm)

        x, skips = conv(widths[0], name="down0")(image.astype(self.dtype)), []
        for level in range(1, levels):
            skips.append(x)
            x = conv(widths[level], name=f"down{level}")(nn.leaky_relu(x, 0.2))
            x = norm(name=f"down_norm{level}")(x) if level < levels - 1 else x
        for level in range(levels - 1, 0, -1):
            up = TransposedConvolution(widths[level - 1], use_bias=self.norm != "batch", **options, name=f"up{level}")
            x = norm(name=f"up_norm{level}")(up(nn.relu(x)))
            if keys is not None and 0 <= levels - 1 - level - self.dropout_start < self.dropout_layers:
                x = _dropout(x, jax.vmap(jax.random.fold_in, (0, None))(keys, level), 2**level)
            x = jnp.concatenate([skips[level - 1], x], -1)
        x = TransposedConvolution(3, **options, name="to_rgb")(nn.relu(x))
        return nn.tanh(at_least_float32(x))


def _dropout(x: FeatureMap, keys: Key[Array, " batch"], stride: int) -> FeatureMap:
    """Drops half of the values, by draws that depend on the key and on the place in the picture, so that parts of one agree."""
    rows, columns = whole.places(x, stride)
    by_row = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)))(keys, rows)
    by_place = jax.vmap(jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None)))(by_row, columns)
    draw = jax.vmap(jax.vmap(jax.vmap(lambda key: jax.random.bernoulli(key, 0.5, x.shape[-1:]))))
    return jnp.where(draw(by_place), 2 * x, 0)
