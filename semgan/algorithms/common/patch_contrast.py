"""PatchNCE between the features of two images (CUT: Park et al. 2020, arXiv 2007.15651, section 3)."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.losses.contrastive import patch_nce
from semgan.types import Batch, Key, Scalar

Activations = Sequence[Array]


def contrast(
    project: Callable[[Activations, Activations], list[Array]],
    keys: Activations,
    queries: Activations,
    losses: ConfigDict,
    batch: Batch,
    rng: Key,
    stream: int = 0,
) -> Scalar:
    """The mean over layers, examples and places of the loss of finding each query's key among those of its image.

    Args:
      project: `(features, places) -> vectors`, see `networks.patch_sampler`.
      keys, queries: features (batch, height, width, channel) of the same layers; at most `losses.nce_patches` places of each are compared.
      stream: the stream of the first layer's draws; the other layers' follow.
    """
    places = places_of(keys, losses.nce_patches, batch, rng, stream)
    pairs = zip(project(queries, places), project(keys, places), strict=True)
    return jnp.stack([patch_nce(query, key, losses.temperature).mean() for query, key in pairs]).mean()


def places_of(features: Activations, count: int, batch: Batch, rng: Key, stream: int) -> list[Array]:
    """Draws, for each layer and example, the numbers of at most `count` different pixels, counted row by row: (batch, pixels) each."""
    pixels = [feature.shape[1] * feature.shape[2] for feature in features]
    return [
        jax.vmap(lambda key, n=n: jax.random.choice(key, n, (min(count, n),), replace=False))(draws.keys(rng, batch, stream + index))
        for index, n in enumerate(pixels)
    ]
