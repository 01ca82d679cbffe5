"""Samples for pictures and evaluation: any number of uint8 examples through one compiled program of one batch size."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from semgan.data.augment import to_float, to_uint8
from semgan.types import Algorithm, ModelState, Params, TrainState

BATCH_SIZE = 16
_PICTURES = ("image", "reference", "reference2")


class Averages(NamedTuple):
    """What samples are made with, on the host; `kimg` thousand images seen decide the stage of an algorithm that grows."""

    params: Params
    model_state: ModelState
    kimg: float


class Sampler(Protocol):
    """Images by name for a uint8 batch of any size; a latent depends on the seed, the stream and the example's position."""

    def __call__(self, averages: Averages, batch: Mapping[str, np.ndarray], stream: int = 0) -> dict[str, np.ndarray]: ...


def averages(state: TrainState) -> Averages:
    """The averaged parameters in memory of their own: training overwrites the device's."""
    params, model_state = jax.tree.map(np.array, jax.device_get((state.ema_params, state.model_state)))
    return Averages(params, model_state, int(state.position) / 1000)


def stage_at(algorithm: Algorithm, kimg: float) -> Algorithm:
    """The algorithm's program at this many thousand images; the same object as long as it stays the same."""
    return algorithm.stages.at(kimg) if algorithm.stages else algorithm


def make_sampler(algorithm: Algorithm, seed: int) -> Sampler:
    """Samples on one device, in pieces of `BATCH_SIZE`, the last filled up by repeating its last example: one compilation a stage."""

    @partial(jax.jit, static_argnums=0)
    def run(
        make_images: Callable, params: Params, model_state: ModelState, batch: dict[str, jax.Array], stream: jax.Array
    ) -> dict[str, jax.Array]:
        rng = jax.random.fold_in(jax.random.key(seed), stream)
        return jax.tree.map(to_uint8, make_images(params, model_state, _prepared(batch), rng))

    def sample(averages: Averages, batch: Mapping[str, np.ndarray], stream: int = 0) -> dict[str, np.ndarray]:
        count = len(batch["position"])
        make_images = stage_at(algorithm, averages.kimg).sample
        pieces = []
        for start in range(0, count, BATCH_SIZE):
            index = np.minimum(np.arange(start, start + BATCH_SIZE), count - 1)
            piece = {name: value[index] for name, value in batch.items()}
            pieces.append(jax.device_get(run(make_images, averages.params, averages.model_state, piece, jnp.int32(stream))))
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *pieces)

    return sample


def make_features(algorithm: Algorithm) -> Callable[[Params, np.ndarray], jax.Array] | None:
    """`(params, float32 images) -> features` of the style encoder, by which a picture's domain is guessed; None without one."""
    encoder = algorithm.networks.get("style_encoder")
    if encoder is None or not hasattr(encoder, "features"):
        return None
    return jax.jit(lambda params, images: encoder.apply({"params": params["style_encoder"]}, images, method="features"))


def kinds(algorithm: Algorithm, params: Any, model_state: Any, batch: Mapping[str, np.ndarray]) -> frozenset[str]:
    """Names of what `algorithm.sample` gives, without running it; `params` and `model_state` may be shapes."""
    return frozenset(jax.eval_shape(algorithm.sample, params, model_state, _prepared(batch), jax.random.key(0)))


def _prepared(batch: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_float(value) if name in _PICTURES else value for name, value in batch.items()}
