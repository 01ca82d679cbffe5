"""semgan: translation in the style of a reference or a latent, whose semantics are held by what is annotated of the content.

One step has three phases instead of StarGAN v2's four (arXiv 1912.01865). One of four examples takes its style from a latent, the others
from their references. `d` plays the relativistic game of R3GAN (arXiv 2501.05441) between each reference and a fake of its domain, with R1
and R2, and teaches the semantic heads real images. `g` has the fakes carry the contents' annotations, as the heads see them, and in each
region the reference's statistics of style. `restore` asks for style without the content's texture: a content whose style was changed at
random, or that was translated, gets its own style back (denoising and back-translation, as in Lample et al. 2018, arXiv 1711.00043); as it
is, it has to stay, which gives strength 0 a meaning. Nothing flows back through the translation, so that nothing is hidden in it. Where
nothing is annotated, each patch of a fake must be recognisable as its content's (CUT, arXiv 2007.15651).
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from semgan.algorithms.common import ada
from semgan.algorithms.common.checks import check_domains, check_image_size
from semgan.algorithms.common.semantic_terms import heads_of, semantics_of
from semgan.algorithms.common.semgan_losses import (
    SAMPLER,
    LossContext,
    SemganFunctions,
    discriminator_loss,
    functions,
    generator_loss,
    restoration_loss,
)
from semgan.algorithms.common.styles import target_styles
from semgan.errors import UserError
from semgan.losses import adversarial
from semgan.networks import semgan as networks
from semgan.networks.judge import BranchHeads, JudgeNetwork
from semgan.networks.patch_sampler import PatchSampler
from semgan.types import HEADS, OF_REFERENCE, Algorithm, Batch, Images, Key, ModelState, Params, Phase

LATER_LOSSES = {
    **dict.fromkeys(("restoration_weight", "dissimilarity_weight", "changed_share", "translated_share"), 0.0),
    **dict.fromkeys(("region_style_weight", "latent_style_weight", "slots_weight", "penalty_step"), 0.0),
}
"""Settings that the first snapshots do not have, as they were without them."""


def _sample(f: SemganFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in their references' style and in a latent's, in the target domain (see `target_styles`).

    With `region_styles` in the batch, `regions` (batch, size, size, 1 + region) are weights that sum to 1: how far each place has the
    style of the rest of the picture, and of each region.
    """
    styles, regions = target_styles(f.styles, params, batch, rng), batch.get("regions")
    return {name: f.generate(params, batch["image"], style, regions) for name, style in styles.items()}


def make(config: ConfigDict) -> Algorithm:
    """Semgan for `config`; a loss of weight 0 leaves out what it alone needs.

    Raises:
      UserError: fewer than two domains, an unknown objective or annotation, one that is content's and style's at once, shares of restored
        pictures that make more than one, no slot.
    """
    check_domains(config)
    options = {name: config.networks[name].to_dict() for name in networks.NAMES}
    if options["generator"].get("slots", 1) < 1:  # the first snapshots have no such key
        raise UserError(f"config.networks.generator.slots is {config.networks.generator.slots}: set it to 1 or more")
    check_image_size(config, networks.least_size(options))
    weights, semantics = ConfigDict(LATER_LOSSES | config.losses.to_dict()), semantics_of(config)
    adversarial.objective(weights.objective)
    ada.check(weights)
    _check_heads(config)
    _check_shares(weights)
    modules = networks.networks_of(config.image_size, len(config.data.domains), jnp.dtype(config.precision), options)
    d, g = ("discriminator",), ("generator", "mapping_network", "style_encoder")
    averaged = g
    if semantics.head_weights:
        heads, branch = heads_of(config, semantics), config.networks[HEADS].branch
        modules[HEADS] = BranchHeads(heads, modules["discriminator"].patch_size) if branch else JudgeNetwork(heads)
        d += (HEADS,)
        if "mask" in semantics.head_weights:  # by it regions are found in contents without a mask
            averaged += ("discriminator", HEADS) if branch else (HEADS,)
    if weights.nce_weight:
        modules[SAMPLER] = PatchSampler(**config.networks[SAMPLER], dtype=jnp.dtype(config.precision))
        g += (SAMPLER,)
    with_masks = "mask" in semantics.content
    regions = config.networks[HEADS].mask_classes if with_masks else 0
    context = LossContext(functions(modules), semantics, weights, regions)
    phases = (Phase("d", d, partial(discriminator_loss, context)), Phase("g", g, partial(generator_loss, context)))
    if weights.restoration_weight:
        phases += (Phase("restore", ("generator", "style_encoder"), partial(restoration_loss, context)),)
    annotations = semantics.annotations()
    if context.with_slots or (with_masks and weights.region_style_weight):
        annotations[f"{OF_REFERENCE}mask"] = ()
    return Algorithm(
        init=jax.jit(partial(_init, modules, weights)),
        phases=phases,
        sample=partial(_sample, context.f),
        averaged=averaged,
        networks=modules,
        annotations=annotations,
        stride=modules["generator"].stride,
    )


def _check_heads(config: ConfigDict) -> None:
    if not config.networks[HEADS].branch:
        return
    for width in ("base_channels", "max_channels"):
        if (channels := config.networks.discriminator[width]) % 4:
            raise UserError(f"config.networks.discriminator.{width} is {channels}: with semantic heads on it, give a multiple of 4")
    if config.losses.heads_until_kimg:
        raise UserError(
            f"config.losses.heads_until_kimg freezes heads that are a network of their own: set config.networks.{HEADS}.branch to False, "
            "or heads_until_kimg to 0"
        )


def _check_shares(weights: ConfigDict) -> None:
    if min(weights.changed_share, weights.translated_share) < 0 or weights.changed_share + weights.translated_share > 1:
        raise UserError(
            f"config.losses.changed_share is {weights.changed_share} and translated_share {weights.translated_share}: "
            "set shares of all contents, from 0 up, that make 1 together at most"
        )


def _init(modules: dict, weights: ConfigDict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    generator, mapping = modules["generator"], modules["mapping_network"]
    image, domain = jnp.zeros((1, generator.image_size, generator.image_size, 3)), jnp.zeros((1,), jnp.int32)
    inputs = {
        "generator": (image, jnp.zeros((1, mapping.style_dim))),
        "mapping_network": (jnp.zeros((1, mapping.latent_dim)), domain),
        "style_encoder": (image, domain),
        "discriminator": (image, domain),
    }
    keys = {name: jax.random.fold_in(rng, number) for number, name in enumerate(modules)}
    params = {name: modules[name].init(keys[name], *inputs[name])["params"] for name in modules if name in inputs}
    if HEADS in modules:
        features = modules["discriminator"].apply({"params": params["discriminator"]}, image, method="features")
        head_inputs = features if isinstance(modules[HEADS], BranchHeads) else image
        params[HEADS] = modules[HEADS].init(keys[HEADS], head_inputs)["params"]
    if SAMPLER in modules:
        features = generator.apply({"params": params["generator"]}, image, method="features")
        places = [jnp.zeros((1, 1), jnp.int32) for _ in features]
        params[SAMPLER] = modules[SAMPLER].init(keys[SAMPLER], features, places)["params"]
    return params, ada.initial_state(weights)
