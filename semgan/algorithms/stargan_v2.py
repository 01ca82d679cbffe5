"""StarGAN v2: translation between domains, its style from a reference image or from a latent code.

Choi, Uh, Yoo and Ha 2020, arXiv 1912.01865. One step runs, in the official order, four phases: the discriminator against fakes guided
by a latent (`d_latent`) and by a reference (`d_reference`), then the generator on each (`g_latent` with mapping network and style
encoder, `g_reference` alone).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common.checks import check_domains
from semgan.algorithms.common.styles import Styles, styles_of, target_styles
from semgan.errors import UserError
from semgan.layers.array_types import StyleCodes
from semgan.losses import adversarial, penalties
from semgan.losses.reconstruction import l1
from semgan.networks import stargan_v2 as networks
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

HeatMapFunction = Callable[[Images], Array]


class StarGANFunctions(NamedTuple):
    """The four networks as functions of `(params, inputs...)`, which is all that the losses need to know."""

    generate: Callable[..., Images]
    discriminate: Callable[..., Array]
    masks: Callable[[Params, Images, Batch], Array | None]
    styles: Styles


def functions(modules: dict, heat_maps: HeatMapFunction | None = None) -> StarGANFunctions:
    """The functions of the modules of `networks_of`; `heat_maps`: see `make`."""

    def run(name, params, *inputs):
        return modules[name].apply({"params": params[name]}, *inputs)

    def masks(params, image, batch):
        if modules["generator"].high_pass_weight <= 0:
            return None
        if heat_maps is not None:
            return heat_maps(image)
        if networks.HEAT_MAPS in modules:
            return jax.lax.stop_gradient(run(networks.HEAT_MAPS, params, image))
        if "masks" not in batch:
            raise UserError(
                "config.networks.generator.high_pass_weight is above 0, but neither the data nor the model gives the face masks that "
                "it needs: set it to 0"
            )
        return batch["masks"]

    return StarGANFunctions(
        generate=partial(run, "generator"),
        discriminate=partial(run, "discriminator"),
        masks=masks,
        styles=styles_of(modules),
    )


def _two_styles(f: StarGANFunctions, guide: str, params: Params, batch: Batch, rng: Key) -> tuple[StyleCodes, StyleCodes]:
    """Two style codes of the target domain: from two latents, or from two references."""
    domain = batch["target_domain"]
    if guide == "latent":
        first, second = (f.styles.latents(rng, batch, stream) for stream in range(2))
        return f.styles.map_latent(params, first, domain), f.styles.map_latent(params, second, domain)
    return f.styles.encode(params, batch["reference"], domain), f.styles.encode(params, batch["reference2"], domain)


def discriminator_loss(
    f: StarGANFunctions, guide: str, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images in their own domain against fakes in the target's (equation 1), and R1 on the real images."""
    image, domain = batch["image"], batch["domain"]
    style, _ = _two_styles(f, guide, params, batch, rng)
    fake = f.generate(params, image, style, f.masks(params, image, batch))
    real_logits = f.discriminate(params, image, domain)
    fake_logits = f.discriminate(params, fake, batch["target_domain"])
    loss = adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    metrics = {"adversarial": loss} | adversarial.signs(real_logits, fake_logits)
    if weights.r1_weight:
        metrics["r1"] = penalties.r1(lambda images: f.discriminate(params, images, domain), image).mean()
        loss += weights.r1_weight * metrics["r1"]
    return loss, Aux(metrics, model_state)


def generator_loss(
    f: StarGANFunctions, guide: str, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial, style reconstruction, diversity and cycle terms (equations 1 to 5)."""
    image, domain, target = batch["image"], batch["domain"], batch["target_domain"]
    masks = f.masks(params, image, batch)
    style, style2 = _two_styles(f, guide, params, batch, rng)
    fake = f.generate(params, image, style, masks)
    reconstructed = f.generate(params, fake, f.styles.encode(params, image, domain), f.masks(params, fake, batch))
    fake_logits, real_logits = f.discriminate(params, fake, target), f.discriminate(params, image, domain)
    metrics = {
        "adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean(),
        "style_reconstruction": l1(f.styles.encode(params, fake, target), style).mean(),
        "cycle": l1(reconstructed, image).mean(),
    }
    loss = (
        metrics["adversarial"]
        + weights.style_reconstruction_weight * metrics["style_reconstruction"]
        + weights.cycle_weight * metrics["cycle"]
    )
    if weights.diversity_weight:
        fake2 = jax.lax.stop_gradient(f.generate(params, image, style2, masks))
        metrics["diversity"] = l1(fake, fake2).mean()
        decay = jnp.clip(1 - kimg / weights.diversity_decay_kimg, 0, 1)  # falls linearly to 0
        loss -= weights.diversity_weight * decay * metrics["diversity"]
    return loss, Aux(metrics, model_state)


def sample(f: StarGANFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in their references' style and in a latent's, in the target domain (see `target_styles`)."""
    image = batch["image"]
    masks = f.masks(params, image, batch)
    return {name: f.generate(params, image, style, masks) for name, style in target_styles(f.styles, params, batch, rng).items()}


def init(modules: dict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    """Parameters of the modules of `networks_of`."""
    size = modules["generator"].image_size
    image, domain = jnp.zeros((1, size, size, 3)), jnp.zeros((1,), jnp.int32)
    masks = jnp.zeros((1, size, size, 2)) if modules["generator"].high_pass_weight > 0 else None
    inputs = {
        "generator": (image, jnp.zeros((1, modules["generator"].style_dim)), masks),
        "mapping_network": (jnp.zeros((1, modules["mapping_network"].latent_dim)), domain),
        "style_encoder": (image, domain),
        "discriminator": (image, domain),
    }
    keys = dict(zip(networks.NAMES, jax.random.split(rng, len(networks.NAMES)), strict=True))
    if networks.HEAT_MAPS in modules:
        keys[networks.HEAT_MAPS], inputs[networks.HEAT_MAPS] = jax.random.fold_in(rng, len(keys)), (image,)
    return {name: modules[name].init(key, *inputs[name])["params"] for name, key in keys.items()}, {}


def make(config: ConfigDict, heat_maps: HeatMapFunction | None = None) -> Algorithm:
    """StarGAN v2 for `config`; two domains at least, or UserError.

    With `config.networks.generator.high_pass_weight` above 0 the face masks come from `heat_maps` (images to (batch, size, size, 2)
    in [0, 1], run again on the fakes for the cycle), or else from the network `config.networks.heat_maps` where that is configured
    (imported models bring it with its weights; no phase trains it), or else from the batch's `masks`.
    """
    check_domains(config)
    domains = len(config.data.domains)
    adversarial.objective(config.losses.objective)
    further = (networks.HEAT_MAPS,) if networks.HEAT_MAPS in config.networks else ()
    options = {name: config.networks[name].to_dict() for name in (*networks.NAMES, *further)}
    modules = networks.networks_of(config.image_size, domains, jnp.dtype(config.precision), options)
    f, weights = functions(modules, heat_maps), config.losses
    discriminator = partial(discriminator_loss, f)
    generator = partial(generator_loss, f)
    return Algorithm(
        init=jax.jit(partial(init, modules)),
        phases=(
            Phase("d_latent", ("discriminator",), partial(discriminator, "latent", weights)),
            Phase("d_reference", ("discriminator",), partial(discriminator, "reference", weights)),
            Phase("g_latent", ("generator", "mapping_network", "style_encoder"), partial(generator, "latent", weights)),
            Phase("g_reference", ("generator",), partial(generator, "reference", weights)),
        ),
        sample=partial(sample, f),
        averaged=("generator", "mapping_network", "style_encoder", *further),
        networks=modules,
        stride=modules["generator"].stride,
    )
