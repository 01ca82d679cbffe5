"""Feature extractors with weights from the user's own files, ready for scoring."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from semgan.evaluation.extractors import inception, lpips, protocols, weight_files
from semgan.evaluation.extractors.batches import AnyPictures, Pictures, over_batches, replicate

DEVICE_BATCH_SIZE = 16


class Extractor(NamedTuple):
    """An Inception network and the preparation of its pictures.

    Attributes:
      name: the published file's name, or "unrecognised".
      sha256: the SHA-256 of the file.
      protocol: a key of `protocols.PROTOCOLS`.
      params: the parameters, on each device that computes.
      device_batch_size: pictures per device at a time.
    """

    name: str
    sha256: str
    protocol: str
    params: dict[str, Any]
    device_batch_size: int = DEVICE_BATCH_SIZE

    def features(self, images: AnyPictures) -> Float[np.ndarray, "count 2048"]:
        """pool3 of each picture; compiled once for each size of an array of pictures, and once for all sequences of several sizes."""
        return features(self, images)

    def logits(self, features: Float[np.ndarray, "count 2048"], *, bias: bool = False) -> Float[np.ndarray, "count classes"]:
        """Class scores of what `features` gave, so that one pass over the pictures serves both; without bias for the Inception score."""
        return np.asarray(_logits(self.params["fc"], features, bias))

    def identity(self) -> dict[str, str]:
        """Returns what a figure's passport says about the extractor, JSON-able; figures with different identities cannot be compared."""
        protocol = protocols.find(self.protocol)
        return {
            "extractor": self.name,
            "network": weight_files.INCEPTION[protocol.variant],
            "sha256": self.sha256,
            "protocol": self.protocol,
            "resize": protocol.resize,
        }


class Perceptual(NamedTuple):
    """LPIPS.

    Attributes:
      name, sha256: the names and SHA-256 of the files, joined with " + ".
      backbone: "alexnet" or "vgg16".
      params: the parameters, on each device that computes.
      device_batch_size: pairs that each device is given at a time.
    """

    name: str
    sha256: str
    backbone: lpips.Backbone
    params: dict[str, Any]
    device_batch_size: int = DEVICE_BATCH_SIZE

    def distances(self, a: Pictures, b: Pictures) -> Float[np.ndarray, " count"]:
        """LPIPS of each pair of uint8 pictures; compiled once for each size of picture."""
        _check_pictures(a)
        _check_pictures(b)
        return over_batches(_distances, self.params, (a, b), device_batch_size=self.device_batch_size)

    def identity(self) -> dict[str, str]:
        """Returns the network's part of a passport, like `Extractor.identity`."""
        return {"extractor": self.name, "network": f"LPIPS of {self.backbone}", "sha256": self.sha256}


def load_extractor(
    path: str | Path,
    kind: str,
    *,
    dtype: np.typing.DTypeLike = np.float32,
    device_batch_size: int = DEVICE_BATCH_SIZE,
    devices: Sequence[Any] | None = None,
) -> Extractor:
    """An Inception from the user's file.

    Args:
      path: PyTorch's file, or .safetensors or .npz with the same names.
      kind: the protocol: "legacy", "tensorflow1" or "clean" with FID's network, "stargan-v2" with torchvision's.
      dtype: float64 needs jax's `enable_x64`, here and where features are computed.
      devices: of jax; all of this process's by default.

    Raises:
      UserError: there is no such protocol or file, or it does not hold this network whole; it says which file to get.
    """
    variant = protocols.find(kind).variant
    file, params = weight_files.inception_params(path, variant, dtype)
    return Extractor(file.name, file.sha256, kind, replicate(params, devices), device_batch_size)


def load_lpips(
    backbone: str | Path,
    heads: str | Path | None = None,
    *,
    device_batch_size: int = DEVICE_BATCH_SIZE,
    devices: Sequence[Any] | None = None,
) -> Perceptual:
    """LPIPS from the user's files.

    Args:
      backbone: AlexNet or VGG16, or a file with the heads as well.
      heads: the learned heads; StarGAN v2's file of them serves too.
      devices: of jax; all of this process's by default.

    Raises:
      UserError: a file is missing or does not hold its part whole; it says which to get.
    """
    files, params = weight_files.lpips_params(backbone, heads)
    name, sha256 = (" + ".join(getattr(file, field) for file in files) for field in ("name", "sha256"))
    return Perceptual(name, sha256, lpips.backbone_of(params), replicate(params, devices), device_batch_size)


def features(extractor: Extractor, images: AnyPictures) -> Float[np.ndarray, "count 2048"]:
    """pool3 of each picture, in the parameters' type, computed in batches on the extractor's devices.

    Pictures of several sizes are each brought to the network's size alone, by the protocol's own resizing.
    """
    if not isinstance(images, np.ndarray):
        return _features_of_sizes(extractor, images)
    _check_pictures(images)
    return over_batches(
        functools.partial(_pool3, protocol=extractor.protocol),
        extractor.params,
        (images,),
        device_batch_size=extractor.device_batch_size,
        prepare=functools.partial(protocols.on_host, protocols.find(extractor.protocol)),
    )


def _features_of_sizes(extractor: Extractor, images: Sequence[np.ndarray]) -> np.ndarray:
    for image in images:
        _check_pictures(image[None])
    way, dtype = protocols.find(extractor.protocol), extractor.params["fc"]["kernel"].dtype
    return over_batches(
        functools.partial(_pool3_of_prepared, variant=way.variant),
        extractor.params,
        (images,),
        device_batch_size=extractor.device_batch_size,
        prepare=functools.partial(protocols.each_alone, way, dtype),
    )


@functools.partial(jax.jit, static_argnames="variant")
def _pool3_of_prepared(params: inception.InceptionParams, images: jax.Array, variant: inception.Variant) -> jax.Array:
    return inception.pool3(params, images, variant)


@functools.partial(jax.jit, static_argnames="protocol")
def _pool3(params: inception.InceptionParams, images: jax.Array, protocol: str) -> jax.Array:
    way = protocols.find(protocol)
    return inception.pool3(params, way.on_device(images, params["fc"]["kernel"].dtype), way.variant)


@functools.partial(jax.jit, static_argnames="bias")
def _logits(fc: inception.InceptionParams, features: jax.Array, bias: bool) -> jax.Array:
    return inception.logits({"fc": fc}, features, bias=bias)


@jax.jit
def _distances(params: lpips.LpipsParams, a: jax.Array, b: jax.Array) -> jax.Array:
    return lpips.distance(params, *(image.astype(jnp.float32) / 127.5 - 1 for image in (a, b)))


def _check_pictures(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f"expected uint8 pictures (count, height, width, 3), not {images.dtype} {images.shape}")
