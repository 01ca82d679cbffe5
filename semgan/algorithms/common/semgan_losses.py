"""semgan's losses, of the networks as functions: what each phase of a step minimises. See `semgan.algorithms.semgan`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import ada, draws
from semgan.algorithms.common.patch_contrast import contrast
from semgan.algorithms.common.semantic_terms import Semantics, of_translations
from semgan.algorithms.common.styles import Styles, from_latent, styles_of
from semgan.layers.adaptive_augment import augment
from semgan.layers.array_types import StyleCodes
from semgan.layers.style_change import change_styles
from semgan.losses import adversarial, penalties, semantic
from semgan.losses.energy_distance import energy_distance
from semgan.losses.reconstruction import dissimilarity, l1
from semgan.losses.style_statistics import style_distance
from semgan.networks.judge import run_heads
from semgan.types import OF_REFERENCE, Aux, Batch, Images, Key, ModelState, Params, Scalar

SAMPLER = "patch_sampler"
"""The network that projects features for the contrast between patches."""
FIRST, SECOND, REAL_AUGMENT, FAKE_AUGMENT, NOISE_AMOUNT, NOISE, REAL_STEP, FAKE_STEP, RESTORED, STYLE_CHANGE, PLACES = range(11)
"""Streams of draws; those of places go on from the last."""
_LEAST_WEIGHT = 1e-3
"""Added to slots' weights, whose logarithms are taken."""


class SemganFunctions(NamedTuple):
    """The networks as functions of `(params, inputs...)`, which is all that the losses need to know.

    `translate` is `generate` with the slots of the contents' pixels, and `slots_of` gives those of a reference's patches.
    """

    generate: Callable[..., Images]
    translate: Callable[..., tuple[Images, Array]]
    slots_of: Callable[[Params, Images], Array]
    features: Callable[[Params, Images], Sequence[Array]]
    discriminate: Callable[..., Array]
    judge: Callable[[Params, Images], Any]
    project: Callable[..., list[Array]]
    styles: Styles


class LossContext(NamedTuple):
    """The inputs that the losses share.

    Attributes:
      f: the networks as functions.
      semantics: the annotations to carry.
      weights: the config's `losses`.
      regions: the classes of the masks, in each of which statistics of style are compared; 0: in the picture as a whole.
    """

    f: SemganFunctions
    semantics: Semantics
    weights: ConfigDict
    regions: int = 0

    @property
    def with_slots(self) -> bool:
        """Returns True where slots are to be the masks' classes."""
        return bool(self.regions and self.weights.slots_weight)


def functions(modules: dict) -> SemganFunctions:
    """The functions of these modules, by network name."""

    def run(name, params, *inputs, **options):
        return modules[name].apply({"params": params[name]}, *inputs, **options)

    def judge(params, images):
        return run_heads(modules, lambda name, *inputs, **options: run(name, params, *inputs, **options), images)

    return SemganFunctions(
        generate=partial(run, "generator"),
        translate=partial(run, "generator", method="translate"),
        slots_of=partial(run, "style_encoder", method="slots_of"),
        features=partial(run, "generator", method="features"),
        discriminate=partial(run, "discriminator"),
        judge=judge,
        project=partial(run, SAMPLER),
        styles=styles_of(modules),
    )


def two_styles(styles: Styles, params: Params, batch: Batch, rng: Key) -> tuple[StyleCodes, StyleCodes]:
    """Two style codes of the target domain for each example: from two latents where it is `from_latent`, else from its two references."""
    return _chosen(batch, latent_styles(styles, params, batch, rng), reference_styles(styles, params, batch))


_TwoStyles = tuple[StyleCodes, StyleCodes]


def _chosen(batch: Batch, latent: _TwoStyles, of_reference: _TwoStyles) -> _TwoStyles:
    """The latents' codes where an example is `from_latent`, else the references'."""
    first, second = (jnp.where(from_latent(batch)[:, None], *pair) for pair in zip(latent, of_reference, strict=True))
    return first, second


def latent_styles(styles: Styles, params: Params, batch: Batch, rng: Key) -> tuple[StyleCodes, StyleCodes]:
    """The style codes of two latents of each example, in the target domain."""
    first, second = (styles.map_latent(params, styles.latents(rng, batch, stream), batch["target_domain"]) for stream in (FIRST, SECOND))
    return first, second


def reference_styles(styles: Styles, params: Params, batch: Batch) -> tuple[StyleCodes, StyleCodes]:
    """The style codes of the two references of each example."""
    first, second = (styles.encode(params, batch[name], batch["target_domain"]) for name in ("reference", "reference2"))
    return first, second


def discriminator_loss(
    context: LossContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """References against fakes of their domain (R3GAN, equations 2 and 3), and the heads on the real contents."""
    f, semantics, weights, _ = context
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
    for name, images, logits, stream in (("r1", real, real_logits, REAL_STEP), ("r2", fake, fake_logits, FAKE_STEP)):
        if weight := weights[f"{name}_weight"]:
            metrics[name] = _penalty(weights, logits_of, images, logits, partial(draws.normal, rng, batch, stream=stream)).mean()
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


def _penalty(weights: ConfigDict, logits_of: Callable[[Images], Array], images: Images, logits: Array, draw: Callable[..., Array]) -> Array:
    """R1's or R2's penalty per place: of the gradients, or with a `penalty_step` of differences along `draw`'s direction."""
    if not weights.penalty_step:
        return penalties.r1(logits_of, images) / logits[0].size
    return penalties.finite_difference(logits_of, images, logits, weights.penalty_step * draw(*images.shape[1:]))


def generator_loss(
    context: LossContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """The terms that ask for the reference's style and the content's semantics; those of weight 0 are left out."""
    f, semantics, weights, _ = context
    image, target = batch["image"], batch["target_domain"]
    latent, of_reference = latent_styles(f.styles, params, batch, rng), reference_styles(f.styles, params, batch)
    style, style2 = _chosen(batch, latent, of_reference)
    fake, slots = _translate(context, params, image, style)
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
    if weights.region_style_weight:
        metrics["region_style"] = jnp.where(from_latent(batch), 0, _region_style(context, fake, batch)).mean()
        loss += weights.region_style_weight * metrics["region_style"]
    if slots is not None:
        theirs = f.slots_of(params, batch["reference"])
        metrics["slots"] = _misplaced(slots, batch["mask"]).mean() + _misplaced(theirs, batch[f"{OF_REFERENCE}mask"]).mean()
        loss += weights.slots_weight * metrics["slots"]
    if weights.diversity_weight:
        metrics["diversity"] = l1(fake, jax.lax.stop_gradient(f.generate(params, image, style2))).mean()
        decay = jnp.clip(1 - kimg / weights.diversity_decay_kimg, 0, 1)  # falls linearly to 0
        loss -= weights.diversity_weight * decay * metrics["diversity"]
    if weights.latent_style_weight:
        metrics["latent_style"] = energy_distance(*latent, *jax.lax.stop_gradient(of_reference)).mean()
        loss += weights.latent_style_weight * metrics["latent_style"]
    return loss, Aux(metrics, model_state)


def _translate(context: LossContext, params: Params, image: Images, style: StyleCodes) -> tuple[Images, Array | None]:
    """The translations, and the contents' slots where a loss asks for them: the first version's generator has none."""
    f = context.f
    return f.translate(params, image, style) if context.with_slots else (f.generate(params, image, style), None)


def _misplaced(slots: Array, masks: Array) -> Array:
    """How far slots are from the classes of the masks, as of a mask that is judged, (batch,); the last slot takes all further classes."""
    stride = masks.shape[1] // slots.shape[1]
    classes = jnp.minimum(masks[:, stride // 2 :: stride, stride // 2 :: stride], slots.shape[-1] - 1)
    return semantic.mask_loss(jnp.log(slots + _LEAST_WEIGHT), classes)


def _region_style(context: LossContext, fake: Images, batch: Batch) -> Array:
    """The distance of each fake's statistics of style from its reference's, by region of the masks or of the whole picture."""
    if context.regions:
        regions, theirs = batch["mask"], batch[f"{OF_REFERENCE}mask"]
    else:
        regions = theirs = jnp.zeros(fake.shape[:3], jnp.int32)
    return style_distance(fake, regions, batch["reference"], theirs, max(context.regions, 1))


def restoration_loss(
    context: LossContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Contents given their own style again: some in another style, drawn at random or by the generator itself, and some as they are."""
    f, _, weights, _ = context
    image = batch["image"]
    given, kind = image, draws.uniform(rng, batch, 1, 1, 1, stream=RESTORED)
    if weights.changed_share:
        changed = change_styles((image + 1) / 2, draws.keys(rng, batch, STYLE_CHANGE)) * 2 - 1
        given = jnp.where(kind < weights.changed_share, changed, given)
    if weights.translated_share:
        style, _ = two_styles(f.styles, params, batch, rng)
        given = jnp.where(kind >= 1 - weights.translated_share, f.generate(params, image, style), given)
    own = f.styles.encode(params, image, batch["domain"])
    restored, slots = _translate(context, params, jax.lax.stop_gradient(given), own)
    metrics = {"distance": l1(restored, image).mean()}
    loss = metrics["distance"]
    if weights.dissimilarity_weight:
        metrics["dissimilarity"] = dissimilarity(restored, image).mean()
        loss += weights.dissimilarity_weight * metrics["dissimilarity"]
    loss *= weights.restoration_weight
    if slots is not None:
        metrics["slots"] = _misplaced(slots, batch["mask"]).mean()
        loss += weights.slots_weight * metrics["slots"]
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
