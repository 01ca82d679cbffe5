"""Antialiased changes of resolution by two, as in the networks of CUT (arXiv 2007.15651), and Gaussian blurs.

The former are those of Zhang 2019 (arXiv 1904.11486).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def blur_downsample(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch half_height half_width channel"]:
    """Every second pixel after the filter [1, 2, 1] / 4 along rows and columns, mirrored at the edges; an odd size rounds up."""
    return _halve(_halve(x, 1), 2)


def blur_upsample(x: Float[Array, "batch height width channel"]) -> Float[Array, "batch height*2 width*2 channel"]:
    """Zeros between the pixels, then the filter [1, 3, 3, 1] / 4 along rows and columns, edges repeated: bilinear interpolation."""
    return _double(_double(x, 1), 2)


def _halve(x: Array, axis: int) -> Array:
    count = (x.shape[axis] + 1) // 2
    padded = jnp.moveaxis(_pad(x, axis, "reflect"), axis, 0)
    left, centre, right = (padded[start : start + 2 * count - 1 : 2] for start in range(3))
    return jnp.moveaxis(0.25 * left + 0.5 * centre + 0.25 * right, 0, axis)


def _double(x: Array, axis: int) -> Array:
    padded = jnp.moveaxis(_pad(x, axis, "edge"), axis, 0)
    before, centre, after = padded[:-2], padded[1:-1], padded[2:]
    pairs = jnp.stack([0.25 * before + 0.75 * centre, 0.75 * centre + 0.25 * after], 1)
    return jnp.moveaxis(pairs.reshape(-1, *centre.shape[1:]), 0, axis)


def _pad(x: Array, axis: int, mode: str) -> Array:
    return jnp.pad(x, [(1, 1) if index == axis else (0, 0) for index in range(x.ndim)], mode=mode)


def gaussian_blur(
    x: Float[Array, "batch height width channel"], deviation: Float[Array, " #batch"]
) -> Float[Array, "batch height width channel"]:
    """Gaussian means over what lies inside the picture, of a deviation in pixels for each picture or one for all.

    By products with matrices, which cost a CPU a quarter of chains of shifted sums.
    """
    rows, columns = (_gaussian_weights(size, deviation) for size in x.shape[1:3])
    rows, columns = (jnp.broadcast_to(each, (len(x), *each.shape[1:])) for each in (rows, columns))
    return jnp.einsum("nox,nyxc->nyoc", columns, jnp.einsum("noy,nyxc->noxc", rows, x))


def _gaussian_weights(size: int, deviation: Float[Array, " count"]) -> Float[Array, "count {size} {size}"]:
    place = jnp.arange(size, dtype=jnp.float32)
    weights = jnp.exp(-0.5 * ((place[:, None] - place[None])[None] / deviation[:, None, None]) ** 2)
    return weights / weights.sum(-1, keepdims=True)
