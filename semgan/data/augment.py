"""Pictures to floats and back, and augmentation inside jit.

A draw depends on the seed, the example's position and the image's role alone, so that it is the same on any number of
devices and after a resume.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from semgan.types import Batch, Images, Key

STREAMS = {"image": 0, "reference": 1, "reference2": 2}
"""The keys of a batch that hold pictures, and the stream of draws of each."""
_TAG = 0x41554721  # keeps these keys apart from the training step's, which fold the step into the same seed
_RATIO = (0.9, 1.1)  # width to height of a crop, as in StarGAN v2


def to_float(images: Any) -> Any:
    """uint8 -> float32 in [-1, 1]: x / 127.5 - 1. NumPy arrays stay NumPy."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(images: Any) -> Any:
    """Float in [-1, 1] -> uint8, rounded and clipped: the inverse of `to_float`. NumPy arrays stay NumPy."""
    xp = jnp if isinstance(images, jax.Array) else np
    scaled = (images.astype(np.float32) + np.float32(1)) * np.float32(127.5)
    return xp.round(xp.clip(scaled, 0, 255)).astype(np.uint8)


def augment(batch: Batch, seed: int, *, flip: bool, crop_probability: float, crop_scale: float) -> dict[str, Any]:
    """The batch with its uint8 pictures as augmented floats; other entries pass through.

    Args:
      batch: "position" int32 (b,) and those of "image", "reference", "reference2" that it has, uint8 (b, size, size, 3).
      flip: mirrors a picture left to right with probability one half.
      crop_probability: of cropping a box and resizing it to the full size.
      crop_scale: least share of the area that the box keeps.

    Returns:
      pictures float32 in [-1, 1]. With `flip` off and `crop_probability` 0 they are exactly `to_float` of the input.
    """
    result = dict(batch)
    for name, stream in STREAMS.items():
        if name not in batch:
            continue
        images = to_float(batch[name])
        if crop_probability > 0 or flip:
            stream_key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _TAG), stream)
            keys = jax.vmap(jax.random.fold_in, (None, 0))(stream_key, batch["position"])
            images = _augment_images(images, keys, flip, crop_probability, crop_scale)
        result[name] = images
    return result


def _augment_images(images: Images, keys: Key, flip: bool, crop_probability: float, crop_scale: float) -> Images:
    draws = jax.vmap(lambda key: jax.random.uniform(key, (6,)))(keys)
    if crop_probability > 0:
        rows, columns = crop_matrices(draws, images.shape[1], crop_probability, crop_scale)
        # Highest precision, so that a picture that is not cropped stays exactly as it is on every device.
        highest = jax.lax.Precision.HIGHEST
        images = jnp.einsum("noy,nyxc->noxc", rows, images, precision=highest)
        images = jnp.clip(jnp.einsum("nox,nyxc->nyoc", columns, images, precision=highest), -1, 1)  # rounding
    if flip:
        images = jnp.where(draws[:, 5, None, None, None] < 0.5, images[:, :, ::-1], images)
    return images


def crop_matrices(
    draws: Float[Array, "batch 6"], size: int, probability: float, least_area: float
) -> tuple[Float[Array, "batch size size"], Float[Array, "batch size size"]]:
    """Matrices over rows and columns that crop a box and resize it bilinearly; the identity for examples not drawn.

    Args:
      draws: uniform in [0, 1): whether, area, ratio, top, left, (flip).
    """
    drawn = draws[:, 0] < probability
    area = least_area + (1 - least_area) * draws[:, 1]
    low, high = np.log(_RATIO[0]), np.log(_RATIO[1])
    root = jnp.exp(0.5 * (low + (high - low) * draws[:, 2]))
    height = jnp.where(drawn, jnp.minimum(jnp.sqrt(area) / root, 1.0), 1.0) * size
    width = jnp.where(drawn, jnp.minimum(jnp.sqrt(area) * root, 1.0), 1.0) * size
    return (
        _resize_matrix(draws[:, 3] * (size - height), height, size),
        _resize_matrix(draws[:, 4] * (size - width), width, size),
    )


def _resize_matrix(start: Float[Array, " batch"], length: Float[Array, " batch"], size: int) -> Float[Array, "batch out in"]:
    """Weights (out, in) that resample `[start, start + length)` to `size` pixels: a triangle around each sample point."""
    pixel: Int[Array, " size"] = jnp.arange(size, dtype=jnp.float32)
    centre = start[:, None] + (pixel + 0.5) * (length[:, None] / size) - 0.5
    weights = jnp.maximum(0.0, 1.0 - jnp.abs(pixel[None, None, :] - centre[:, :, None]))
    return weights / jnp.sum(weights, axis=-1, keepdims=True)
