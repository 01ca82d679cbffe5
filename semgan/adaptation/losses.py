"""The losses of an adaptation: the new domain is learned from its few pictures, and nothing of the old ones is forgotten.

A discriminator of the new domain alone plays the relativistic game with the fakes (R3GAN, arXiv 2501.05441), on augmented pictures, since
there are few (arXiv 2006.06676). The source, the model as it was, holds the rest: contents in old domains' styles have to come out as
the source has them, fakes in the new style have to keep the content as its encoder and its semantic heads see it, and to be as similar to
each other as its own translations of the same contents and latents (Ojha et al. 2021, arXiv 2104.06820).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.adaptation.parameters import join
from semgan.algorithms.common import draws
from semgan.algorithms.common.semantic_terms import Semantics, of_translations
from semgan.algorithms.common.semgan_losses import FAKE_AUGMENT, REAL_AUGMENT, SemganFunctions, noisy, two_styles
from semgan.layers.adaptive_augment import augment
from semgan.layers.normalize import instance_norm
from semgan.losses import adversarial, penalties
from semgan.losses.reconstruction import l1
from semgan.types import HEADS, Aux, Batch, Images, Key, ModelState, Params, Scalar

SOURCE, TUNED = "source", "tuned"
"""The entry of the model_state with the parameters before the adaptation, and that of the params with those that change."""


class TermWeights(NamedTuple):
    """Weights of the generator's terms other than the adversarial one, whose weight is 1; and the probability of each augmentation."""

    style_reconstruction: float = 1.0
    reconstruction: float = 1.0
    content: float = 1.0
    semantic: float = 1.0
    correspondence: float = 1.0
    kept: float = 10.0
    augment_p: float = 0.15


class AdaptationContext(NamedTuple):
    """The inputs that both losses share.

    Attributes:
      f: the networks as functions, with one more domain; the discriminator knows the new one alone.
      semantics: whose annotations translations carry.
      losses: the `losses` of the model's config.
      whole_encoder: the style encoder and the mapping network change for old domains too.
    """

    f: SemganFunctions
    semantics: Semantics
    losses: ConfigDict
    whole_encoder: bool
    weights: TermWeights = TermWeights()


def discriminator_loss(
    context: AdaptationContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """New pictures against fakes, with R1 and R2 (R3GAN, equations 2 and 3).

    Args:
      batch: see `few_shot_pictures.make_batch`.
    """
    f, losses = context.f, context.losses
    now = join(model_state[SOURCE], params[TUNED])
    style, _ = two_styles(f.styles, now, batch, rng)
    fake = jax.lax.stop_gradient(f.generate(now, batch["image"], style))
    real, fake = _augment(context, batch["reference"], fake, batch, rng)

    def logits_of(images):
        return _logits(f, params, images)

    real_logits, fake_logits = logits_of(real), logits_of(fake)
    metrics = {"adversarial": adversarial.objective(losses.objective).discriminator(real_logits, fake_logits).mean()}
    metrics["gap_sign"] = jnp.sign(real_logits - fake_logits).mean()
    loss = metrics["adversarial"]
    for name, penalty, images in (("r1", penalties.r1, real), ("r2", penalties.r2, fake)):
        metrics[name] = penalty(logits_of, images).mean() / real_logits[0].size  # per place
        loss += losses[f"{name}_weight"] * metrics[name]
    return loss, Aux(metrics, model_state)


def generator_loss(
    context: AdaptationContext, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """The adversarial term and those of `TermWeights`, of fakes in the new domain and of translations into the old ones."""
    f, source = context.f, model_state[SOURCE]
    now = join(source, params[TUNED])
    image, new, reference = batch["image"], batch["target_domain"], batch["reference"]
    style, _ = two_styles(f.styles, now, batch, rng)
    fake = f.generate(now, image, style)
    real, augmented_fake = _augment(context, reference, fake, batch, rng)
    fake_logits, real_logits = _logits(f, params, augmented_fake), _logits(f, params, real)
    features, was = f.features(source, fake), _translated_before(f, source, batch, rng)
    terms = {
        "style_reconstruction": l1(f.styles.encode(now, fake, new), jax.lax.stop_gradient(style)).mean(),
        "reconstruction": l1(f.generate(now, reference, f.styles.encode(now, reference, new)), reference).mean(),
        "content": l1(instance_norm(features[-1]), instance_norm(f.features(source, image)[-1])).mean(),
        "correspondence": correspondence(features, f.features(source, was.images)).mean(),
        "kept": _source_distance(context, now, was, batch, rng),
    }
    if HEADS in source and context.semantics.content:
        terms["semantic"] = _semantic(context, source, fake, batch, rng)
    loss = adversarial.objective(context.losses.objective).generator(fake_logits, real_logits).mean()
    metrics = {"adversarial": loss} | terms
    loss += sum(getattr(context.weights, name) * term for name, term in terms.items())
    return loss, Aux(metrics, model_state)


def correspondence(fakes: Sequence[Array], before: Sequence[Array]) -> Float[Array, " batch"]:
    """Returns how far similarities within a batch have moved (Ojha et al. 2021, arXiv 2104.06820, equation 3), averaged over layers.

    Args:
      fakes, before: features (batch, height, width, channel), one array per layer, of fakes and of the source's pictures.
    """
    return jnp.mean(jnp.stack([_divergence(_likeness(a), _likeness(b)) for a, b in zip(fakes, before, strict=True)]), 0)


def _likeness(features: Float[Array, "batch height width channel"]) -> Float[Array, "batch others"]:
    """Log-shares of each example's cosine similarities to the others."""
    flat = features.astype(jnp.float32).reshape(len(features), -1)
    flat /= jnp.sqrt(jnp.sum(flat**2, -1, keepdims=True) + 1e-12)
    others = ~np.eye(len(flat), dtype=bool)
    return jax.nn.log_softmax((flat @ flat.T)[others].reshape(len(flat), -1))


def _divergence(log_p: Float[Array, "batch others"], log_q: Float[Array, "batch others"]) -> Float[Array, " batch"]:
    """Kullback-Leibler divergence of p from q."""
    return jnp.sum(jnp.exp(log_p) * (log_p - log_q), -1)


class _Before(NamedTuple):
    """The source's translations of the contents into old domains, and their style codes."""

    images: Images
    style: Float[Array, "batch style"]


def _old_examples(batch: Batch) -> Batch:
    """The same contents and latents, with old domains to translate into and their references."""
    return {**batch, "reference": batch["old_reference"], "reference2": batch["old_reference"], "target_domain": batch["old_domain"]}


def _translated_before(f: SemganFunctions, source: Params, batch: Batch, rng: Key) -> _Before:
    style, _ = two_styles(f.styles, source, _old_examples(batch), rng)
    return jax.lax.stop_gradient(_Before(f.generate(source, batch["image"], style), style))


def _source_distance(context: AdaptationContext, now: Params, was: _Before, batch: Batch, rng: Key) -> Scalar:
    """Returns how far translations into old domains have moved and, where they can, style codes."""
    distance = l1(context.f.generate(now, batch["image"], was.style), was.images).mean()
    if context.whole_encoder:
        distance += l1(two_styles(context.f.styles, now, _old_examples(batch), rng)[0], was.style).mean()
    return distance


def _semantic(context: AdaptationContext, source: Params, fake: Images, batch: Batch, rng: Key) -> Scalar:
    """The fakes' annotations as the source's heads see them, against the contents' as they see those."""
    annotations = _decide(context.f.judge(source, batch["image"]), context.semantics)
    judgement = context.f.judge(source, noisy(context.losses, fake, batch, rng))
    losses, _ = of_translations(judgement, context.semantics._replace(style={}), {**batch, **annotations})
    return losses.mean()


def _decide(judgement: Any, semantics: Semantics) -> dict[str, Array]:
    """Annotations of the contents, by name, as they would stand in a batch."""
    decide = {"mask": lambda logits: jnp.argmax(logits, -1), "category": lambda logits: jnp.argmax(logits, -1)}
    decide |= {"attributes": lambda logits: (logits > 0).astype(jnp.int32)}
    return {name: jax.lax.stop_gradient(decide.get(name, lambda places: places)(getattr(judgement, name))) for name in semantics.content}


def _augment(context: AdaptationContext, real: Images, fake: Images, batch: Batch, rng: Key) -> tuple[Images, Images]:
    """Augments both, as the discriminator sees them."""
    p, supersampling = jnp.float32(context.weights.augment_p), context.losses.get("augment_supersampling", 1)
    streams = ((real, REAL_AUGMENT), (fake, FAKE_AUGMENT))
    real, fake = (augment(images, draws.keys(rng, batch, stream), p, supersampling) for images, stream in streams)
    return real, fake


def _logits(f: SemganFunctions, params: Params, images: Images) -> Array:
    """Logits of the one domain that the discriminator knows."""
    return f.discriminate(params, images, jnp.zeros(len(images), jnp.int32))
