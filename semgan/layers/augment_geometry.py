"""Affine maps of the image plane as 3x3 matrices, and resampling an image by one.

Coordinates are pixels (x to the right, y down) from the image's centre.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Float[Array, ""]
Matrix = Float[Array, "3 3"]


def translation(x: Scalar, y: Scalar) -> Matrix:
    """Moves a point by (x, y)."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return _matrix((one, zero, x), (zero, one, y))


def scaling(x: Scalar, y: Scalar) -> Matrix:
    """Stretches by x and y; -1 mirrors."""
    zero = jnp.zeros_like(x)
    return _matrix((x, zero, zero), (zero, y, zero))


def rotation(cosine: Scalar, sine: Scalar) -> Matrix:
    """Turns by the angle of this cosine and sine."""
    zero = jnp.zeros_like(cosine)
    return _matrix((cosine, -sine, zero), (sine, cosine, zero))


def warp(image: Float[Array, "size size channel"], inverse: Matrix) -> Float[Array, "size size channel"]:
    """The image mapped by the inverse of `inverse`: each output pixel is looked up, bilinearly, at `inverse` times its place.

    The border is a mirror, however far away the place is: the image goes on as its reflection (the edge pixel once), so that no
    margin has to be chosen. Places that are whole pixels take their pixel unchanged.
    """
    size, _, channels = image.shape
    centre = (size - 1) / 2
    line = jnp.arange(size, dtype=jnp.float32) - centre
    x, y = line[None, :], line[:, None]
    column, row = (_reflected(inverse[at, 0] * x + inverse[at, 1] * y + inverse[at, 2] + centre, size) for at in range(2))
    left, top = (jnp.clip(jnp.floor(place), 0, size - 2) for place in (column, row))
    right_share, low_share = (column - left).reshape(-1, 1), (row - top).reshape(-1, 1)

    def neighbours(top: Array, left: Array) -> Array:
        return jax.lax.dynamic_slice(image, (top, left, 0), (2, 2, channels))

    four = jax.vmap(neighbours)(top.reshape(-1).astype(jnp.int32), left.reshape(-1).astype(jnp.int32))
    upper, lower = ((1 - right_share) * four[:, at, 0] + right_share * four[:, at, 1] for at in range(2))
    return ((1 - low_share) * upper + low_share * lower).reshape(size, size, channels)


def _matrix(first: tuple[Scalar, ...], second: tuple[Scalar, ...]) -> Matrix:
    return jnp.stack([jnp.stack(first), jnp.stack(second), jnp.asarray([0.0, 0.0, 1.0])])


def _reflected(place: Float[Array, "height width"], size: int) -> Float[Array, "height width"]:
    last = size - 1
    return last - jnp.abs(jnp.mod(place, 2 * last) - last)
