"""Gradient penalties, one value an example, float32."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def r1(
    logits_of: Callable[[Float[Array, "batch ..."]], Float[Array, " batch"]], image: Float[Array, "batch ..."]
) -> Float[Array, " batch"]:
    """Half the squared norm of D's gradient at each real image (Mescheder et al. 2018, arXiv 1801.04406, equation 9, gamma = 1).

    `logits_of` must treat examples independently, so that the gradient of the sum holds every example's own.
    """
    gradient = jax.grad(lambda images: logits_of(images).sum())(image.astype(jnp.float32))
    return 0.5 * jnp.square(gradient).sum(axis=tuple(range(1, gradient.ndim)))
