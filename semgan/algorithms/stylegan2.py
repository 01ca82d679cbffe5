"""StyleGAN2 with adaptive discriminator augmentation: faces from noise.

Karras et al. 2020, arXiv 1912.04958, and StyleGAN2-ADA, arXiv 2006.06676. One step runs the discriminator (`d`), its R1 every 16
steps (`d_r1`), generator and mapping network (`g`), and their path length regularisation every 4 steps (`g_path`). Everything that
the discriminator sees is augmented with a probability p that follows how far it overfits.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from semgan.algorithms.common import ada, draws
from semgan.algorithms.common.checks import check_image_size
from semgan.errors import UserError
from semgan.layers.adaptive_augment import augment
from semgan.layers.devices import mean_over_devices
from semgan.losses import adversarial, penalties
from semgan.networks import stylegan2 as networks
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

W = Float[Array, "batch dim"]
WPlus = Float[Array, "batch layer dim"]

R1_EVERY, PATH_EVERY = 16, 4
"""Steps between the lazy regularisers' updates."""
W_AVG_DECAY = 0.995
LATENT, OTHER_LATENT, MIXING, NOISE, REAL_AUGMENT, FAKE_AUGMENT, DIRECTION = range(7)
"""Streams of draws."""


class StyleGANFunctions(NamedTuple):
    """The three networks as functions of `(params, inputs...)`, which is all that the losses need to know."""

    map_latent: Callable[..., W]
    synthesise: Callable[..., Images]
    discriminate: Callable[..., Array]
    latents: Callable[..., Array]
    num_ws: int


def _functions(modules: dict) -> StyleGANFunctions:
    def run(name, params, *inputs):
        return modules[name].apply({"params": params[name]}, *inputs)

    def latents(rng, batch, stream=LATENT):
        return draws.latents(rng, batch, modules["mapping_network"].latent_dim, stream)

    return StyleGANFunctions(
        map_latent=partial(run, "mapping_network"),
        synthesise=partial(run, "generator"),
        discriminate=partial(run, "discriminator"),
        latents=latents,
        num_ws=modules["generator"].num_ws,
    )


def _mixed_styles(f: StyleGANFunctions, weights: ConfigDict, params: Params, batch: Batch, rng: Key) -> tuple[W, WPlus]:
    """The w of one latent, and one w per layer: from a random layer on another latent's, with probability `style_mixing`."""
    first, second = (f.map_latent(params, f.latents(rng, batch, stream)) for stream in (LATENT, OTHER_LATENT))
    mixes, where = draws.uniform(rng, batch, 2, stream=MIXING).T
    crossover = 1 + jnp.floor(where * (f.num_ws - 1))
    crossover = jnp.where(mixes < weights.style_mixing, crossover, f.num_ws)
    is_first = jnp.arange(f.num_ws)[None] < crossover[:, None]
    return first, jnp.where(is_first[..., None], first[:, None], second[:, None])


def _fakes(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key
) -> tuple[Images, ModelState]:
    """Fakes, and the state whose mean w has followed their latents'."""
    w, w_plus = _mixed_styles(f, weights, params, batch, rng)
    fake = f.synthesise(params, w_plus, draws.keys(rng, batch, NOISE))
    w_avg = model_state["w_avg"]
    return fake, {**model_state, "w_avg": w_avg + (1 - W_AVG_DECAY) * (jax.lax.stop_gradient(w).mean(0) - w_avg)}


def _logits(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, images: Images, keys: Key
) -> Float[Array, " batch"]:
    """Returns the discriminator's logits for the augmented images."""
    if weights.ada_target:
        images = augment(images, keys, model_state["augment_p"], weights.augment_supersampling)
    return f.discriminate(params, images)


def discriminator_loss(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images against fakes, all augmented; adapts p."""
    fake, new_state = _fakes(f, weights, params, model_state, batch, rng)
    see = partial(_logits, f, weights, params, model_state)
    real_logits = see(batch["image"], draws.keys(rng, batch, REAL_AUGMENT))
    fake_logits = see(fake, draws.keys(rng, batch, FAKE_AUGMENT))
    loss = adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    metrics = {"adversarial": loss} | adversarial.signs(real_logits, fake_logits)
    if weights.ada_target:
        new_state = ada.adapt(weights, new_state, real_logits)
        metrics["augment_p"] = new_state["augment_p"]
    return loss, Aux(metrics, new_state)


def r1_loss(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """R1 at the raw real images, differentiated through their augmentation; `r1_weight` is the papers' gamma."""
    see = partial(_logits, f, weights, params, model_state, keys=draws.keys(rng, batch, REAL_AUGMENT))
    r1 = penalties.r1(see, batch["image"]).mean()
    return R1_EVERY * weights.r1_weight * r1, Aux({"r1": r1}, model_state)


def generator_loss(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Fakes, augmented, against the discriminator."""
    fake, new_state = _fakes(f, weights, params, model_state, batch, rng)
    see = partial(_logits, f, weights, params, model_state)
    fake_logits = see(fake, draws.keys(rng, batch, FAKE_AUGMENT))
    real_logits = see(batch["reference"], draws.keys(rng, batch, REAL_AUGMENT))
    loss = adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()
    return loss, Aux({"adversarial": loss}, new_state)


def path_loss(
    f: StyleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Squared distance of the path lengths from their running mean (1912.04958, equation 4), on every second example."""
    half = {name: values[::2] for name, values in batch.items()}  # by position: the same on any number of devices
    _, w_plus = _mixed_styles(f, weights, params, half, rng)
    noise = draws.keys(rng, half, NOISE)
    direction = draws.normal(rng, half, *half["image"].shape[1:], stream=DIRECTION)
    lengths = penalties.path_lengths(lambda w: f.synthesise(params, w, noise), w_plus, direction)
    mean = model_state["path_mean"]
    mean += weights.path_length_decay * (mean_over_devices(lengths.mean()) - mean)
    penalty = jnp.square(lengths - mean).mean()
    metrics = {"path_length": penalty, "path_mean": mean}
    return PATH_EVERY * weights.path_length_weight * penalty, Aux(metrics, {**model_state, "path_mean": mean})


def _sample(f: StyleGANFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """An image from each position's latent; an optional `truncation` (batch,) below 1 draws its w towards the mean w.

    On the way from one latent to another all images share one noise, so that nothing flickers.
    """
    w = f.map_latent(params, f.latents(rng, batch))
    if "truncation" in batch:
        mean = model_state["w_avg"][None]
        w = mean + batch["truncation"][:, None] * (w - mean)
    w_plus = jnp.repeat(w[:, None], f.num_ws, axis=1)
    noisy = {"position": jnp.zeros_like(batch["position"])} if "position_to" in batch else batch
    return {"sample": f.synthesise(params, w_plus, draws.keys(rng, noisy, NOISE))}


def _init(modules: dict, weights: ConfigDict, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    generator, mapping = modules["generator"], modules["mapping_network"]
    inputs = {
        "mapping_network": jnp.zeros((1, mapping.latent_dim)),
        "generator": jnp.zeros((1, generator.num_ws, mapping.style_dim)),
        "discriminator": jnp.zeros((1, generator.image_size, generator.image_size, 3)),
    }
    keys = dict(zip(networks.NAMES, jax.random.split(rng, len(networks.NAMES)), strict=True))
    params = {name: modules[name].init(keys[name], inputs[name])["params"] for name in networks.NAMES}
    model_state: ModelState = {"w_avg": jnp.zeros(mapping.style_dim), "path_mean": jnp.zeros(())}
    return params, model_state | ada.initial_state(weights)


def _check(config: ConfigDict) -> None:
    check_image_size(config, 8)
    for name in ("generator", "discriminator"):
        architecture = config.networks[name].architecture
        if architecture not in networks.ARCHITECTURES:
            raise UserError(f"config.networks.{name}.architecture is {architecture!r}: choose one of {[*networks.ARCHITECTURES]}.")
    ada.check(config.losses)
    adversarial.objective(config.losses.objective)


def make(config: ConfigDict) -> Algorithm:
    """StyleGAN2 for `config`, with ADA unless `config.losses.ada_target` is 0; a weight of 0 leaves its lazy phase out."""
    _check(config)
    options = {name: config.networks[name].to_dict() for name in networks.NAMES}
    modules = networks.networks_of(config.image_size, jnp.dtype(config.precision), options)
    f, weights = _functions(modules), config.losses
    trained = ("generator", "mapping_network")
    phases = [Phase("d", ("discriminator",), partial(discriminator_loss, f, weights))]
    if weights.r1_weight:
        phases.append(Phase("d_r1", ("discriminator",), partial(r1_loss, f, weights), R1_EVERY))
    phases.append(Phase("g", trained, partial(generator_loss, f, weights)))
    if weights.path_length_weight:
        phases.append(Phase("g_path", trained, partial(path_loss, f, weights), PATH_EVERY))
    return Algorithm(
        init=jax.jit(partial(_init, modules, weights)),
        phases=tuple(phases),
        sample=partial(_sample, f),
        averaged=trained,
        networks=modules,
        kept=("w_avg",),
    )
