"""Pictures to floats and back, and augmentation inside jit.

A draw depends on the seed, the example's position and the image's role alone, so that it is the same on any number of
devices and after a resume.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from semgan.data import annotations
from semgan.types import OF_REFERENCE, Batch, Images

STREAMS = {"image": 0, "reference": 1, "reference2": 2}
"""The keys of a batch that hold pictures, and the stream of draws of each."""
ANNOTATED = {"image": "", "reference": OF_REFERENCE}
"""The streams whose pictures have annotations in a batch, and the prefix of these annotations' names."""
_TAG = 0x41554721  # keeps these keys apart from the training step's, which fold the step into the same seed


def to_float(images: Any) -> Any:
    """uint8 -> float32 in [-1, 1]: x / 127.5 - 1. NumPy arrays stay NumPy."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(images: Any) -> Any:
    """Float in [-1, 1] -> uint8, rounded and clipped: the inverse of `to_float`. NumPy arrays stay NumPy."""
    xp = jnp if isinstance(images, jax.Array) else np
    scaled = (images.astype(np.float32) + np.float32(1)) * np.float32(127.5)
    return xp.round(xp.clip(scaled, 0, 255)).astype(np.uint8)


class _AugmentSettings(NamedTuple):
    flip: bool
    crop_probability: float
    area: tuple[float, float]
    ratio: float


def augment_batch(
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
    """The batch with its uint8 pictures as augmented floats, and what is annotated of them moved along; the rest passes through.

    Args:
      batch: "position" int32 (b,) and those of "image", "reference", "reference2" that it has, uint8 (b, size, size, 3); where it has
        them, "mask", "landmarks" and "boxes" of the image (see `Dataset.annotations`), and the reference's, as "reference_mask".
      flip: mirrors a picture left to right with probability one half.
      crop_probability: of cropping a box and resizing it to the full size.
      crop_scale, crop_most: least and largest share of the area that the box keeps.
      crop_ratio: the box's largest ratio of width to height; its least is 2 - crop_ratio.
      paired: a reference shows what its content shows, so it is changed in the same way.

    Returns:
      pictures float32 in [-1, 1]. With `flip` off and `crop_probability` 0 they are exactly `to_float` of the input. Landmarks that a
      crop leaves outside lie outside [0, 1]; boxes that it leaves outside are absent.
    """
    settings = _AugmentSettings(flip, crop_probability, (crop_scale, crop_most), crop_ratio)
    result = dict(batch)
    for name, stream in STREAMS.items():
        if name not in batch:
            continue
        images = to_float(batch[name])
        if crop_probability > 0 or flip:
            stream = STREAMS["image"] if paired else stream
            stream_key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _TAG), stream)
            keys = jax.vmap(jax.random.fold_in, (None, 0))(stream_key, batch["position"])
            draws = jax.vmap(lambda key: jax.random.uniform(key, (6,)))(keys)
            images = _augment_images(images, draws, settings)
            if name in ANNOTATED:
                result |= _augment_annotations(batch, ANNOTATED[name], draws, images.shape[1], settings)
        result[name] = images
    return result


def _augment_images(images: Images, draws: Float[Array, "batch 6"], settings: _AugmentSettings) -> Images:
    if settings.crop_probability > 0:
        rows, columns = crop_matrices(draws, images.shape[1], settings.crop_probability, settings.area, settings.ratio)
        # Highest precision, so that a picture that is not cropped stays exactly as it is on every device.
        highest = jax.lax.Precision.HIGHEST
        images = jnp.einsum("noy,nyxc->noxc", rows, images, precision=highest)
        images = jnp.clip(jnp.einsum("nox,nyxc->nyoc", columns, images, precision=highest), -1, 1)  # rounding
    if settings.flip:
        images = jnp.where(_mirror_flips(draws)[:, None, None, None], images[:, :, ::-1], images)
    return images


def _augment_annotations(batch: Batch, of: str, draws: Float[Array, "batch 6"], size: int, settings: _AugmentSettings) -> dict[str, Array]:
    """Mask, landmarks and boxes whose names begin with `of`, those that there are, as `_augment_images` changes their picture."""
    values = {name: batch[f"{of}{name}"] for name in annotations.SPATIAL if f"{of}{name}" in batch}
    if settings.crop_probability > 0:
        values = annotations.crop(values, crop_boxes(draws, size, settings.crop_probability, settings.area, settings.ratio), size)
    if settings.flip:
        values = annotations.mirror(values, _mirror_flips(draws))
    return {f"{of}{name}": value for name, value in values.items()}


def _mirror_flips(draws: Float[Array, "batch 6"]) -> Array:
    return draws[:, 5] < 0.5


def crop_boxes(
    draws: Float[Array, "batch 6"], size: int, probability: float, areas: tuple[float, float], most_ratio: float
) -> annotations.Crops:
    """Boxes to crop, in pixels; the whole picture for examples not drawn.

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
    return annotations.Crops(draws[:, 3] * (size - height), draws[:, 4] * (size - width), height, width)


def crop_matrices(
    draws: Float[Array, "batch 6"], size: int, probability: float, areas: tuple[float, float], most_ratio: float
) -> tuple[Float[Array, "batch size size"], Float[Array, "batch size size"]]:
    """Matrices over rows and columns that crop the boxes of `crop_boxes` and resize them bilinearly; the identity for whole pictures."""
    box = crop_boxes(draws, size, probability, areas, most_ratio)
    return _resize_matrix(box.top, box.height, size), _resize_matrix(box.left, box.width, size)


def _resize_matrix(start: Float[Array, " batch"], length: Float[Array, " batch"], size: int) -> Float[Array, "batch out in"]:
    """Weights (out, in) that resample `[start, start + length)` to `size` pixels: a triangle around each sample point."""
    pixel: Int[Array, " size"] = jnp.arange(size, dtype=jnp.float32)
    centre = start[:, None] + (pixel + 0.5)[None] * (length[:, None] / size) - 0.5
    weights = jnp.maximum(0.0, 1.0 - jnp.abs(pixel[None, None, :] - centre[:, :, None]))
    return weights / jnp.sum(weights, axis=-1, keepdims=True)
