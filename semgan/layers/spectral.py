"""Spectral normalisation (Miyato et al. 2018, arXiv 1802.05957): convolutions whose largest singular value is one."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jaxtyping import Array, Float

from semgan.layers.array_types import FeatureMap
from semgan.layers.broadcast import per_channel
from semgan.layers.convolutions import INITIALIZERS


class SpectralConv(nn.Module):
    """A convolution whose kernel, as a matrix of inputs by outputs, is divided by its largest singular value.

    Algorithm 1: with `train`, one step of the power iteration from the vector "u" of the step
    before; without, the value that this vector gives.
    """

    channels: int
    size: int = 3
    stride: int = 1
    padding: int = 1
    use_bias: bool = True
    initializer: str = "xavier"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: FeatureMap, *, train: bool) -> Float[Array, "batch height_out width_out channel_out"]:
        kernel = self.param("kernel", INITIALIZERS[self.initializer], (self.size, self.size, x.shape[-1], self.channels))
        u = self.variable("batch_stats", "u", lambda: _unit(jax.random.normal(self.make_rng("params"), (self.channels,))))
        matrix = kernel.reshape(-1, self.channels)
        left = _unit(matrix @ u.value)
        right = _unit(left @ matrix) if train else u.value
        if train and self.is_mutable_collection("batch_stats") and not self.is_initializing():
            u.value = jax.lax.stop_gradient(right)
        sigma = jax.lax.stop_gradient(left) @ matrix @ jax.lax.stop_gradient(right)
        around = ((self.padding, self.padding), (self.padding, self.padding))
        kernel, numbers = (kernel / sigma).astype(self.dtype), ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x.astype(self.dtype), kernel, (self.stride,) * 2, around, dimension_numbers=numbers)
        return x + per_channel(self.param("bias", nn.initializers.zeros, (self.channels,)), x) if self.use_bias else x


def _unit(vector: Float[Array, " n"]) -> Float[Array, " n"]:
    return vector / (jnp.linalg.norm(vector) + 1e-12)
