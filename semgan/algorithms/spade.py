"""SPADE: pictures painted from a content's mask, in the style of a reference or of a latent.

Park, Liu, Wang and Zhu 2019, arXiv 1903.07291, with the image encoder of section 3 ("style-guided synthesis", appendix A): a variational
autoencoder whose decoder is the generator. One step runs `d` and then `g`, both on pictures beside what is painted from their own masks in
their own styles. A translation takes the content's mask and the reference's style; of the content itself it sees nothing else.

The paper's perceptual distance is left out of the loss: it needs the weights of a VGG, which semgan does not bring. The paper does not have
the domain in the label map (see `semgan.networks.spade`), by which a latent's style can be asked for.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.checks import check_image_size
from semgan.errors import UserError
from semgan.layers.array_types import StyleCodes
from semgan.losses import adversarial
from semgan.losses.reconstruction import l1
from semgan.networks.spade import Discriminator, Generator, StyleEncoder
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

ActivationsByScale = list[list[Array]]
"""By scale, then by layer, the logits last."""


class SPADENetworks(NamedTuple):
    """The networks, by the names of their parameters."""

    generator: Generator
    style_encoder: StyleEncoder
    discriminator: Discriminator

    def run(self, name: str, params: Params, model_state: ModelState, *inputs, method: str = "__call__"):
        """Runs a network as in training; returns its outputs and the `model_state` after it."""
        variables = {"params": params[name], "batch_stats": model_state[name]}
        outputs, updated = getattr(self, name).apply(variables, *inputs, train=True, mutable="batch_stats", method=method)
        return outputs, {**model_state, name: updated["batch_stats"]}


class Fakes(NamedTuple):
    """Pictures painted from the batch's masks in the batch's styles.

    Attributes:
      images: the pictures.
      mean, log_variance: the moments of the normal distributions that the styles are drawn from.
      model_state: after it.
    """

    images: Images
    mean: StyleCodes
    log_variance: StyleCodes
    model_state: ModelState


def _paint(networks: SPADENetworks, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> Fakes:
    (mean, log_variance), model_state = networks.run("style_encoder", params, model_state, batch["image"], method="moments")
    style = mean + jnp.exp(0.5 * log_variance) * draws.normal(rng, batch, mean.shape[-1])
    images, model_state = networks.run("generator", params, model_state, style, batch["mask"], batch["domain"])
    return Fakes(images, mean, log_variance, model_state)


def _discriminate(
    networks: SPADENetworks, params: Params, model_state: ModelState, batch: Batch, fake: Images
) -> tuple[ActivationsByScale, ActivationsByScale, ModelState]:
    """Returns the activations for the real and for the painted pictures, which go through together, and the `model_state` after it."""
    images, mask, domain = (jnp.concatenate(pair) for pair in ((batch["image"], fake), [batch["mask"]] * 2, [batch["domain"]] * 2))
    both, model_state = networks.run("discriminator", params, model_state, images, mask, domain)
    real_parts, fake_parts = ([[jnp.split(layer, 2)[half] for layer in scale] for scale in both] for half in range(2))
    return real_parts, fake_parts, model_state


def discriminator_loss(
    networks: SPADENetworks, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Pictures against painted ones, each beside the mask (the hinge loss of appendix A), averaged over the scales."""
    fake = _paint(networks, params, model_state, batch, rng).images
    real_scales, fake_scales, model_state = _discriminate(networks, params, model_state, batch, fake)
    objective = adversarial.objective(weights.objective).discriminator
    pairs = [(real[-1], fake[-1]) for real, fake in zip(real_scales, fake_scales, strict=True)]
    loss = jnp.stack([objective(*pair).mean() for pair in pairs]).mean()
    return loss, Aux({"adversarial": loss} | adversarial.signs(*pairs[0]), model_state)


def generator_loss(
    networks: SPADENetworks, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial term and feature matching (pix2pixHD, arXiv 1711.11585, equation 4), averaged over the scales, and the KL divergence.

    The divergence of a picture's styles from the standard normal distribution is a sum over the code and a mean over pictures.
    """
    fakes = _paint(networks, params, model_state, batch, rng)
    real_scales, fake_scales, _ = _discriminate(networks, params, model_state, batch, fakes.images)
    objective, count = adversarial.objective(weights.objective).generator, len(real_scales)
    metrics = {"adversarial": jnp.zeros(()), "feature_matching": jnp.zeros(())}
    for real, fake in zip(real_scales, fake_scales, strict=True):
        metrics["adversarial"] += objective(fake[-1], real[-1]).mean() / count
        distances = [l1(a, b).mean() for a, b in zip(fake[:-1], real[:-1], strict=True)]
        metrics["feature_matching"] += sum(distances) / count
    divergence = 0.5 * (fakes.mean**2 + jnp.exp(fakes.log_variance) - 1 - fakes.log_variance)
    metrics["kl"] = divergence.sum(-1).mean()
    loss = metrics["adversarial"] + weights.feature_matching_weight * metrics["feature_matching"] + weights.kl_weight * metrics["kl"]
    return loss, Aux(metrics, fakes.model_state)


def _sample(networks: SPADENetworks, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents' masks in the mean style of the reference and in a latent's.

    The batch may have `style` (batch, style), which stands in for the reference's; `truncation` (batch,), by which latents are shortened;
    and `strength` (batch,), which leads from the content's own style to the target's.
    """

    def run(name, *inputs):
        return getattr(networks, name).apply({"params": params[name], "batch_stats": model_state[name]}, *inputs)

    styles = {
        "reference": batch["style"] if "style" in batch else run("style_encoder", batch["reference"]),
        "latent": draws.latents(rng, batch, networks.generator.style_dim),
    }
    if "truncation" in batch:
        styles["latent"] = batch["truncation"][:, None] * styles["latent"]
    if "strength" in batch:
        own, strength = run("style_encoder", batch["image"]), batch["strength"][:, None]
        styles = {name: (1 - strength) * own + strength * style for name, style in styles.items()}
    return {name: run("generator", style, batch["mask"], batch["target_domain"]) for name, style in styles.items()}


def _init(networks: SPADENetworks, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    size, domain = networks.generator.image_size, jnp.zeros((1,), jnp.int32)
    image, mask, style = jnp.zeros((1, size, size, 3)), jnp.zeros((1, size, size), jnp.int32), jnp.zeros((1, networks.generator.style_dim))
    generator, style_encoder, discriminator = jax.random.split(rng, 3)
    variables = {
        "generator": networks.generator.init(generator, style, mask, domain),
        "style_encoder": networks.style_encoder.init(style_encoder, image, method="moments"),
        "discriminator": networks.discriminator.init(discriminator, image, mask, domain),
    }
    return {name: each["params"] for name, each in variables.items()}, {name: each["batch_stats"] for name, each in variables.items()}


def make(config: ConfigDict) -> Algorithm:
    """SPADE for `config`.

    Raises:
      UserError: an image size that is not a power of two from 16 up, masks without classes, an unknown norm or objective.
    """
    check_image_size(config, 16)
    adversarial.objective(config.losses.objective)
    networks = _networks(config)
    return Algorithm(
        init=jax.jit(partial(_init, networks)),
        phases=(
            Phase("d", ("discriminator",), partial(discriminator_loss, networks, config.losses)),
            Phase("g", ("generator", "style_encoder"), partial(generator_loss, networks, config.losses)),
        ),
        sample=partial(_sample, networks),
        averaged=("generator", "style_encoder"),
        networks=networks._asdict(),
        kept=("generator", "style_encoder"),
        annotations={"mask": ()},
        inputs={"mask": ()},
    )


def _networks(config: ConfigDict) -> SPADENetworks:
    settings, dtype, size = config.networks, jnp.dtype(config.precision), config.image_size
    if settings.generator.mask_classes < 1:
        raise UserError(
            "config.networks.generator.mask_classes is 0: spade paints from masks, whose classes training counts in the data; give data "
            "that have masks"
        )
    if settings.style_encoder.norm not in ("instance", "none"):
        raise UserError(f"config.networks.style_encoder.norm is {settings.style_encoder.norm!r}: choose 'instance' or 'none'")
    labels = {"mask_classes": settings.generator.mask_classes, "domain_count": len(config.data.domains)}
    return SPADENetworks(
        Generator(image_size=size, dtype=dtype, **{**labels, **settings.generator}),
        StyleEncoder(image_size=size, dtype=dtype, style_dim=settings.generator.style_dim, **settings.style_encoder),
        Discriminator(dtype=dtype, **labels, **settings.discriminator),
    )
