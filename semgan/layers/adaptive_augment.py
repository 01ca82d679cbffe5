"""Discriminator augmentation: the "bgc" pipeline of pixel blits, geometry and colour (StyleGAN2-ADA, arXiv 2006.06676, appendix B).

Differentiable in the images, so that the generator learns, and R1 is taken, through it. Each transform is applied with probability p.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from semgan.layers.array_types import SquareImages
from semgan.layers.augment_geometry import rotation, scaling, translation, warp
from semgan.layers.broadcast import per_channel
from semgan.types import Scalar

BLIT_TRANSLATION = 0.125
"""Largest translation by whole pixels, as a share of the image's side."""
SCALE_STD = 0.2
"""Standard deviation of the scales' logarithms to the base 2, isotropic and anisotropic."""
TRANSLATION_STD = 0.125
"""Standard deviation of the translation by fractions of pixels, as a share of the image's side."""
BRIGHTNESS_STD, CONTRAST_STD, SATURATION_STD = 0.2, 0.5, 1.0
"""Brightness in units of the image's [-1, 1]; contrast and saturation as logarithms to the base 2."""


class AugmentDraws(NamedTuple):
    """One image's draws: for each transform, the geometric ones first, what decides whether it is applied, and numbers to make it of.

    Attributes:
      chance, uniform: in [0, 1).
      normal: standard normal.
    """

    chance: Float[Array, " 13"]
    uniform: Float[Array, " 13"]
    normal: Float[Array, " 13"]


def draw(key: Key[Array, ""]) -> AugmentDraws:
    """All draws of one image at once, which compiles faster than one after another."""
    first, second = jax.random.split(key)
    chance, uniform = jax.random.uniform(first, (2, 13))
    return AugmentDraws(chance, uniform, jax.random.normal(second, (13,)))


def augment(images: SquareImages, keys: Key[Array, " batch"], p: Scalar, supersampling: int = 2) -> SquareImages:
    """Augmented images, each by draws from its own key; the images themselves where p is 0.

    Args:
      images: in [-1, 1]; the result may leave that range.
      p: in [0, 1].
      supersampling: the factor of the geometry's supersampling, 2 or 1 (`augment_geometry.warp`).
    """

    def one(image: Float[Array, "size size 3"], key: Array) -> Float[Array, "size size 3"]:
        draws = draw(key)
        warped = warp(image, inverse_geometry(draws, p, image.shape[0]), supersampling)
        return _recolour(warped, colour_matrix(draws, p))

    return jnp.where(p > 0, jax.vmap(one)(images.astype(jnp.float32), keys), images)


def inverse_geometry(draws: AugmentDraws, p: Scalar, size: int) -> Float[Array, "3 3"]:
    """Maps the augmented image's points, in pixels from the centre, to their origins: the inverses of the drawn transforms in order.

    Rotation comes before and after the anisotropic scaling, each with probability 1 - sqrt(1 - p): p for at least one. All of the
    distributions are those of their inverses.
    """
    chance, uniform, normal = (values[:8] for values in draws)
    mirror = jnp.where(uniform[0] < 0.5, -1.0, 1.0)
    quarters = jnp.floor(4 * uniform[1]) * (jnp.pi / 2)
    blit = jnp.round(size * BLIT_TRANSLATION * (2 * uniform[2:4] - 1))
    first, second = jnp.pi * (2 * uniform[4:6] - 1)
    scale, stretch = jnp.exp2(SCALE_STD * normal[:2])
    shift = size * TRANSLATION_STD * normal[2:4]
    rotate = 1 - jnp.sqrt(1 - p)
    transforms = (
        (p, scaling(mirror, jnp.ones(()))),
        (p, rotation(jnp.round(jnp.cos(quarters)), jnp.round(jnp.sin(quarters)))),
        (p, translation(blit[0], blit[1])),
        (p, scaling(scale, scale)),
        (rotate, rotation(jnp.cos(first), jnp.sin(first))),
        (p, scaling(stretch, 1 / stretch)),
        (rotate, rotation(jnp.cos(second), jnp.sin(second))),
        (p, translation(shift[0], shift[1])),
    )
    inverse = jnp.eye(3)
    for number, (probability, matrix) in enumerate(transforms):
        inverse = _product(inverse, jnp.where(chance[number] < probability, matrix, jnp.eye(3)))
    return inverse


def colour_matrix(draws: AugmentDraws, p: Scalar) -> Float[Array, "4 4"]:
    """Acts on (red, green, blue, 1): brightness, contrast, luma flip, hue rotation and saturation, the last three about the grey axis."""
    chance, uniform, normal = (values[8:] for values in draws)
    grey = jnp.full((3, 3), 1 / 3)  # the projection onto the grey axis
    other = jnp.eye(3) - grey
    cross = jnp.asarray([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / jnp.sqrt(3.0)
    angle = jnp.pi * (2 * uniform[0] - 1)
    transforms = (
        jnp.eye(4).at[:3, 3].set(BRIGHTNESS_STD * normal[0]),
        _linear(jnp.exp2(CONTRAST_STD * normal[1]) * jnp.eye(3)),
        _linear(jnp.eye(3) - jnp.where(uniform[1] < 0.5, 2.0, 0.0) * grey),
        _linear(grey + jnp.cos(angle) * other + jnp.sin(angle) * cross),  # Rodrigues' formula
        _linear(grey + jnp.exp2(SATURATION_STD * normal[2]) * other),
    )
    matrix = jnp.eye(4)
    for number, transform in enumerate(transforms):
        matrix = _product(jnp.where(chance[number] < p, transform, jnp.eye(4)), matrix)
    return matrix


def _product(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def _linear(colour: Float[Array, "3 3"]) -> Float[Array, "4 4"]:
    return jnp.eye(4).at[:3, :3].set(colour)


def _recolour(image: Float[Array, "size size 3"], matrix: Float[Array, "4 4"]) -> Float[Array, "size size 3"]:
    turned = jnp.einsum("yxi,oi->yxo", image, matrix[:3, :3], precision=jax.lax.Precision.HIGHEST)
    return turned + per_channel(matrix[:3, 3], turned)
