"""Minibatch standard deviation: lets a discriminator see how varied a batch is (ProGAN, arXiv 1710.10196, section 3)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.precision import at_least_float32


def minibatch_stddev(x: Float[Array, "batch height width channel"], group_size: int) -> Float[Array, "batch height width channel+1"]:
    """`x` with one more channel: the mean, over channels and places, of the standard deviation within the example's group.

    Groups are strided, as in StyleGAN2: with n groups, example i is in group i mod n. They stay inside the batch given, and so
    inside a device. Their size is the largest divisor of the batch that is at most `group_size`. Computed in float32.
    """
    batch, height, width, channel = x.shape
    size = max(divisor for divisor in range(1, group_size + 1) if batch % divisor == 0)
    groups = at_least_float32(x).reshape(size, batch // size, height, width, channel)
    centred = groups - groups.mean(0, keepdims=True)
    deviation = jnp.sqrt(jnp.square(centred).mean(0) + 1e-8).mean((1, 2, 3))
    extra = jnp.broadcast_to(jnp.tile(deviation, size)[:, None, None, None], (batch, height, width, 1))
    return jnp.concatenate([x, extra.astype(x.dtype)], -1)
