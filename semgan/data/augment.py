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


def to_float(images: Any) -> Any:
    """uint8 -> float32 in [-1, 1]: x / 127.5 - 1. NumPy arrays stay NumPy."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(images: Any) -> Any:
    """Float in [-1, 1] -> uint8, rounded and clipped: the inverse of `to_float`. NumPy arrays stay NumPy."""
    xp = jnp if isinstance(images, jax.Array) else np
    scaled = (images.astype(np.float32) + np.float32(1)) * np.float32(127.5)
    return xp.round(xp.clip(scaled, 0, 255)).astype(np.uint8)


def augment(
    batch: Batch,
    seed: int,
    *,
    flip: bool,
    crop_probability: float,
    crop_scale: float,
    crop_most: float = 1.0,
    crop_ratio: float = 1.1,
    paired: bool = False,
) -> dict[str, Any]:
    """The batch with its uint8 pictures as augmented floats; other entries pass through.

    Args:
      batch: "position" int32 (b,) and those of "image", "reference", "reference2" that it has, uint8 (b, size, size, 3).
      flip: mirrors a picture left to right with probability one half.
      crop_probability: of cropping a box and resizing it to the full size.
      crop_scale, crop_most: least and largest share of the area that the box keeps.
      crop_ratio: the box's largest ratio of width to height; its least is 2 - crop_ratio.
      paired: a reference shows what its content shows, so it is changed in the same way.

    Returns:
      pictures float32 in [-1, 1]. With `flip` off and `crop_probability` 0 they are exactly `to_float` of the input.
    """
    result = dict(batch)
    for name, stream in STREAMS.items():
        if name not in batch:
            continue
        images = to_float(batch[name])
        if crop_probability > 0 or flip:
            stream = STREAMS["image"] if paired else stream
            stream_key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _TAG), stream)
            keys = jax.vmap(jax.random.fold_in, (None, 0))(stream_key, batch["position"])
            images = _augment_images(images, keys, flip, crop_probability, (crop_scale, crop_most), crop_ratio)
        result[name] = images
    return result


def _augment_images(images: Images, keys: Key, flip: bool, crop_probability: float, area: tuple[float, float], ratio: float) -> Images:
    draws = jax.vmap(lambda key: jax.random.uniform(key, (6,)))(keys)
    if crop_probability > 0:
        rows, columns = crop_matrices(draws, images.shape[1], crop_probability, area, ratio)
        # Highest precision, so that a picture that is not cropped stays exactly as it is on every device.
        highest = jax.lax.Precision.HIGHEST
        images = jnp.einsum("noy,nyxc->noxc", rows, images, precision=highest)
        images = jnp.clip(jnp.einsum("nox,nyxc->nyoc", columns, images, precision=highest), -1, 1)  # rounding
    if flip:
        images = jnp.where(draws[:, 5, None, None, None] < 0.5, images[:, :, ::-1], images)
    return images


def crop_matrices(
    draws: Float[Array, "batch 6"], size: int, probability: float, areas: tuple[float, float], most_ratio: float
) -> tuple[Float[Array, "batch size size"], Float[Array, "batch size size"]]:
    """Matrices over rows and columns that crop a box and resize it bilinearly; the identity for examples not drawn.

    Args:
      draws: uniform in [0, 1): whether, area, ratio, top, left, (flip).
      areas: the box's least and largest share of the picture's.
      most_ratio: of width to height; the least is as far below 1 (StarGAN v2 takes 0.9 to 1.1).
    """
    drawn = draws[:, 0] < probability
    area = areas[0] + (areas[1] - areas[0]) * draws[:, 1]
    low, high = np.log(2 - most_ratio), np.log(most_ratio)
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
