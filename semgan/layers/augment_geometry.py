"""Affine maps of the image plane as 3x3 matrices, and resampling an image by one.

Coordinates are pixels (x to the right, y down) from the image's centre.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.types import Scalar

Matrix = Float[Array, "3 3"]

_SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""Low-pass taps of the symlet of six vanishing moments (Daubechies 1992), of unit norm: orthogonal to itself at even distances."""
_AROUND = len(_SYM6) // 4
"""Pixels on each side that the filter reaches."""


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


def warp(image: Float[Array, "size size channel"], inverse: Matrix, supersampling: int = 2) -> Float[Array, "size size channel"]:
    """The image mapped by the inverse of `inverse`: each output pixel is looked up, bilinearly, at `inverse` times its place.

    The image goes on beyond its edges as its mirror (the edge pixel once) for `size` - 1 pixels, the most that a reflection can give,
    and is zero from there on. The margin is the same whatever `inverse` is, so that one compiled program serves all; the paper's own
    code takes what the batch needs, at most that much, and so gives the same pictures.

    Args:
      supersampling: 2 looks up in an image of twice the resolution and filters the result (StyleGAN2-ADA, appendix B.2), with an
        orthogonal wavelet's low-pass filter both times: what is moved by whole pixels stays sharp, and exact but for rounding. 1 looks
        up in the image itself, where fractions of pixels blur.
    """
    size = image.shape[0]
    margin = size - 1
    field = jnp.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    if supersampling == 1:
        return _look_up(field, inverse, size)
    shift = 2 * inverse[:2, 2] + (inverse[:2, :2].sum(1) - 1) / 2  # in fine pixels, of which the taps are centred half a one off
    fine = inverse.at[:2, 2].set(shift)
    return _halve(_look_up(_double(field), fine, 2 * (size + 2 * _AROUND)))


def _look_up(field: Float[Array, "wide wide channel"], inverse: Matrix, size: int) -> Float[Array, "{size} {size} channel"]:
    """Pixels (size, size) looked up in a larger square with the same centre, zeros beyond it."""
    wide, _, channels = field.shape
    line = jnp.arange(size, dtype=jnp.float32) - (size - 1) / 2
    x, y = line[None, :], line[:, None]
    centre = (wide - 1) / 2
    column, row = (jnp.clip(inverse[at, 0] * x + inverse[at, 1] * y + inverse[at, 2] + centre, -1, wide) + 1 for at in range(2))
    framed = jnp.pad(field, ((1, 1), (1, 1), (0, 0)))
    left, top = (jnp.clip(jnp.floor(place), 0, wide) for place in (column, row))
    right_share, low_share = (column - left).reshape(-1, 1), (row - top).reshape(-1, 1)

    def neighbours(top: Array, left: Array) -> Array:
        return jax.lax.dynamic_slice(framed, (top, left, 0), (2, 2, channels))

    four = jax.vmap(neighbours)(top.reshape(-1).astype(jnp.int32), left.reshape(-1).astype(jnp.int32))
    upper, lower = ((1 - right_share) * four[:, at, 0] + right_share * four[:, at, 1] for at in range(2))
    return ((1 - low_share) * upper + low_share * lower).reshape(size, size, channels)


def _double(field: Float[Array, "wide wide channel"]) -> Float[Array, "wide*2 wide*2 channel"]:
    """Fine pixel n is the sum of taps[n - 2 k + 5] over the pixels k: at half the brightness, which `_halve` makes up for."""
    wide = field.shape[0]
    for axis in (0, 1):
        padded = jnp.pad(field, [(_AROUND, _AROUND) if at == axis else (0, 0) for at in range(3)])
        even, odd = (_weighted_sum(padded, axis, taps[::-1], start, wide) for taps, start in ((_SYM6[1::2], 0), (_SYM6[::2], 1)))
        field = jnp.stack((even, odd), axis + 1).reshape([2 * wide if at == axis else length for at, length in enumerate(field.shape)])
    return field


def _halve(fine: Float[Array, "wide wide channel"]) -> Float[Array, "size size channel"]:
    """Its transpose and its inverse: pixel k is the sum of taps[n - 2 k + 5] over the fine pixels n, of which there are 6 on each side."""
    size = fine.shape[0] // 2 - 2 * _AROUND
    for axis in (0, 1):
        pairs = fine.reshape([*fine.shape[:axis], -1, 2, *fine.shape[axis + 1 :]])
        even, odd = (jax.lax.index_in_dim(pairs, at, axis + 1, keepdims=False) for at in (0, 1))
        fine = _weighted_sum(odd, axis, _SYM6[::2], 0, size) + _weighted_sum(even, axis, _SYM6[1::2], 1, size)
    return fine


def _weighted_sum(x: Array, axis: int, taps: tuple[float, ...], start: int, size: int) -> Array:
    """The sum of the `size` pixels along `axis` from `start` on, from the one after it on, ..., weighted by the taps."""
    return sum(tap * jax.lax.slice_in_dim(x, at, at + size, axis=axis) for at, tap in enumerate(taps, start))  # pyright: ignore


def _matrix(first: tuple[Scalar, ...], second: tuple[Scalar, ...]) -> Matrix:
    return jnp.stack([jnp.stack(first), jnp.stack(second), jnp.asarray([0.0, 0.0, 1.0])])
