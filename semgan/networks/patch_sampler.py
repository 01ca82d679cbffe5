"""CUT's projection of patches (Park et al. 2020, arXiv 2007.15651, section 3)."""

from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float, Int

from semgan.layers.convolutions import INITIALIZERS
from semgan.layers.precision import at_least_float32


class PatchSampler(nn.Module):
    """Features of a generator's layers at given places to vectors: two dense layers with a ReLU between them, others for each layer.

    Attributes:
      channels: width of both.
      initializer: the weights' initialiser, a name in `semgan.layers.convolutions.INITIALIZERS`.
    """

    channels: int = 256
    initializer: str = "xavier"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, features: Sequence[Float[Array, "batch _ _ _"]], places: Sequence[Int[Array, "batch _"]]
    ) -> list[Float[Array, "batch _ {self.channels}"]]:
        """`places` number the features' pixels row by row, one array per layer, the same for queries and keys."""

        def dense(name):
            return nn.Dense(self.channels, kernel_init=INITIALIZERS[self.initializer], dtype=self.dtype, name=name)

        projected = []
        for number, (feature, place) in enumerate(zip(features, places, strict=True)):
            pixels = feature.reshape(len(feature), -1, feature.shape[-1])
            x = jnp.take_along_axis(pixels, place[:, :, None], 1)
            projected.append(at_least_float32(dense(f"out{number}")(nn.relu(dense(f"hidden{number}")(x)))))
        return projected
