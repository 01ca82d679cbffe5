"""The statistics of a set of pictures that scores need, cached on disk: moments, features, class scores.

A file is taken only when it is whole and of exactly the data, split, count and extractor that are asked for.
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load, save

from semgan.data.cache import hash_json
from semgan.evaluation.scores.moments import Moments
from semgan.files import write_whole
from semgan.paths import cache_dir
from semgan.sealed import UNSEALED, is_intact, seal

_VERSION = 1
"""Part of a key: raise it when the meaning of stored values changes."""


class Statistics(NamedTuple):
    """Statistics of a set of pictures.

    Attributes:
      moments: mean, covariance and count.
      features: one vector per picture; None where they were not stored.
      logits: class scores of each picture; None where the extractor has none or they were not stored.
      pictures: digest of the pictures themselves; see `pictures.content_digest`.
    """

    moments: Moments
    features: Float[np.ndarray, "count feature"] | None
    logits: Float[np.ndarray, "count classes"] | None
    pictures: str


class StatisticsKey(NamedTuple):
    """All that statistics depend on, and so the key of their cache.

    Attributes:
      data: fingerprint of the data.
      split: the data's split; "all" where it has none.
      count: how many pictures were asked for; 0: all.
      extractor: its `identity()`: weights, network, protocol, resize.
    """

    data: str
    split: str
    count: int
    extractor: dict[str, str]

    @property
    def text(self) -> str:
        """Returns the key as JSON with a fixed order of its fields."""
        return json.dumps([_VERSION, self._asdict()], sort_keys=True)

    @property
    def name(self) -> str:
        """Returns 16 hexadecimal digits of a hash of the whole key."""
        return hash_json([_VERSION, self._asdict()])[:16]


def load_or_compute(
    key: StatisticsKey, compute: Callable[[], Statistics], *, features: bool = False, folder: Path | None = None
) -> Statistics:
    """The statistics of this key from `folder` (`cache_dir()/statistics`), or else computed and kept there.

    A file that is damaged, of another key, or that cannot be written causes a warning and a new computation.

    Args:
      features: they are needed too, so that a file without them does not serve, and are kept.
    """
    path = (folder or cache_dir() / "statistics") / f"{key.name}.safetensors"
    cached = _read(path, key) if path.exists() else None
    if cached is not None and (cached.features is not None or not features):
        return cached
    statistics = compute()
    try:
        write_whole(path, _encode(key, statistics if features else statistics._replace(features=None, logits=None)))
    except OSError as error:
        warnings.warn(f"{path} cannot be written ({error.strerror}): these statistics will be computed anew", stacklevel=2)
    return statistics


def _encode(key: StatisticsKey, statistics: Statistics) -> bytes:
    tensors = {"mean": statistics.moments.mean, "covariance": statistics.moments.covariance}
    tensors |= {name: values for name in ("features", "logits") if (values := getattr(statistics, name)) is not None}
    metadata = {"key": key.text, "count": str(statistics.moments.count), "pictures": statistics.pictures, "sha256": UNSEALED}
    return seal(save({name: np.ascontiguousarray(values) for name, values in tensors.items()}, metadata))


def _read(path: Path, key: StatisticsKey) -> Statistics | None:
    """Returns what the file holds; None, with a warning, where `_encode` did not write it for this key."""
    try:
        contents = path.read_bytes()
        metadata = _checked_metadata(contents)
        tensors = load(contents)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        warnings.warn(f"{path} is damaged or cannot be read ({error}): its statistics are computed anew", stacklevel=3)
        return None
    if metadata.get("key") != key.text:
        warnings.warn(f"{path} holds the statistics of other data or of another extractor: computed anew", stacklevel=3)
        return None
    moments = Moments(tensors["mean"], tensors["covariance"], int(metadata["count"]))
    return Statistics(moments, tensors.get("features"), tensors.get("logits"), metadata["pictures"])


def _checked_metadata(contents: bytes) -> dict[str, str]:
    """The header's texts; ValueError or KeyError where the file is not what was written."""
    if not is_intact(contents):
        raise ValueError("its SHA-256 does not match")
    return json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])["__metadata__"]
