"""ProGAN: images from noise by networks that grow from 4x4 to the full size.

Karras, Aila, Laine and Lehtinen 2018, arXiv 1710.10196. One step runs two phases, `d` (WGAN-GP with a drift term) and `g`. With P =
`config.losses.phase_kimg`, 4x4 is trained for P; then each doubling fades in over P and is trained for P more. The real images fade
alike. Parameters hold every level from the start; those that the present depth leaves out get no gradient.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.checks import check_image_size
from semgan.errors import UserError
from semgan.layers.resample import average_pool, upsample_nearest
from semgan.losses import adversarial, penalties
from semgan.networks.progan import Discriminator, Generator, blend, full_depth
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar, Stages


class ProGANFunctions(NamedTuple):
    """The networks at one depth as functions of `(params, inputs..., fade)`."""

    generate: Callable[..., Images]
    discriminate: Callable[..., Float[Array, " batch"]]
    latents: Callable[[Key, Batch], Array]
    reals: Callable[[Images, Scalar], Images]
    fade: Callable[[Scalar], Scalar]


def depth_at(kimg: float, phase_kimg: float, image_size: int) -> int:
    """The depth after `kimg` thousand images: 0 for one phase, then one more at every second phase."""
    return min((int(kimg // phase_kimg) + 1) // 2, full_depth(image_size))


def fade_at(kimg: Scalar, phase_kimg: float, depth: int) -> Scalar:
    """Returns how far the depth's own resolution has come in, from 0 to 1."""
    start = max(2 * depth - 1, 0) * phase_kimg
    return jnp.clip((kimg - start) / phase_kimg, 0, 1)


def reals_at(image: Images, depth: int, fade: Scalar) -> Float[Array, "batch height_out width_out channel"]:
    """Real images at 4 * 2^depth pixels, fading in from the resolution below as the generator's do."""
    while image.shape[1] > 4 * 2**depth:
        image = average_pool(image)
    return blend(upsample_nearest(average_pool(image)), image, fade) if depth else image


def _functions(modules: dict, depth: int, phase_kimg: float) -> ProGANFunctions:
    def run(name, params, inputs, fade):
        return modules[name].apply({"params": params[name]}, inputs, depth, fade)

    return ProGANFunctions(
        generate=partial(run, "generator"),
        discriminate=partial(run, "discriminator"),
        latents=lambda rng, batch: draws.latents(rng, batch, modules["generator"].latent_dim),
        reals=lambda image, fade: reals_at(image, depth, fade),
        fade=lambda kimg: fade_at(kimg, phase_kimg, depth),
    )


def discriminator_loss(
    f: ProGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """The critic's difference, the gradient penalty between real and fake, and the drift of the real images' values (appendix A.1)."""
    fade = f.fade(kimg)
    real, fake = f.reals(batch["image"], fade), f.generate(params, f.latents(rng, batch), fade)
    real_logits, fake_logits = f.discriminate(params, real, fade), f.discriminate(params, fake, fade)
    between = draws.uniform(rng, batch, stream=1)
    metrics = {
        "adversarial": adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean(),
        "gradient_penalty": penalties.gradient_penalty(lambda x: f.discriminate(params, x, fade), real, fake, between).mean(),
        "drift": penalties.drift(real_logits).mean(),
    }
    loss = metrics["adversarial"] + weights.gradient_penalty_weight * metrics["gradient_penalty"] + weights.drift_weight * metrics["drift"]
    growing = {"kimg": jnp.asarray(kimg, jnp.float32)}
    return loss, Aux(metrics | adversarial.signs(real_logits, fake_logits), {**model_state, "growing": growing})


def generator_loss(
    f: ProGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """The critic's value of the fakes."""
    fade = f.fade(kimg)
    fake_logits = f.discriminate(params, f.generate(params, f.latents(rng, batch), fade), fade)
    real_logits = f.discriminate(params, f.reals(batch["image"], fade), fade)
    loss = adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()
    return loss, Aux({"adversarial": loss}, model_state)


def _sample(f: ProGANFunctions, image_size: int, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """Images at the present depth, their pixels repeated up to the full size."""
    image = f.generate(params, f.latents(rng, batch), f.fade(model_state["growing"]["kimg"]))
    while image.shape[1] < image_size:
        image = upsample_nearest(image)
    return {"sample": image}


def _init(modules: dict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    generator = modules["generator"]
    keys = dict(zip(modules, jax.random.split(rng), strict=True))
    image = jnp.zeros((1, generator.image_size, generator.image_size, 3))
    params = {
        "generator": generator.init(keys["generator"], jnp.zeros((1, generator.latent_dim)))["params"],
        "discriminator": modules["discriminator"].init(keys["discriminator"], image)["params"],
    }
    return params, {"growing": {"kimg": jnp.float32(0)}}


def make(config: ConfigDict) -> Algorithm:
    """ProGAN for `config`, as it is at first; `stages` gives what it grows into. UserError for an impossible size or phase length."""
    check_image_size(config, 8)
    phase_kimg = config.losses.phase_kimg
    if phase_kimg <= 0:
        raise UserError(f"config.losses.phase_kimg is {phase_kimg}: give every phase of the growth a length above 0, such as 600.")
    adversarial.objective(config.losses.objective)
    dtype = jnp.dtype(config.precision)
    modules = {
        "generator": Generator(config.image_size, dtype=dtype, **config.networks.generator),
        "discriminator": Discriminator(config.image_size, dtype=dtype, **config.networks.discriminator),
    }
    init = jax.jit(partial(_init, modules))

    @cache
    def of_depth(depth: int) -> Algorithm:
        f = _functions(modules, depth, phase_kimg)
        return Algorithm(
            init=init,
            phases=(
                Phase("d", ("discriminator",), partial(discriminator_loss, f, config.losses)),
                Phase("g", ("generator",), partial(generator_loss, f, config.losses)),
            ),
            sample=partial(_sample, f, config.image_size),
            averaged=("generator",),
            networks=modules,
            kept=("growing",),
            stages=stages,
        )

    def describe(kimg: float) -> str:
        depth = depth_at(kimg, phase_kimg, config.image_size)
        fade = float(fade_at(jnp.float32(kimg), phase_kimg, depth))
        return f"{4 * 2**depth} px" + (f", fading in at {fade:.2f}" if depth and fade < 1 else "")

    stages = Stages(at=lambda kimg: of_depth(depth_at(kimg, phase_kimg, config.image_size)), describe=describe)
    return of_depth(0)
