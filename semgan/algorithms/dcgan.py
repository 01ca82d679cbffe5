"""DCGAN: images from noise by convolutions and batch norm.

Radford, Metz and Chintala 2016, arXiv 1511.06434, with the objectives of Goodfellow et al. 2014, arXiv 1406.2661. One step runs two
phases: `d` against fakes of the batch's own size, and `g`. Both batch norms use the batch's statistics in training, the real and
the fake batch each their own; samples use the generator's running ones.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.checks import check_image_size
from semgan.errors import UserError
from semgan.losses import adversarial, penalties
from semgan.networks.dcgan import Discriminator, Generator
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar


class DCGANFunctions(NamedTuple):
    """The networks as functions of `(params, model_state, input)` that return their output and the `model_state` after it."""

    generate: Callable[..., tuple[Images, ModelState]]
    discriminate: Callable[..., tuple[Float[Array, " batch"], ModelState]]
    latents: Callable[[Key, Batch], Array]


def _functions(modules: dict) -> DCGANFunctions:
    def run(name, params, model_state, inputs):
        variables = {"params": params[name], "batch_stats": model_state[name]}
        output, updated = modules[name].apply(variables, inputs, train=True, mutable="batch_stats")
        return output, {**model_state, name: updated.get("batch_stats", {})}

    return DCGANFunctions(
        generate=partial(run, "generator"),
        discriminate=partial(run, "discriminator"),
        latents=lambda rng, batch: draws.latents(rng, batch, modules["generator"].latent_dim),
    )


def discriminator_loss(
    f: DCGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images against fakes (Goodfellow et al., equation 1), and R1; the discriminator's running statistics follow both."""
    fake, _ = f.generate(params, model_state, f.latents(rng, batch))
    real_logits, model_state = f.discriminate(params, model_state, batch["image"])
    fake_logits, model_state = f.discriminate(params, model_state, fake)
    loss = adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    metrics = {"adversarial": loss} | adversarial.signs(real_logits, fake_logits)
    if weights.r1_weight:
        metrics["r1"] = penalties.r1(lambda images: f.discriminate(params, model_state, images)[0], batch["image"]).mean()
        loss += weights.r1_weight * metrics["r1"]
    return loss, Aux(metrics, model_state)


def generator_loss(
    f: DCGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """The fakes' logits; the generator's running statistics follow here, once per step."""
    fake, model_state = f.generate(params, model_state, f.latents(rng, batch))
    fake_logits, _ = f.discriminate(params, model_state, fake)
    real_logits, _ = f.discriminate(params, model_state, batch["image"])
    loss = adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()
    return loss, Aux({"adversarial": loss}, model_state)


def _sample(generator: Generator, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    variables = {"params": params["generator"], "batch_stats": model_state["generator"]}
    return {"sample": generator.apply(variables, draws.latents(rng, batch, generator.latent_dim))}  # pyright: ignore[reportReturnType]


def _init(modules: dict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    generator, size = modules["generator"], modules["generator"].image_size
    inputs = {"generator": jnp.zeros((1, generator.latent_dim)), "discriminator": jnp.zeros((1, size, size, 3))}
    keys = dict(zip(modules, jax.random.split(rng), strict=True))
    variables = {name: module.init(keys[name], inputs[name]) for name, module in modules.items()}
    return {name: variables[name]["params"] for name in variables}, {name: variables[name].get("batch_stats", {}) for name in variables}


def make(config: ConfigDict) -> Algorithm:
    """DCGAN for `config`.

    Raises:
      UserError: an image size that is not a power of two from 16 up, an unknown objective, or R1 on a discriminator with batch norm.
    """
    check_image_size(config, 16)
    adversarial.objective(config.losses.objective)
    if config.losses.get("r1_weight") and config.networks.discriminator.get("batch_norm", True):
        raise UserError(
            "config.losses.r1_weight penalises each image's own gradient, which batch norm mixes with the others': set "
            "config.networks.discriminator.batch_norm=False, or the weight to 0"
        )
    dtype = jnp.dtype(config.precision)
    modules = {
        "generator": Generator(config.image_size, dtype=dtype, **config.networks.generator),
        "discriminator": Discriminator(config.image_size, dtype=dtype, **config.networks.discriminator),
    }
    f = _functions(modules)
    return Algorithm(
        init=jax.jit(partial(_init, modules)),
        phases=(
            Phase("d", ("discriminator",), partial(discriminator_loss, f, config.losses)),
            Phase("g", ("generator",), partial(generator_loss, f, config.losses)),
        ),
        sample=partial(_sample, modules["generator"]),
        averaged=("generator",),
        networks=modules,
        kept=("generator",),
    )
