"""R3GAN: images from noise by the relativistic loss with zero-centred penalties on real and fake images.

Huang, Gokaslan, Kuleshov and Tompkin 2024, arXiv 2501.05441. One step runs two phases, `d` and `g`, which see real batches of their
own. Over the first `config.losses.burn_in_kimg`, the penalties' weight falls and the augmentation's probability rises along a cosine.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.checks import check_image_size, check_supersampling
from semgan.errors import UserError
from semgan.layers.adaptive_augment import augment
from semgan.losses import adversarial, penalties
from semgan.networks.r3gan import EXPANSION, Discriminator, Generator
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

Change = Callable[[Images], Images]


class R3GANFunctions(NamedTuple):
    """The networks as functions of `(params, inputs)`."""

    generate: Callable[..., Images]
    discriminate: Callable[..., Float[Array, " batch"]]
    latents: Callable[[Key, Batch], Array]


def _functions(modules: dict) -> R3GANFunctions:
    def run(name, params, inputs):
        return modules[name].apply({"params": params[name]}, inputs)

    return R3GANFunctions(
        generate=partial(run, "generator"),
        discriminate=partial(run, "discriminator"),
        latents=lambda rng, batch: draws.latents(rng, batch, modules["generator"].latent_dim),
    )


def cosine(start: float, end: float, kimg: Scalar, over_kimg: float) -> Scalar:
    """A schedule from `start` to `end` along half a cosine over the first `over_kimg`, then constant."""
    share = jnp.clip(kimg / max(over_kimg, 1e-8), 0, 1)
    return start + (end - start) * 0.5 * (1 - jnp.cos(jnp.pi * share))


def _augmentations(weights: ConfigDict, batch: Batch, rng: Key, kimg: Scalar) -> tuple[Change, Change]:
    """Returns the changes of the real and of the fake images before the discriminator sees them."""
    if not weights.augment_probability:
        return (lambda images: images), (lambda images: images)
    p = cosine(0.0, weights.augment_probability, kimg, weights.burn_in_kimg)
    real_keys, fake_keys = (draws.keys(rng, batch, stream) for stream in (1, 2))
    change = partial(augment, p=p, supersampling=weights.augment_supersampling)
    return (lambda images: change(images, real_keys)), (lambda images: change(images, fake_keys))


def discriminator_loss(
    f: R3GANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real against fake in pairs (equation 2), and gamma / 2 (R1 + R2) on the images as they are before augmentation."""
    change_real, change_fake = _augmentations(weights, batch, rng, kimg)

    def real_logits_of(images):
        return f.discriminate(params, change_real(images))

    def fake_logits_of(images):
        return f.discriminate(params, change_fake(images))

    real, fake = batch["image"], f.generate(params, f.latents(rng, batch))
    real_logits, fake_logits = real_logits_of(real), fake_logits_of(fake)
    metrics = {
        "adversarial": adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean(),
        "r1": penalties.r1(real_logits_of, real).mean(),
        "r2": penalties.r2(fake_logits_of, fake).mean(),
    }
    gamma = cosine(weights.gamma, weights.final_gamma, kimg, weights.burn_in_kimg)
    loss = metrics["adversarial"] + gamma * (metrics["r1"] + metrics["r2"])  # each penalty has its half inside
    return loss, Aux(metrics | {"gamma": gamma} | adversarial.signs(real_logits, fake_logits), model_state)


def generator_loss(
    f: R3GANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Fake against real in pairs, the real ones of a second batch."""
    change_real, change_fake = _augmentations(weights, batch, rng, kimg)
    fake_logits = f.discriminate(params, change_fake(f.generate(params, f.latents(rng, batch))))
    real_logits = f.discriminate(params, change_real(batch["reference"]))
    loss = adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()
    return loss, Aux({"adversarial": loss}, model_state)


def _sample(f: R3GANFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    return {"sample": f.generate(params, f.latents(rng, batch))}


def _init(modules: dict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    size = modules["generator"].image_size
    inputs = {"generator": jnp.zeros((1, modules["generator"].latent_dim)), "discriminator": jnp.zeros((1, size, size, 3))}
    keys = dict(zip(modules, jax.random.split(rng), strict=True))
    return {name: module.init(keys[name], inputs[name])["params"] for name, module in modules.items()}, {}


def _check_groups(name: str, network: Generator | Discriminator) -> None:
    """Raises a UserError unless every width, expanded, is cut into whole groups."""
    for width, _ in network.plan:
        channels, group = EXPANSION * width, network.group_size
        if group and channels > group and channels % group:
            raise UserError(
                f"config.networks.{name}.group_size is {group}, which does not divide the {channels} channels of a stage: "
                f"choose a divisor of {channels}, or 0 for no groups."
            )


def make(config: ConfigDict) -> Algorithm:
    """R3GAN for `config`; UserError for an impossible image size, group size or objective."""
    check_image_size(config, 16)
    check_supersampling(config.losses)
    adversarial.objective(config.losses.objective)
    dtype = jnp.dtype(config.precision)
    generator = Generator(config.image_size, dtype=dtype, **config.networks.generator)
    discriminator = Discriminator(config.image_size, dtype=dtype, **config.networks.discriminator)
    _check_groups("generator", generator)
    _check_groups("discriminator", discriminator)
    modules = {"generator": generator, "discriminator": discriminator}
    f, weights = _functions(modules), config.losses
    return Algorithm(
        init=jax.jit(partial(_init, modules)),
        phases=(
            Phase("d", ("discriminator",), partial(discriminator_loss, f, weights)),
            Phase("g", ("generator",), partial(generator_loss, f, weights)),
        ),
        sample=partial(_sample, f),
        averaged=("generator",),
        networks=modules,
    )
