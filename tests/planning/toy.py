"""An experiment small enough to count by hand: two dense networks on 8x8 pictures, the second trained in every other step."""

import jax
import jax.numpy as jnp
import optax

from configs.common import get_config
from semgan.training.experiment import Experiment
from semgan.types import Algorithm, Aux, Phase

SIDE, WIDTH = 8, 4
INPUTS = SIDE * SIDE * 3


def hidden(params, batch):
    pixels = batch["image"].reshape(-1, INPUTS).astype(jnp.float32)
    return pixels @ params["first"]["kernel"] + params["first"]["bias"][None]


def first_loss(params, model_state, batch, rng, kimg):
    values = hidden(params, batch)
    metrics = {"error": jnp.abs(values).mean(), "seen": jnp.int32(len(values))}
    return jnp.square(values).mean(), Aux(metrics, {"mean": values[0, :3], "count": model_state["count"] + 1})


def second_loss(params, model_state, batch, rng, kimg):
    return jnp.square(hidden(params, batch) @ params["second"]["kernel"]).mean(), Aux({}, model_state)


def init(rng, batch):
    first = {"kernel": jnp.zeros((INPUTS, WIDTH)), "bias": jnp.zeros(WIDTH)}
    return {"first": first, "second": {"kernel": jnp.zeros((WIDTH, 1))}}, {"mean": jnp.zeros(3), "count": jnp.int32(0)}


def toy() -> Experiment:
    config = get_config()
    config.algorithm, config.image_size = "toy", SIDE
    phases = (Phase("a", ("first",), first_loss), Phase("b", ("second",), second_loss, every=2))
    algorithm = Algorithm(init, phases, sample=lambda *_: {}, averaged=("first",), networks={})
    transforms = {name: optax.with_extra_args_support(optax.adam(1e-3)) for name in ("first", "second")}
    return Experiment(config, algorithm, transforms, prepare=lambda batch: batch)


def traced(function, *shapes):
    """The program of a function of float32 arrays of these shapes."""
    return jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)).jaxpr
