"""pix2pix: translation learned from pairs of pictures that show the same.

Isola, Zhu, Zhou and Efros 2017, arXiv 1611.07004. From domain 0 of the data to domain 1. One step runs two phases: `d`, which sees an
input together with its output, and `g`.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.two_domains import check_two_domains, sides
from semgan.losses import adversarial
from semgan.losses.reconstruction import l1
from semgan.networks.patchgan import PatchGAN
from semgan.networks.unet import UNetGenerator
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar


class Pix2PixFunctions(NamedTuple):
    """`generate(params, source, keys)`, the keys for its dropout, and `discriminate(params, source, target)`."""

    generate: Callable[[Params, Images, Key], Images]
    discriminate: Callable[[Params, Images, Images], Array]


def _functions(modules: dict) -> Pix2PixFunctions:
    def discriminate(params, source, target):
        return modules["discriminator"].apply({"params": params["discriminator"]}, jnp.concatenate([source, target], -1))

    return Pix2PixFunctions(
        generate=lambda params, source, keys: modules["generator"].apply({"params": params["generator"]}, source, keys),
        discriminate=discriminate,
    )


def discriminator_loss(
    f: Pix2PixFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real pairs against inputs with their translations (equation 1), halved (section 3.3)."""
    source, target = sides(batch)
    fake = f.generate(params, source, draws.keys(rng, batch))
    real_logits, fake_logits = f.discriminate(params, source, target), f.discriminate(params, source, fake)
    loss = 0.5 * adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    return loss, Aux({"adversarial": loss} | adversarial.signs(real_logits, fake_logits), model_state)


def generator_loss(
    f: Pix2PixFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial term and the distance from the input's true partner (equations 3 and 4)."""
    source, target = sides(batch)
    fake = f.generate(params, source, draws.keys(rng, batch))
    fake_logits, real_logits = f.discriminate(params, source, fake), f.discriminate(params, source, target)
    metrics = {
        "adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean(),
        "l1": l1(fake, target).mean(),
    }
    return metrics["adversarial"] + weights.l1_weight * metrics["l1"], Aux(metrics, model_state)


def _sample(f: Pix2PixFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents, which are of domain 0, in domain 1; dropout stays on, as the paper has it (section 3.3)."""
    return {"translated": f.generate(params, batch["image"], draws.keys(rng, batch))}


def _init(modules: dict, image_size: int, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    image, (first, second) = jnp.zeros((1, image_size, image_size, 3)), jax.random.split(rng)
    pair = jnp.concatenate([image, image], -1)
    generator, discriminator = modules["generator"].init(first, image), modules["discriminator"].init(second, pair)
    return {"generator": generator["params"], "discriminator": discriminator["params"]}, {}


def make(config: ConfigDict) -> Algorithm:
    """pix2pix for `config`; exactly two domains and a power of two as image size, or UserError."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    dtype = jnp.dtype(config.precision)
    modules = {
        "generator": UNetGenerator(**config.networks.generator.to_dict(), image_size=config.image_size, dtype=dtype),
        "discriminator": PatchGAN(**config.networks.discriminator.to_dict(), dtype=dtype),
    }
    f = _functions(modules)
    return Algorithm(
        init=jax.jit(partial(_init, modules, config.image_size)),
        phases=(
            Phase("d", ("discriminator",), partial(discriminator_loss, f, config.losses)),
            Phase("g", ("generator",), partial(generator_loss, f, config.losses)),
        ),
        sample=partial(_sample, f),
        averaged=("generator",),
        networks=modules,
        targets=(1,),
        stride=modules["generator"].stride,
    )
