"""MUNIT: translation between two domains with the style of a reference or of a latent, by autoencoders that share a content space.

Huang, Liu, Belongie and Kautz 2018, arXiv 1804.04732; its residual blocks and discriminators are those of the other algorithms here.
One step runs `d`, both discriminators, then `g`, both autoencoders.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.two_domains import check_two_domains, sides
from semgan.layers.blocks import select_domain
from semgan.losses import adversarial
from semgan.losses.reconstruction import l1
from semgan.networks.munit import Autoencoder, Discriminator
from semgan.types import Algorithm, Aux, Batch, Images, Key, Metrics, ModelState, Params, Phase, Scalar

AUTOENCODERS, DISCRIMINATORS = ("autoencoder_a", "autoencoder_b"), ("discriminator_a", "discriminator_b")


def _run(modules: dict, name: str, method: str, params: Params, *inputs):
    return modules[name].apply({"params": params[name]}, *inputs, method=method)


def _translations(modules: dict, params: Params, batch: Batch, rng: Key):
    """Images, contents, normal styles and, in those styles, translations: each of domain a and b."""
    images, dim = sides(batch), modules[AUTOENCODERS[0]].style_dim
    contents = [_run(modules, AUTOENCODERS[i], "content", params, images[i]) for i in range(2)]
    styles = [draws.normal(rng, batch, dim, stream=i) for i in range(2)]
    return images, contents, styles, [_run(modules, AUTOENCODERS[i], "decode", params, contents[1 - i], styles[i]) for i in range(2)]


def discriminator_loss(modules: dict, weights, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar):
    """Real images against translations, summed over both domains (equation 4)."""
    images, _, _, fakes = _translations(modules, params, batch, rng)
    real, fake = (jnp.stack([_run(modules, DISCRIMINATORS[i], "__call__", params, x[i]) for i in range(2)]) for x in (images, fakes))
    loss = 2 * adversarial.objective(weights.objective).discriminator(real, fake).mean()
    return loss, Aux({"adversarial": loss} | adversarial.signs(real, fake), model_state)


def generator_loss(modules: dict, weights, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar):
    """Adversarial term and reconstruction of images, contents and styles, summed over both domains (equations 1 to 5)."""
    run, objective = partial(_run, modules), adversarial.objective(weights.objective).generator
    images, contents, styles, fakes = _translations(modules, params, batch, rng)
    metrics: Metrics = {term: jnp.zeros(()) for term in ("adversarial", "reconstruction", "content_reconstruction", "style_reconstruction")}
    for i, (name, judge) in enumerate(zip(AUTOENCODERS, DISCRIMINATORS, strict=True)):
        metrics["adversarial"] += objective(*(run(judge, "__call__", params, side[i]) for side in (fakes, images))).mean()
        metrics["reconstruction"] += l1(run(name, "decode", params, contents[i], run(name, "style", params, images[i])), images[i]).mean()
        metrics["content_reconstruction"] += l1(run(name, "content", params, fakes[i]), contents[1 - i]).mean()
        metrics["style_reconstruction"] += l1(run(name, "style", params, fakes[i]), styles[i]).mean()
    weighted = [weights[f"{term}_weight"] * value for term, value in metrics.items() if term != "adversarial"]
    return metrics["adversarial"] + sum(weighted), Aux(metrics, model_state)


def _sample(modules: dict, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in a reference's and in a latent's style; an optional `strength` (batch,) leads there from the contents' own."""

    def of(domain: str, method: str, *inputs):
        return select_domain(jnp.stack([_run(modules, name, method, params, *inputs) for name in AUTOENCODERS], 1), batch[domain])

    styles = {}
    if "reference" in batch:
        styles["reference"] = of("target_domain", "style", batch["reference"])
    if "position" in batch:
        styles["latent"] = draws.latents(rng, batch, modules[AUTOENCODERS[0]].style_dim)
    if "strength" in batch:
        own, strength = of("target_domain", "style", batch.get("own_picture", batch["image"])), batch["strength"][:, None]
        styles = {name: (1 - strength) * own + strength * style for name, style in styles.items()}
    content = of("domain", "content", batch["image"])
    return {name: of("target_domain", "decode", content, style) for name, style in styles.items()}


def make(config: ConfigDict) -> Algorithm:
    """MUNIT for `config`; exactly two domains, or UserError."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    classes = dict.fromkeys(AUTOENCODERS, Autoencoder) | dict.fromkeys(DISCRIMINATORS, Discriminator)
    modules = {name: network(**config.networks[name].to_dict(), dtype=jnp.dtype(config.precision)) for name, network in classes.items()}

    @jax.jit
    def init(rng: Key, batch: Batch) -> tuple[Params, ModelState]:
        image = jnp.zeros((1, config.image_size, config.image_size, 3))
        return {name: modules[name].init(key, image)["params"] for name, key in zip(modules, jax.random.split(rng, 4), strict=True)}, {}

    losses = (("d", DISCRIMINATORS, discriminator_loss), ("g", AUTOENCODERS, generator_loss))
    phases = tuple(Phase(name, trained, partial(loss, modules, config.losses)) for name, trained, loss in losses)
    return Algorithm(init, phases, partial(_sample, modules), averaged=AUTOENCODERS, networks=modules, stride=4)
