"""The Inception of ArtFID from the user's file: its own, which tells artists and styles of paintings apart, or a usual one.

Wright and Ommer 2022, arXiv 2207.12280. Its authors' code gives it pictures of their own size, in [0, 1].
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from semgan.evaluation.extractors import inception, resize, weight_files
from semgan.evaluation.extractors.batches import AnyPictures, over_batches, replicate
from semgan.evaluation.extractors.extractor import DEVICE_BATCH_SIZE, load_extractor
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor
from semgan.evaluation.extractors.inception_layers import IMAGE_SIZE


class ArtExtractor(NamedTuple):
    """ArtFID's own Inception.

    Attributes:
      name, sha256: of the file.
      params: the parameters, on each device that computes.
      device_batch_size: pictures per device at a time.
    """

    name: str
    sha256: str
    params: dict[str, Any]
    device_batch_size: int = DEVICE_BATCH_SIZE
    protocol: str = "art-fid"

    def features(self, images: AnyPictures) -> Float[np.ndarray, "count 2048"]:
        """pool3 of each picture."""
        return over_batches(_pool3, self.params, (images,), device_batch_size=self.device_batch_size, prepare=_enlarged)

    def identity(self) -> dict[str, str]:
        """Returns the network's part of a passport, like `Extractor.identity`."""
        return {
            "extractor": self.name,
            "network": weight_files.ART_INCEPTION,
            "sha256": self.sha256,
            "protocol": self.protocol,
            "resize": f"none; pictures below {IMAGE_SIZE} by antialiased bicubic to {IMAGE_SIZE}, rounded",
        }


def load_art_inception(path: str | Path, *, devices: Sequence[Any] | None = None) -> FeatureExtractor:
    """ArtFID's Inception; or FID's by the protocol legacy, or torchvision's as StarGAN v2 prepares its pictures, by what the file holds.

    Args:
      devices: of jax; all of this process's by default.

    Raises:
      UserError: the file cannot be read, or holds none of the three whole.
    """
    file = weight_files.read_weights(path, weight_files.ART_INCEPTION)
    if weight_files.is_art_inception(file):
        return ArtExtractor(file.name, file.sha256, replicate(weight_files.art_inception_params(path, file), devices))
    classes = file.tensors.get("fc.bias", np.zeros(0)).shape
    return load_extractor(path, "stargan-v2" if classes == (inception.CLASSES["imagenet"],) else "legacy", devices=devices)


def _enlarged(images: Any) -> np.ndarray:
    pictures = np.asarray(images)
    if min(pictures.shape[1:3]) >= IMAGE_SIZE:
        return pictures
    return np.stack([resize.bicubic(picture, IMAGE_SIZE, IMAGE_SIZE) for picture in pictures])


@jax.jit
def _pool3(params: inception.InceptionParams, images: Array) -> Array:
    return inception.pool3(params, images.astype(jnp.float32) / 255, "imagenet")
