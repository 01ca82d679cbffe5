"""Distances between an output and what it should equal, unreduced."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.layers.blur import gaussian_blur
from semgan.types import Images

_SSIM_DEVIATION = 1.5
"""The Gaussian window's deviation, in pixels."""
_C1, _C2 = 0.01**2, 0.03**2


def l1(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Absolute difference; used for style reconstruction, cycle and diversity (StarGAN v2, equations 2 to 4)."""
    return jnp.abs(prediction - target)


def dissimilarity(prediction: Images, target: Images) -> Float[Array, "batch height width 3"]:
    """(1 - SSIM) / 2 around each pixel and by channel, in [0, 1], of pictures in [-1, 1] (Wang et al. 2004, IEEE TIP 13, equation 13).

    As a loss beside a mean absolute difference: Zhao et al. 2017, IEEE TCI 3(1). Windows at the rim hold what lies inside the picture.
    """
    a, b = (0.5 * (each.astype(jnp.float32) + 1) for each in (prediction, target))
    means = gaussian_blur(jnp.concatenate([a, b, a * a, b * b, a * b], -1), jnp.array([_SSIM_DEVIATION]))
    mean_a, mean_b, square_a, square_b, product = jnp.split(means, 5, -1)
    variances, covariance = square_a - mean_a**2 + square_b - mean_b**2, product - mean_a * mean_b
    similarity = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2) / ((mean_a**2 + mean_b**2 + _C1) * (variances + _C2))
    return 0.5 * (1 - similarity)
