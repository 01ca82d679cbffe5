"""The state that training starts from."""

import jax
import jax.numpy as jnp

from semgan.training.step import GRAD_NORMS, Transforms, first_norms
from semgan.types import Algorithm, Batch, Key, Params, TrainState


def init_state(algorithm: Algorithm, transforms: Transforms, rng: Key, batch: Batch, spike_guard: bool = False) -> TrainState:
    """The state before the first step; `batch` is a prepared one, of any size, for the shapes; `spike_guard`: against spikes.

    Every leaf has its own buffer, the averaged parameters too: the step donates the state, and a buffer cannot be
    donated twice.
    """
    params, model_state = jax.jit(algorithm.init)(rng, dict(batch))
    opt_state = {name: transform.init(params[name]) for name, transform in transforms.items()}
    state = TrainState(
        step=jnp.int32(0),
        position=jnp.int32(0),
        params=params,
        ema_params={name: params[name] for name in algorithm.averaged},
        model_state=model_state,
        opt_state=opt_state | ({GRAD_NORMS: first_norms(algorithm)} if spike_guard else {}),
        skipped=jnp.int32(0),
    )
    return jax.tree.map(lambda x: jnp.array(x, dtype=x.dtype, copy=True), state)


def parameter_counts(params: Params) -> dict[str, int]:
    """Scalars in each network's parameters."""
    return {name: sum(x.size for x in jax.tree.leaves(tree)) for name, tree in params.items()}
