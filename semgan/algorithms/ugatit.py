"""U-GAT-IT: translation between two domains without pairs, where an auxiliary classifier tells the networks where to look.

Kim, Kim, Kang and Lee 2020, arXiv 1907.10830, the light version. One step runs two phases: a local and a global discriminator of each
domain (`d`), then both generators (`g`). Domains 0 and 1 of the data are a and b. As in the authors' code, a term is the sum over both
directions and, where discriminators judge, over both of a domain's.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common.two_domains import check_two_domains, sides
from semgan.losses import adversarial
from semgan.losses.reconstruction import l1
from semgan.networks.ugatit import Discriminator, DiscriminatorOutput, Generator, GeneratorOutput
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

GENERATORS = ("generator_ab", "generator_ba")
OF_A = ("discriminator_local_a", "discriminator_global_a")
OF_B = ("discriminator_local_b", "discriminator_global_b")
DISCRIMINATORS = OF_A + OF_B


class UGATITNetworks(NamedTuple):
    """The networks by name."""

    modules: dict[str, Generator | Discriminator]

    def to_b(self, params: Params, image: Images) -> GeneratorOutput:
        """Runs the generator to domain b; the logits say whether the image is of domain a."""
        return self.modules["generator_ab"].apply({"params": params["generator_ab"]}, image)  # pyright: ignore[reportReturnType]

    def to_a(self, params: Params, image: Images) -> GeneratorOutput:
        """Runs the generator to domain a; the logits say whether the image is of domain b."""
        return self.modules["generator_ba"].apply({"params": params["generator_ba"]}, image)  # pyright: ignore[reportReturnType]

    def judge(self, name: str, params: Params, model_state: ModelState, *images: Images) -> tuple[list[DiscriminatorOutput], ModelState]:
        """Runs a discriminator on several images at once, as in training; returns a judgement of each and the `model_state` after it."""
        variables = {"params": params[name], "batch_stats": model_state[name]}
        together = jnp.concatenate(images)
        outputs, updated = self.modules[name].apply(variables, together, train=True, mutable="batch_stats")
        parts = [jnp.split(values, len(images)) for values in outputs]
        return [DiscriminatorOutput(*each) for each in zip(*parts, strict=True)], {**model_state, name: updated["batch_stats"]}


def discriminator_loss(
    networks: UGATITNetworks, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images against translations, by place and by the attention's logits (equations 3 and 7)."""
    real_a, real_b = sides(batch)
    fake_a, fake_b = jax.lax.stop_gradient((networks.to_a(params, real_b).image, networks.to_b(params, real_a).image))
    objective = adversarial.objective(weights.objective).discriminator
    metrics = {"adversarial": jnp.zeros(()), "adversarial_cam": jnp.zeros(())}
    for names, pair in ((OF_A, (real_a, fake_a)), (OF_B, (real_b, fake_b))):
        for name in names:
            (real, fake), model_state = networks.judge(name, params, model_state, *pair)
            metrics["adversarial"] += objective(real.logits, fake.logits).mean()
            metrics["adversarial_cam"] += objective(real.cam_logits, fake.cam_logits).mean()
    loss = metrics["adversarial"] + metrics["adversarial_cam"]
    return loss, Aux(metrics | adversarial.signs(real.logits, fake.logits), model_state)


def generator_loss(
    networks: UGATITNetworks, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial, cycle, identity and CAM terms (equations 3 to 7) under their weights (equation 8)."""
    real_a, real_b = sides(batch)
    fake_a, fake_b = networks.to_a(params, real_b), networks.to_b(params, real_a)
    same_a, same_b = networks.to_a(params, real_a), networks.to_b(params, real_b)
    back_a, back_b = networks.to_a(params, fake_b.image), networks.to_b(params, fake_a.image)
    metrics = _adversarial(networks, weights, params, model_state, (real_a, fake_a.image), (real_b, fake_b.image)) | {
        "cycle": l1(back_a.image, real_a).mean() + l1(back_b.image, real_b).mean(),
        "identity": l1(same_a.image, real_a).mean() + l1(same_b.image, real_b).mean(),
        "cam": _told_apart(fake_a.cam_logits, same_a.cam_logits) + _told_apart(fake_b.cam_logits, same_b.cam_logits),
    }
    loss = metrics["adversarial"] + metrics["adversarial_cam"] + weights.cycle_weight * metrics["cycle"]
    loss += weights.identity_weight * metrics["identity"] + weights.cam_weight * metrics["cam"]
    return loss, Aux(metrics, model_state)


def _adversarial(
    networks: UGATITNetworks,
    weights: ConfigDict,
    params: Params,
    model_state: ModelState,
    pair_a: tuple[Images, Images],
    pair_b: tuple[Images, Images],
) -> dict[str, Scalar]:
    """The generators' side of equation 3 by place and of equation 7 by the attention's logits, for real and fake images of each domain."""
    objective = adversarial.objective(weights.objective).generator
    terms = {"adversarial": jnp.zeros(()), "adversarial_cam": jnp.zeros(())}
    for names, pair in ((OF_A, pair_a), (OF_B, pair_b)):
        for name in names:
            (real, fake), _ = networks.judge(name, params, model_state, *pair)
            terms["adversarial"] += objective(fake.logits, real.logits).mean()
            terms["adversarial_cam"] += objective(fake.cam_logits, real.cam_logits).mean()
    return terms


def _told_apart(source: Array, target: Array) -> Scalar:
    """-log eta(x of the source) - log(1 - eta(x of the target)) (equation 6), in the mean over pictures and both classifiers."""
    return jax.nn.softplus(-source).mean() + jax.nn.softplus(target).mean()


def _sample(networks: UGATITNetworks, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in the target domain: those bound for domain 1 through `generator_ab`, the others through `generator_ba`."""
    image = batch["image"]
    to_b = (batch["target_domain"] == 1)[:, None, None, None]
    return {"translated": jnp.where(to_b, networks.to_b(params, image).image, networks.to_a(params, image).image)}


def _init(networks: UGATITNetworks, image_size: int, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    image, modules = jnp.zeros((1, image_size, image_size, 3)), networks.modules
    keys = jax.random.split(rng, len(modules))
    variables = {name: module.init(key, image) for key, (name, module) in zip(keys, modules.items(), strict=True)}
    return {name: each["params"] for name, each in variables.items()}, {name: variables[name]["batch_stats"] for name in DISCRIMINATORS}


def make(config: ConfigDict) -> Algorithm:
    """U-GAT-IT for `config`; exactly two domains, or UserError."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    settings, dtype = config.networks, jnp.dtype(config.precision)
    generators = {name: Generator(**settings[name].to_dict(), dtype=dtype) for name in GENERATORS}
    discriminators = {name: Discriminator(**settings[name].to_dict(), dtype=dtype) for name in DISCRIMINATORS}
    networks = UGATITNetworks(generators | discriminators)
    return Algorithm(
        init=jax.jit(partial(_init, networks, config.image_size)),
        phases=(
            Phase("d", DISCRIMINATORS, partial(discriminator_loss, networks, config.losses)),
            Phase("g", GENERATORS, partial(generator_loss, networks, config.losses)),
        ),
        sample=partial(_sample, networks),
        averaged=GENERATORS,
        networks=networks.modules,
        stride=4,
    )
