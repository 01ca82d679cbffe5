"""Vision transformers with weights from the user's own files, ready for scoring: DINO's keys, CLIP's and CSD's embeddings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from semgan.evaluation.extractors import resize, vit, vit_files
from semgan.evaluation.extractors.batches import Pictures, over_batches, replicate
from semgan.evaluation.extractors.weight_files import WeightFile
from semgan.layers.broadcast import per_channel

_DEVICE_BATCH_SIZE = 8
"""Pictures per device at a time; of the attention of one layer of ViT-B/8 each takes 30 MB."""
_IMAGENET = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
_CLIP = np.array([0.48145466, 0.4578275, 0.40821073], np.float32), np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
"""Means and deviations of the channels of pictures in [0, 1], as openai's clip.py has them."""


class KeyExtractor(NamedTuple):
    """DINO's last keys, prepared as Splice does (Tumanyan et al. 2022, arXiv 2201.00424).

    Attributes:
      name, sha256: of the file.
      params: the parameters, on each device that computes.
      device_batch_size: pictures per device at a time.
    """

    name: str
    sha256: str
    params: vit.VitParams
    device_batch_size: int = _DEVICE_BATCH_SIZE

    def keys(self, images: Pictures) -> Float[np.ndarray, "count token width"]:
        """Computes the keys of the class token and of the patches of each square picture."""
        _check_squares(images)
        return over_batches(_keys, self.params, (images,), device_batch_size=self.device_batch_size)

    def identity(self) -> dict[str, str]:
        """Returns the network's part of a passport, like `Extractor.identity`."""
        way = f"bilinear to {vit.image_size(self.params)} with half-pixel centres, not antialiased"
        return _identity(self.name, self.sha256, f"DINO's {_size_in_words(self.params)}", "splice", way)


class Embedder(NamedTuple):
    """A CLIP or a CSD: one vector per picture.

    Attributes:
      name, sha256: of the file.
      family: "CLIP" or "CSD".
      params: the parameters, on each device that computes.
      device_batch_size: pictures per device at a time.
    """

    name: str
    sha256: str
    family: str
    params: vit.VitParams
    device_batch_size: int = _DEVICE_BATCH_SIZE

    def embeddings(self, images: Pictures) -> Float[np.ndarray, "count feature"]:
        """Computes the embedding, not of unit length, of each square picture."""
        _check_squares(images)
        size = vit.image_size(self.params)
        return over_batches(
            _embeddings,
            self.params,
            (images,),
            device_batch_size=self.device_batch_size,
            prepare=lambda batch: np.stack([resize.bicubic(np.asarray(image), size, size) for image in batch]),
        )

    def identity(self) -> dict[str, str]:
        """Returns the network's part of a passport, like `Extractor.identity`."""
        way = f"antialiased bicubic to {vit.image_size(self.params)}, rounded"
        return _identity(self.name, self.sha256, f"{self.family}'s {_size_in_words(self.params)}", self.family.lower(), way)


def load_dino(path: str | Path, *, devices: Sequence[Any] | None = None) -> KeyExtractor:
    """DINO from the user's file, on these devices of jax (None: all of this process's); raises as `vit_files.dino_params`."""
    file, params = vit_files.dino_params(path)
    return KeyExtractor(file.name, file.sha256, replicate(params, devices))


def load_clip(path: str | Path, *, devices: Sequence[Any] | None = None) -> Embedder:
    """CLIP, likewise; raises as `vit_files.clip_params`."""
    return _embedder(vit_files.clip_params(path), "CLIP", devices)


def load_csd(path: str | Path, *, devices: Sequence[Any] | None = None) -> Embedder:
    """CSD's style embedding (Somepalli et al. 2024, arXiv 2404.01292), likewise; raises as `vit_files.csd_params`."""
    return _embedder(vit_files.csd_params(path), "CSD", devices)


def _embedder(read: tuple[WeightFile, dict[str, Any]], family: str, devices: Sequence[Any] | None) -> Embedder:
    file, params = read
    return Embedder(file.name, file.sha256, family, replicate(params, devices))


@jax.jit
def _keys(params: vit.VitParams, images: Array) -> Array:
    shares = resize.half_pixel(images.astype(jnp.float32) / 255, vit.image_size(params))
    return vit.last_keys(params, _normalise(shares, *_IMAGENET), vit.DINO)


@jax.jit
def _embeddings(params: vit.VitParams, images: Array) -> Array:
    return vit.class_features(params, _normalise(images.astype(jnp.float32) / 255, *_CLIP), vit.CLIP)


def _normalise(shares: Array, mean: np.ndarray, deviation: np.ndarray) -> Array:
    return (shares - per_channel(mean, shares)) / per_channel(deviation, shares)


def _identity(name: str, sha256: str, network: str, protocol: str, way: str) -> dict[str, str]:
    return {"extractor": name, "network": network, "sha256": sha256, "protocol": protocol, "resize": way}


def _size_in_words(params: vit.VitParams) -> str:
    patch, width = params["patches"]["kernel"].shape[0], params["class_token"].shape[0]
    return f"vision transformer of width {width}, {len(params['blocks'])} blocks, patches of {patch}"


def _check_squares(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"expected square uint8 pictures (count, size, size, 3), not {images.dtype} {images.shape}")
