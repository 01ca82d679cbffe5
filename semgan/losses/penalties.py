"""Penalties on gradients and logits, one value per example, float32.

A function handed in (`logits_of`, `images_of`) must treat examples independently, so that the gradient of a sum over the batch
holds every example's own.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Inputs = Float[Array, "batch ..."]
LogitsOf = Callable[[Inputs], Float[Array, "batch *rest"]]


def r1(logits_of: LogitsOf, real: Inputs) -> Float[Array, " batch"]:
    """Half the squared norm of D's gradient at each real image (Mescheder et al. 2018, arXiv 1801.04406, equation 9, gamma = 1)."""
    return 0.5 * _squared_norm(_input_gradient(logits_of, real))


def r2(logits_of: LogitsOf, fake: Inputs) -> Float[Array, " batch"]:
    """The same at each fake, whose making is not differentiated (the same paper, section 4.1)."""
    return r1(logits_of, jax.lax.stop_gradient(fake))


def finite_difference(logits_of: LogitsOf, images: Inputs, logits: Float[Array, "batch *rest"], noise: Inputs) -> Float[Array, " batch"]:
    """An estimate of R1 from one step along a random direction, without a second derivative (Lin et al. 2025, arXiv 2501.08316).

    Half the squared change of each logit over the step's length per dimension, mean over the logits; in expectation, for small steps, half
    the squared norm of a logit's gradient.

    Args:
      logits: of the images, as `logits_of` gives them.
      noise: normal, of the deviation that is the step.
    """
    images, noise = images.astype(jnp.float32), noise.astype(jnp.float32)
    step = jnp.sqrt(jnp.square(noise).reshape(len(noise), -1).mean(-1))
    change = (logits_of(images + noise) - logits).astype(jnp.float32).reshape(len(images), -1)
    return 0.5 * jnp.square(change).mean(-1) / step**2


def gradient_penalty(logits_of: LogitsOf, real: Inputs, fake: Inputs, mix: Float[Array, " batch"]) -> Float[Array, " batch"]:
    """(|gradient| - 1)^2 between each real and its fake (WGAN-GP: Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    Args:
      mix: uniform in [0, 1); 0 gives the real image, 1 the fake.
    """
    share = mix.reshape(-1, *(1,) * (real.ndim - 1))
    between = real + share * (jax.lax.stop_gradient(fake) - real)
    return jnp.square(jnp.sqrt(_squared_norm(_input_gradient(logits_of, between)) + 1e-12) - 1)


def drift(real_logits: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Keeps a critic's logits near zero (ProGAN: Karras et al. 2018, arXiv 1710.10196, appendix A.1)."""
    return jnp.square(real_logits.astype(jnp.float32))


def path_lengths(
    images_of: Callable[[Float[Array, "batch ..."]], Float[Array, "batch height width channel"]],
    w: Float[Array, "batch ... dim"],
    noise: Float[Array, "batch height width channel"],
) -> Float[Array, " batch"]:
    """|J^T y| at each w for normal images y (StyleGAN2: Karras et al. 2020, arXiv 1912.04958, equation 4).

    Args:
      w: (batch, dim), or (batch, layers, dim), where the squares are averaged over the layers.
      noise: standard normal; divided here by the root of the number of pixels.
    """
    height, width = noise.shape[1:3]
    y = noise / jnp.sqrt(height * width)
    gradient = jax.grad(lambda w: jnp.sum(images_of(w).astype(jnp.float32) * y))(w.astype(jnp.float32))
    squares = jnp.square(gradient).sum(-1)
    return jnp.sqrt(squares.reshape(len(w), -1).mean(1) + 1e-12)


def _input_gradient(logits_of: LogitsOf, inputs: Inputs) -> Inputs:
    return jax.grad(lambda x: logits_of(x).astype(jnp.float32).sum())(inputs.astype(jnp.float32))


def _squared_norm(gradient: Inputs) -> Float[Array, " batch"]:
    return jnp.square(gradient).sum(axis=tuple(range(1, gradient.ndim)))
