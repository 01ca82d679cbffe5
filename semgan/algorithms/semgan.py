"""semgan: translation in the style of a reference or a latent, whose semantics are held by what is annotated of the content.

StarGAN v2's networks (arXiv 1912.01865) with another training. One step has two phases instead of four: half of the examples take their
style from a latent, half from their reference. `d` plays the relativistic game of R3GAN (arXiv 2501.05441) between each reference and a
fake of its domain, with R1 and R2, and teaches the semantic heads real images. `g` has the fakes carry the contents' annotations, as the
heads see them, in the place of StarGAN v2's cycle; a content in its own style has to come back as it was, which gives strength 0 a meaning.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms import stargan_v2
from semgan.algorithms._checks import check_domains
from semgan.errors import UserError
from semgan.losses import adversarial, penalties, semantic
from semgan.losses.reconstruction import l1
from semgan.networks import stargan_v2 as networks
from semgan.networks.judge import Heads, JudgeNetwork
from semgan.types import OF_REFERENCE, Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

Style = Float[Array, "batch style"]
Judge = Callable[[Params, Images], Any]
HEADS = "semantic_heads"


class Kept(NamedTuple):
    """Whose annotations a translation carries.

    Attributes:
      content, style: weights by annotation: of what is the content's, and of what comes from the reference.
      content_attributes, style_attributes: names of the attributes that are meant by "attributes"; the heads have them in this order.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    content_attributes: tuple[str, ...]
    style_attributes: tuple[str, ...]

    def annotations(self) -> dict[str, tuple[str, ...]]:
        """What batches have to carry: all that the heads learn of the image, and what belongs to the style of the reference."""
        learned, taken = ({"attributes": names} for names in (self.content_attributes + self.style_attributes, self.style_attributes))
        own = {name: learned.get(name, ()) for name in {**self.content, **self.style}}
        return own | {f"{OF_REFERENCE}{name}": taken.get(name, ()) for name in self.style}


class Setting(NamedTuple):
    """What both losses work with: the networks as functions, the heads' judgement of images, and the config's `losses`."""

    f: stargan_v2.Functions
    judge: Judge
    kept: Kept
    weights: ConfigDict


def styles(f: stargan_v2.Functions, params: Params, batch: Batch, rng: Key) -> tuple[Style, Style]:
    """Two style codes of the target domain for each example: from two latents at even positions, else from its two references."""
    domain, even = batch["target_domain"], (batch["position"] % 2 == 0)[:, None]
    from_latents = (f.map_latent(params, f.latents(rng, batch, stream), domain) for stream in range(2))
    from_references = (f.encode(params, batch[name], domain) for name in ("reference", "reference2"))
    first, second = (jnp.where(even, *pair) for pair in zip(from_latents, from_references, strict=True))
    return first, second


def discriminator_loss(
    setting: Setting, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """References against fakes of their domain (R3GAN, equations 2 and 3), and the heads on the real contents."""
    f, judge, kept, weights = setting
    real, domain = batch["reference"], batch["target_domain"]
    style, _ = styles(f, params, batch, rng)
    fake = jax.lax.stop_gradient(f.generate(params, batch["image"], style))

    def logits_of(images):
        return f.discriminate(params, images, domain)

    real_logits, fake_logits = logits_of(real), logits_of(fake)
    metrics = {"adversarial": adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()}
    loss = metrics["adversarial"]
    if weights.r1_weight:
        metrics["r1"] = penalties.r1(logits_of, real).mean()
        loss += weights.r1_weight * metrics["r1"]
    if weights.r2_weight:
        metrics["r2"] = penalties.r2(logits_of, fake).mean()
        loss += weights.r2_weight * metrics["r2"]
    annotated = {**kept.content, **kept.style}
    if annotated:
        learned, errors = semantic.consistency(judge(params, batch["image"]), batch, annotated)
        loss += weights.heads_weight * learned.mean()
        metrics |= {f"{name}_error": error.mean() for name, error in errors.items()}
    return loss, Aux(metrics | adversarial.signs(real_logits, fake_logits), model_state)


def generator_loss(setting: Setting, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar) -> tuple[Scalar, Aux]:
    """Adversarial, semantic, style reconstruction, diversity and reconstruction terms."""
    f, judge, kept, weights = setting
    image, domain, target = batch["image"], batch["domain"], batch["target_domain"]
    style, style2 = styles(f, params, batch, rng)
    fake = f.generate(params, image, style)
    fake_logits, real_logits = f.discriminate(params, fake, target), f.discriminate(params, batch["reference"], target)
    metrics = {
        "adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean(),
        "style_reconstruction": l1(f.encode(params, fake, target), jax.lax.stop_gradient(style)).mean(),
        "reconstruction": l1(f.generate(params, image, f.encode(params, image, domain)), image).mean(),
    }
    loss = (
        metrics["adversarial"]
        + weights.style_reconstruction_weight * metrics["style_reconstruction"]
        + weights.reconstruction_weight * metrics["reconstruction"]
    )
    if kept.content or kept.style:
        semantics, errors = _semantics(judge(params, fake), kept, batch)
        loss += weights.semantic_weight * semantics.mean()
        metrics |= {"semantic": semantics.mean()} | {f"{name}_error": error.mean() for name, error in errors.items()}
    if weights.diversity_weight:
        metrics["diversity"] = l1(fake, jax.lax.stop_gradient(f.generate(params, image, style2))).mean()
        left = jnp.clip(1 - kimg / weights.diversity_decay_kimg, 0, 1)  # falls linearly to 0
        loss -= weights.diversity_weight * left * metrics["diversity"]
    return loss, Aux(metrics, model_state)


def _semantics(judged: Any, kept: Kept, batch: Batch) -> tuple[Array, dict[str, Array]]:
    """Of fakes: the contents' annotations and, of reference-guided ones, those of the references that belong to the style."""
    total, errors, count = jnp.zeros(len(batch["position"])), {}, len(kept.content_attributes)
    if kept.content:
        of_content = judged if judged.attributes is None else judged._replace(attributes=judged.attributes[:, :count])
        truth = {name: batch[name][:, :count] if name == "attributes" else batch[name] for name in kept.content}
        total, errors = semantic.consistency(of_content, truth, kept.content)
    if kept.style:
        of_style = judged if judged.attributes is None else judged._replace(attributes=judged.attributes[:, count:])
        theirs = {name: batch[f"{OF_REFERENCE}{name}"] for name in kept.style}
        taken, taken_errors = semantic.consistency(of_style, theirs, kept.style)
        total += jnp.where(batch["position"] % 2 == 0, 0, taken)  # a latent has no annotations
        errors = errors | {f"style_{name}": error for name, error in taken_errors.items()}
    return total, errors


def make(config: ConfigDict) -> Algorithm:
    """Semgan for `config`.

    Raises:
      UserError: fewer than two domains, an unknown objective or annotation, one that is content's and style's at once, or one that
        the heads do not have.
    """
    check_domains(config)
    adversarial.objective(config.losses.objective)
    kept = _kept(config)
    options = {name: config.networks[name].to_dict() for name in networks.NAMES}
    modules = networks.networks_of(config.image_size, len(config.data.domains), jnp.dtype(config.precision), options)
    attributes = len(kept.content_attributes + kept.style_attributes)
    heads = JudgeNetwork(Heads(domains=0, attributes=attributes, **config.networks[HEADS]))
    f = stargan_v2.functions(modules)

    def judge(params: Params, images: Images) -> Any:
        return heads.apply({"params": params[HEADS]}, images)

    setting = Setting(f, judge, kept, config.losses)
    trained = ("discriminator", HEADS) if kept.content or kept.style else ("discriminator",)
    return Algorithm(
        init=jax.jit(partial(_init, modules, heads)),
        phases=(
            Phase("d", trained, partial(discriminator_loss, setting)),
            Phase("g", ("generator", "mapping_network", "style_encoder"), partial(generator_loss, setting)),
        ),
        sample=partial(stargan_v2.sample, f),
        averaged=("generator", "mapping_network", "style_encoder"),
        networks=modules,
        annotations=kept.annotations(),
    )


def _init(modules: dict, heads: JudgeNetwork, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    params, model_state = stargan_v2.init(modules, rng, batch)
    size = modules["generator"].image_size
    images = jnp.zeros((1, size, size, 3))
    return params | {HEADS: heads.init(jax.random.fold_in(rng, len(params)), images)["params"]}, model_state


def _kept(config: ConfigDict) -> Kept:
    """The weights above 0 and the attributes of those, checked."""
    losses = config.losses
    weights = {of: {name: weight for name, weight in losses[of].items() if weight > 0} for of in ("content", "style")}
    for of, chosen in weights.items():
        for name in chosen:
            _check_annotation(config, of, name)
    named = {of: tuple(losses[f"{of}_attributes"]) if "attributes" in chosen else () for of, chosen in weights.items()}
    both = sorted((weights["content"].keys() & weights["style"].keys()) - {"attributes"}) + sorted({*named["content"]} & {*named["style"]})
    if both:
        raise UserError(f"config.losses has {both[0]} in content and in style: it can come from one alone, so take it out of the other")
    return Kept(weights["content"], weights["style"], named["content"], named["style"])


def _check_annotation(config: ConfigDict, of: str, name: str) -> None:
    if name not in semantic.ANNOTATIONS:
        raise UserError(f"config.losses.{of} names {name!r}, which is no annotation: choose from {', '.join(semantic.ANNOTATIONS)}")
    if name == "attributes" and not config.losses[f"{of}_attributes"]:
        raise UserError(f"config.losses.{of}.attributes is above 0, but config.losses.{of}_attributes is empty: name some, or set it to 0")
    size = {"mask": "mask_classes", "landmarks": "landmarks"}.get(name)
    if size and not config.networks[HEADS][size]:
        raise UserError(f"config.losses.{of} names {name}, but config.networks.{HEADS}.{size} is 0: set how many the data has")
