"""The controller of adaptive discriminator augmentation (StyleGAN2-ADA: Karras et al. 2020, arXiv 2006.06676, section 3.1).

Its state is three entries of the model_state: `augment_p`, the probability of each transform, `augment_sign`, the sum of the mean signs
since the last change, and `augment_steps`, their number.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms.common.checks import check_supersampling
from semgan.errors import UserError
from semgan.layers.devices import gather_over_devices, mean_over_devices
from semgan.types import ModelState

EVERY = 4
"""Steps between changes of p."""


def check(losses: ConfigDict) -> None:
    """Raises a UserError unless `ada_target` and `augment_supersampling` can be worked with."""
    if not 0 <= losses.ada_target < 1:
        raise UserError(f"config.losses.ada_target is {losses.ada_target}: choose a mean sign from 0 (no augmentation) to below 1.")
    check_supersampling(losses)


def initial_state(losses: ConfigDict) -> ModelState:
    """Its part of the model_state; empty where `ada_target` is 0."""
    if not losses.ada_target:
        return {}
    return {"augment_p": jnp.zeros(()), "augment_sign": jnp.zeros(()), "augment_steps": jnp.zeros((), jnp.int32)}


def adapt(losses: ConfigDict, model_state: ModelState, gauge: Float[Array, "batch *place"], most: float = 1.0) -> ModelState:
    """Moves p, up to `most`, with the sign of E[sign(gauge)] - `ada_target` every 4 steps, by as much as crosses [0, 1] in `ada_kimg`.

    The gauge says by its sign that the discriminator takes a real picture for real: its logit or, where only differences of logits count,
    how far that is above a fake's.
    """
    batch_size = len(gather_over_devices(gauge))
    steps = model_state["augment_steps"] + 1
    sign = model_state["augment_sign"] + mean_over_devices(jnp.sign(gauge).mean())
    due = steps == EVERY
    change = jnp.sign(sign / EVERY - losses.ada_target) * batch_size * EVERY / (1000 * losses.ada_kimg)
    p = model_state["augment_p"]
    return {
        **model_state,
        "augment_p": jnp.where(due, jnp.clip(p + change, 0, most), p),
        "augment_sign": jnp.where(due, 0.0, sign),
        "augment_steps": jnp.where(due, 0, steps),
    }
