"""The protocols of published scores: the preparation of the pictures, and the Inception that they go to."""

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped, UInt8

from semgan.errors import UserError
from semgan.evaluation.extractors import resize
from semgan.evaluation.extractors.inception import Variant
from semgan.evaluation.extractors.inception_layers import IMAGE_SIZE

Prepared = Float[Array, "batch 299 299 3"]

_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


class Protocol(NamedTuple):
    """One way to prepare pictures.

    Attributes:
      variant: which Inception.
      resize: its filter, in words, for a figure's passport.
      on_host: one uint8 picture to what is sent to the devices.
      on_device: a batch of that, and the type to compute in, to the network's input.
    """

    variant: Variant
    resize: str
    on_host: Callable[[UInt8[np.ndarray, "height width 3"]], Shaped[np.ndarray, "rows columns 3"]] | None
    on_device: Callable[[Shaped[Array, "batch rows columns 3"], np.dtype], Prepared]


def _legacy(images: Array, dtype: np.dtype) -> Prepared:
    return 2 * resize.half_pixel(_looked_up(images, _shares(dtype)), IMAGE_SIZE) - 1


def _tensorflow1(images: Array, dtype: np.dtype) -> Prepared:
    return _about_128(resize.tensorflow1(images.astype(dtype), IMAGE_SIZE), dtype)


def _about_128(images: Array, dtype: np.dtype) -> Prepared:
    return (images.astype(dtype) - 128) / 128


def _imagenet(images: Array, dtype: np.dtype) -> Prepared:
    return _looked_up(images, (_shares(dtype) - _MEAN.astype(dtype)) / _DEVIATION.astype(dtype))


def _shares(dtype: np.dtype) -> np.ndarray:
    """(256, 3): every byte divided by 255, for each channel."""
    return np.repeat(np.arange(256, dtype=dtype)[:, None] / dtype.type(255), 3, axis=1)


def _looked_up(images: Array, table: np.ndarray) -> Array:
    """A value for each byte and channel: exact, where a compiler would multiply by a rounded reciprocal."""
    if isinstance(images, np.ndarray):
        return table[images.astype(np.int32), np.arange(3)]
    return jnp.asarray(table)[images.astype(jnp.int32), jnp.arange(3)]


PROTOCOLS = {
    "legacy": Protocol("fid", "bilinear to 299 with half-pixel centres, not antialiased", None, _legacy),
    "tensorflow1": Protocol("fid", "bilinear to 299 with TensorFlow 1's corners, not antialiased", None, _tensorflow1),
    "clean": Protocol("fid", "antialiased bicubic to 299 in float32", functools.partial(resize.clean, size=IMAGE_SIZE), _about_128),
    "stargan-v2": Protocol(
        "imagenet",
        "antialiased bilinear to 256, then to 299, rounded each time",
        functools.partial(resize.twice, first=256, second=IMAGE_SIZE),
        _imagenet,
    ),
}
"""`legacy`: pytorch-fid. `tensorflow1`: the original FID code, torch-fidelity, StyleGAN2-ADA. `clean`: clean-fid, which feeds what
`tensorflow1` does but for the resizing. `stargan-v2`: its own evaluation, at its default size of 256."""


def find(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
      UserError: there is none.
    """
    if name not in PROTOCOLS:
        raise UserError(f"there is no scoring protocol {name!r}: choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def on_host(protocol: Protocol, images: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """The host's part of the preparation, on as many threads as there are cores (Pillow lets go of Python's lock)."""
    if protocol.on_host is None:
        return np.asarray(images)
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(protocol.on_host, images)))


def each_alone(protocol: Protocol, dtype: np.dtype, images: Sequence[np.ndarray]) -> np.ndarray:
    """The whole preparation on the host, picture by picture, for pictures of several sizes: uint8 (H, W, 3) each to (n, 299, 299, 3).

    It agrees with what devices make of pictures of one size but for the last bits; a device would compile it for every size.
    """

    def prepare(image: np.ndarray) -> np.ndarray:
        ready: Any = image if protocol.on_host is None else protocol.on_host(image)
        return np.asarray(protocol.on_device(ready[None], dtype), dtype)[0]

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(prepare, images)))
