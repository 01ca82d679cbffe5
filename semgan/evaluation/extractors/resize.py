"""The changes of size that published scores were made with, each as its own code counts pixels.

They are not interchangeable: the filter alone moves FID by several points (Parmar et al. 2022, "On Aliased Resizing and Surprising
Subtleties in GAN Evaluation"). What runs on devices agrees with its model but for the last bits, as compilers multiply and add in one
rounding or in two; what runs on the host is the same to the bit.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import Image


class _Line(NamedTuple):
    """The two input pixels between which each output pixel of an axis lies, and the share of the second."""

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray


def half_pixel(x: Float[Array, "batch height width channel"], size: int) -> Float[Array, "batch {size} {size} channel"]:
    """Bilinear, half-pixel centres, no antialiasing: PyTorch's `interpolate(align_corners=False)`, pytorch-fid's choice."""

    def line(length: int) -> _Line:
        scale = x.dtype.type(length) / x.dtype.type(size)
        places = np.longdouble(scale) * (np.arange(size) + 0.5) - 0.5  # rounded once: PyTorch's binaries multiply and add in one
        return _between(np.maximum(places, 0).astype(x.dtype), length)

    rows, columns = line(x.shape[1]), line(x.shape[2])
    down_share, across_share = _by_row(rows.share), _by_column(columns.share)
    across = x[:, :, columns.low] * (1 - across_share) + x[:, :, columns.high] * across_share
    return across[:, rows.low] * (1 - down_share) + across[:, rows.high] * down_share


def tensorflow1(x: Float[Array, "batch height width channel"], size: int) -> Float[Array, "batch {size} {size} channel"]:
    """Bilinear, output pixel i at i x in / out, no antialiasing: `tf.image.resize_bilinear` of TensorFlow 1, inside the 2015 graph.

    Pictures shift by up to half a pixel, and the last rows repeat when they grow. torch-fidelity and StyleGAN2-ADA do the same.
    """

    def line(length: int) -> _Line:
        scale = x.dtype.type(np.float32(length / size))  # the step is a float32 in the graph, whatever the images are
        return _between(np.arange(size, dtype=x.dtype) * scale, length)

    rows, columns = line(x.shape[1]), line(x.shape[2])
    across = _towards(x[:, :, columns.low], x[:, :, columns.high], _by_column(columns.share))
    return _towards(across[:, rows.low], across[:, rows.high], _by_row(rows.share))


def clean(image: UInt8[np.ndarray, "height width 3"], size: int) -> Float[np.ndarray, "{size} {size} 3"]:
    """Antialiased bicubic of each channel in float32, clipped to [0, 255] and not rounded: clean-fid's (Parmar et al. 2022)."""
    channels = [Image.fromarray(np.ascontiguousarray(image[..., at], np.float32)) for at in range(3)]
    resized = [np.asarray(channel.resize((size, size), Image.Resampling.BICUBIC)) for channel in channels]
    return np.stack(resized, -1).clip(0, 255)


def twice(image: UInt8[np.ndarray, "height width 3"], first: int, second: int) -> UInt8[np.ndarray, "{second} {second} 3"]:
    """Antialiased bilinear to `first` and then to `second`, rounded to bytes each time: StarGAN v2's evaluation loader."""
    picture = Image.fromarray(image)
    for size in (first, second):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def bicubic(image: UInt8[np.ndarray, "height width 3"], height: int, width: int) -> UInt8[np.ndarray, "{height} {width} 3"]:
    """Antialiased bicubic, rounded to bytes: Pillow's, which openai's CLIP and CSD prepare pictures with."""
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def _towards(start: Array, end: Array, share: np.ndarray) -> Array:
    return start + (end - start) * share


def _by_row(values: np.ndarray) -> np.ndarray:
    """Gives one value per row the rank of pictures."""
    return values[None, :, None, None]


def _by_column(values: np.ndarray) -> np.ndarray:
    """Gives one value per column the rank of pictures."""
    return values[None, None, :, None]


def _between(places: np.ndarray, length: int) -> _Line:
    low = places.astype(np.int32)
    return _Line(low, np.minimum(low + 1, length - 1), places - low.astype(places.dtype))
