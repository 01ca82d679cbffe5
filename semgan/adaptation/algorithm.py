"""A few-shot adaptation as an algorithm, for the one training step that there is."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from semgan import algorithms
from semgan.adaptation.losses import SOURCE, TUNED, AdaptationContext, TermWeights, discriminator_loss, generator_loss
from semgan.adaptation.parameters import grow, join, tuned_of
from semgan.algorithms.common.semantic_terms import semantics_of
from semgan.algorithms.common.semgan_losses import functions
from semgan.data.augment import augment_batch, to_float
from semgan.inference.model import Model
from semgan.trained_model import example_batch
from semgan.training.experiment import Experiment
from semgan.types import Algorithm, Batch, Key, ModelState, Params, Phase

DISCRIMINATOR = "discriminator"
HALF_LIFE_KIMG, RAMP = 0.5, 0.1
"""The half-life of the tuned parameters' averages in thousands of images, and its largest share of the images seen so far."""


class Adaptation(NamedTuple):
    """A model with one more domain, and what changes it.

    Attributes:
      config: the model's with the new domain, as plain data.
      larger: the model's parameters with the new domain's first ones.
      algorithm: the algorithm, whose networks are `TUNED` and a new discriminator.
    """

    config: dict[str, Any]
    larger: Params
    algorithm: Algorithm


def adaptation_of(model: Model, name: str, subset: str, nearest: int, weights: TermWeights | None = None) -> Adaptation:
    """The adaptation of a model to a new domain.

    Args:
      subset: one of `subsets.SUBSETS`.
      nearest: number of the old domain that the new one starts from.
    """
    config = model.config | {"data": model.config["data"] | {"domains": [*model.config["data"]["domains"], name]}}
    settings = ConfigDict(config)
    model_algorithm = algorithms.make(settings)
    shapes, _ = jax.eval_shape(model_algorithm.init, jax.random.key(0), example_batch(model_algorithm, model.image_size))
    larger = grow(model.params, shapes, nearest)
    modules = {**model_algorithm.networks, DISCRIMINATOR: model_algorithm.networks[DISCRIMINATOR].clone(domain_count=1)}
    context = AdaptationContext(functions(modules), semantics_of(settings), settings.losses, subset == "all", weights or TermWeights())
    phases = (
        Phase("d", (DISCRIMINATOR,), partial(discriminator_loss, context)),
        Phase("g", (TUNED,), partial(generator_loss, context)),
    )
    algorithm = Algorithm(
        init=partial(_init, modules[DISCRIMINATOR], model.image_size, larger, tuned_of(model.params, larger, subset)),
        phases=phases,
        sample=partial(_sample, model_algorithm),
        averaged=(TUNED,),
        networks=modules,
        stride=model_algorithm.stride,
    )
    return Adaptation(config, larger, algorithm)


def _init(discriminator: Any, size: int, larger: Params, tuned: Params, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    """Starts from the model's own parameters; its discriminator takes the new domain's head, or is initialised where the model has none."""
    if DISCRIMINATOR in larger:
        model_discriminator = larger[DISCRIMINATOR]
        params = model_discriminator | {"logits": jax.tree.map(lambda leaf: leaf[..., -1:], model_discriminator["logits"])}
    else:
        params = discriminator.init(rng, jnp.zeros((1, size, size, 3)), jnp.zeros((1,), jnp.int32))["params"]
    return {TUNED: tuned, DISCRIMINATOR: params}, {SOURCE: larger}


def _sample(algorithm: Algorithm, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, jax.Array]:
    return algorithm.sample(join(model_state[SOURCE], params[TUNED]), {}, batch, rng)


def experiment_of(adaptation: Adaptation, seed: int) -> Experiment:
    """Returns the parts of its training step: the model's config with averages of its own, and no accumulation or spike guard."""
    config = ConfigDict(adaptation.config)
    averages = {"ema_half_life_kimg": HALF_LIFE_KIMG, "ema_ramp": RAMP, "ema_burn_in_kimg": 0.0}
    config.update(averages | {"seed": seed, "accumulate": 1, "spike_factor": 0.0})
    prepare = partial(_prepare, seed=seed, settings=adaptation.config["augment"])
    return Experiment(config, adaptation.algorithm, _transforms_of(adaptation.config["optimizers"]), prepare)


def _transforms_of(optimizers: Mapping[str, Mapping[str, Any]]) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Adam for each player, at the rates and betas that the model's config has for its generator and its discriminator."""
    return {name: _adam(optimizers[settings]) for name, settings in ((TUNED, "generator"), (DISCRIMINATOR, DISCRIMINATOR))}


def _adam(settings: Mapping[str, Any]) -> optax.GradientTransformationExtraArgs:
    adam = optax.adam(settings["learning_rate"], settings["b1"], settings["b2"], settings["eps"])
    return optax.with_extra_args_support(adam)


def _prepare(batch: Batch, seed: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Pictures as floats, contents and new ones augmented as in training; `settings` is the config's `augment`."""
    return augment_batch(batch, seed, **settings) | {"old_reference": to_float(batch["old_reference"])}
