"""Models of coloured squares that need no training: they recolour the contents, or draw noise."""

import jax
import jax.numpy as jnp

from semgan.trained_model import TrainedModel
from semgan.types import Algorithm
from tests.evaluation.conftest import COLOURS


def squares_model(kinds, config, meta=None, targets=None):
    """A model that samples these kinds of images: noise, or the content's square in the target's colour where the strength is above 0.5."""

    def noise(_, __, batch, rng):
        keys = jax.vmap(jax.random.fold_in, (None, 0))(rng, batch["position"])
        return {"sample": jax.vmap(lambda key: jax.random.uniform(key, (16, 16, 3), minval=-1.0, maxval=1.0))(keys)}

    def recoloured(_, __, batch, rng):
        colour = (jnp.asarray(COLOURS)[batch["target_domain"]] / 127.5 - 1)[:, None, None]
        square = batch["image"].max(-1, keepdims=True) > 100 / 127.5 - 1
        strength = batch.get("strength", jnp.ones(len(batch["image"])))[:, None, None, None]
        return dict.fromkeys(kinds, jnp.where(square & (strength > 0.5), colour, batch["image"]))

    algorithm = Algorithm(
        init=None, phases=(), sample=noise if "sample" in kinds else recoloured, averaged=(), networks={}, targets=targets
    )
    return TrainedModel(config, {"domains": ["red", "green", "blue"]} if meta is None else meta, algorithm, {}, {})
