"""semgan: translation in the style of a reference or a latent, whose semantics are held by what is annotated of the content.

One step has two phases instead of StarGAN v2's four (arXiv 1912.01865): half of the examples take their style from a latent, half from
their reference. `d` plays the relativistic game of R3GAN (arXiv 2501.05441) between each reference and a fake of its domain, with R1 and
R2, and teaches the semantic heads real images. `g` has the fakes carry the contents' annotations, as the heads see them, in place of
StarGAN v2's cycle; a content in its own style has to come back as it was, which gives strength 0 a meaning. Where nothing is annotated,
each patch of a fake must be recognisable as its content's (CUT, arXiv 2007.15651).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import ada, draws
from semgan.algorithms.common.checks import check_domains, check_image_size
from semgan.algorithms.common.patch_contrast import contrast
from semgan.algorithms.common.semantic_terms import Semantics, heads_of, of_translations, semantics_of
from semgan.algorithms.common.styles import Styles, styles_of, target_styles
from semgan.errors import UserError
from semgan.layers.adaptive_augment import augment
from semgan.layers.array_types import StyleCodes
from semgan.losses import adversarial, penalties, semantic
from semgan.losses.reconstruction import l1
from semgan.networks import semgan as networks
from semgan.networks.judge import BranchHeads, JudgeNetwork, run_heads
from semgan.networks.patch_sampler import PatchSampler
from semgan.types import HEADS, Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

SAMPLER = "patch_sampler"
FIRST, SECOND, REAL_AUGMENT, FAKE_AUGMENT, NOISE_AMOUNT, NOISE, PLACES = range(7)
"""Streams of draws; those of places go on from the last."""


class SemganFunctions(NamedTuple):
    """The networks as functions of `(params, inputs...)`, which is all that the losses need to know."""

    generate: Callable[..., Images]
    features: Callable[[Params, Images], Sequence[Array]]
    discriminate: Callable[..., Array]
    judge: Callable[[Params, Images], Any]
    project: Callable[..., list[Array]]
    styles: Styles


class LossContext(NamedTuple):
    """The inputs that both losses share: the networks as functions, the annotations to carry, and the config's `losses`."""

    f: SemganFunctions
    semantics: Semantics
    weights: ConfigDict


def functions(modules: dict) -> SemganFunctions:
    """The functions of these modules, by network name."""

    def run(name, params, *inputs, **options):
        return modules[name].apply({"params": params[name]}, *inputs, **options)

    def judge(params, images):
        return run_heads(modules, lambda name, *inputs, **options: run(name, params, *inputs, **options), images)

    return SemganFunctions(
        generate=partial(run, "generator"),
        features=partial(run, "generator", method="features"),
        discriminate=partial(run, "discriminator"),
        judge=judge,
        project=partial(run, SAMPLER),
        styles=styles_of(modules),
    )


def two_styles(styles: Styles, params: Params, batch: Batch, rng: Key) -> tuple[StyleCodes, StyleCodes]:
    """Two style codes of the target domain for each example: from two latents at even positions, else from its two references."""
    domain, even = batch["target_domain"], (batch["position"] % 2 == 0)[:, None]
    from_latents = (styles.map_latent(params, styles.latents(rng, batch, stream), domain) for stream in (FIRST, SECOND))
    from_references = (styles.encode(params, batch[name], domain) for name in ("reference", "reference2"))
    first, second = (jnp.where(even, *pair) for pair in zip(from_latents, from_references, strict=True))
    return first, second


def discriminator_loss(
    context: LossContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """References against fakes of their domain (R3GAN, equations 2 and 3), and the heads on the real contents."""
    f, semantics, weights = context
    domain = batch["target_domain"]
    style, _ = two_styles(f.styles, params, batch, rng)
    fake = jax.lax.stop_gradient(f.generate(params, batch["image"], style))
    real = _augment(weights, model_state, batch["reference"], batch, rng, REAL_AUGMENT)
    fake = _augment(weights, model_state, fake, batch, rng, FAKE_AUGMENT)

    def logits_of(images):
        return f.discriminate(params, images, domain)

    real_logits, fake_logits = logits_of(real), logits_of(fake)
    metrics = {"adversarial": adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()}
    metrics |= adversarial.signs(real_logits, fake_logits) | {"gap_sign": jnp.sign(real_logits - fake_logits).mean()}
    loss = metrics["adversarial"]
    for name, penalty, images in (("r1", penalties.r1, real), ("r2", penalties.r2, fake)):
        if weight := weights[f"{name}_weight"]:
            metrics[name] = penalty(logits_of, images).mean() / real_logits[0].size  # per place
            loss += weight * metrics[name]
    if semantics.head_weights:
        heads_loss, errors = semantic.consistency(
            f.judge(params, noisy(weights, batch["image"], batch, rng)), batch, semantics.head_weights
        )
        loss += weights.heads_weight * _learning(kimg, weights.heads_until_kimg) * heads_loss.mean()
        metrics |= {f"{name}_error": error.mean() for name, error in errors.items()}
    if weights.ada_target:
        model_state = ada.adapt(weights, model_state, real_logits - fake_logits, weights.ada_most)
        metrics["augment_p"] = model_state["augment_p"]
    return loss, Aux(metrics, model_state)


def generator_loss(
    context: LossContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial, semantic, contrastive, style reconstruction, diversity and reconstruction terms; those of weight 0 are left out."""
    f, semantics, weights = context
    image, target = batch["image"], batch["target_domain"]
    style, style2 = two_styles(f.styles, params, batch, rng)
    fake = f.generate(params, image, style)
    fake_logits, real_logits = (
        f.discriminate(params, _augment(weights, model_state, images, batch, rng, stream), target)
        for images, stream in ((fake, FAKE_AUGMENT), (batch["reference"], REAL_AUGMENT))
    )
    metrics = {"adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()}
    loss = metrics["adversarial"]
    if weights.style_reconstruction_weight:
        metrics["style_reconstruction"] = l1(f.styles.encode(params, fake, target), jax.lax.stop_gradient(style)).mean()
        loss += weights.style_reconstruction_weight * metrics["style_reconstruction"]
    if weights.reconstruction_weight:
        own = f.styles.encode(params, image, batch["domain"])
        metrics["reconstruction"] = l1(f.generate(params, image, own), image).mean()
        loss += weights.reconstruction_weight * metrics["reconstruction"]
    if semantics.head_weights:
        semantic_losses, errors = of_translations(f.judge(params, noisy(weights, fake, batch, rng)), semantics, batch)
        metrics |= {"semantic": semantic_losses.mean()} | {f"{name}_error": error.mean() for name, error in errors.items()}
        loss += weights.semantic_weight * metrics["semantic"]
    if weights.nce_weight:
        keys, queries = f.features(params, image), f.features(params, fake)
        metrics["nce"] = contrast(partial(f.project, params), keys, queries, weights, batch, rng, PLACES)
        loss += weights.nce_weight * metrics["nce"]
    if weights.diversity_weight:
        metrics["diversity"] = l1(fake, jax.lax.stop_gradient(f.generate(params, image, style2))).mean()
        decay = jnp.clip(1 - kimg / weights.diversity_decay_kimg, 0, 1)  # falls linearly to 0
        loss -= weights.diversity_weight * decay * metrics["diversity"]
    return loss, Aux(metrics, model_state)


def _augment(weights: ConfigDict, model_state: ModelState, images: Images, batch: Batch, rng: Key, stream: int) -> Images:
    """Augments the images, as the discriminator sees them."""
    if not weights.ada_target:
        return images
    return augment(images, draws.keys(rng, batch, stream), model_state["augment_p"], weights.augment_supersampling)


def _learning(kimg: Scalar, until: float) -> Scalar | float:
    """Returns 1 up to `until` thousand images, then 0; 1 throughout where `until` is 0."""
    return jnp.where(kimg < until, 1.0, 0.0) if until else 1.0


def noisy(weights: ConfigDict, images: Images, batch: Batch, rng: Key) -> Images:
    """Adds noise of a random amount, as the heads see images, so that no generator can talk to them unseen."""
    if not weights.heads_noise:
        return images
    amount = weights.heads_noise * draws.uniform(rng, batch, 1, 1, 1, stream=NOISE_AMOUNT)
    return images + amount * draws.normal(rng, batch, *images.shape[1:], stream=NOISE)


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
      UserError: fewer than two domains, an unknown objective or annotation, one that is content's and style's at once.
    """
    check_domains(config)
    generator, discriminator = config.networks.generator, config.networks.discriminator
    least = max(generator.patch_size * generator.bottleneck_size, discriminator.patch_size * discriminator.logits_size)
    check_image_size(config, least)
    weights, semantics = config.losses, semantics_of(config)
    adversarial.objective(weights.objective)
    ada.check(weights)
    _check_heads(config)
    options = {name: config.networks[name].to_dict() for name in networks.NAMES}
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
    context = LossContext(functions(modules), semantics, weights)
    return Algorithm(
        init=jax.jit(partial(_init, modules, weights)),
        phases=(Phase("d", d, partial(discriminator_loss, context)), Phase("g", g, partial(generator_loss, context))),
        sample=partial(_sample, context.f),
        averaged=averaged,
        networks=modules,
        annotations=semantics.annotations(),
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


def _init(modules: dict, weights: ConfigDict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    generator, mapping = modules["generator"], modules["mapping_network"]
    image, domain = jnp.zeros((1, generator.image_size, generator.image_size, 3)), jnp.zeros((1,), jnp.int32)
    inputs = {
        "generator": (image, jnp.zeros((1, generator.style_dim))),
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
