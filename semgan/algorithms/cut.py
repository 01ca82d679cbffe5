"""CUT and FastCUT: one-way translation without pairs, in which each patch of the output is to be told by its input patch.

Park, Efros, Zhang and Zhu 2020, arXiv 2007.15651. From domain 0 of the data to domain 1. One step runs two phases: `d` and `g`, which
trains the generator and the projection of its encoder's patches together.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms import _draws as draws
from semgan.algorithms._two_domains import check_two_domains, sides
from semgan.errors import UserError
from semgan.losses import adversarial
from semgan.losses.contrastive import patch_nce
from semgan.networks.patch_sampler import PatchSampler
from semgan.networks.patchgan import PatchGAN
from semgan.networks.resnet import ResNetGenerator
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

FLIP_STREAM = 100
"""Of the draws that decide on flips; patches have the streams from 0 up."""


class Functions(NamedTuple):
    """The three networks as functions of `(params, inputs...)`; `encode` gives the features of the contrasted layers."""

    generate: Callable[[Params, Images], Images]
    encode: Callable[[Params, Images], list[Array]]
    project: Callable[[Params, Sequence[Array], Sequence[Array]], list[Array]]
    discriminate: Callable[[Params, Images], Array]


def _functions(modules: dict, layers: tuple[int, ...]) -> Functions:
    def run(name, params, *inputs):
        return modules[name].apply({"params": params[name]}, *inputs)

    return Functions(
        generate=partial(run, "generator"),
        encode=lambda params, image: modules["generator"].apply({"params": params["generator"]}, image, layers, method="features"),
        project=partial(run, "patch_sampler"),
        discriminate=partial(run, "discriminator"),
    )


def discriminator_loss(
    f: Functions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images of domain 1 against translations, halved."""
    source, real = sides(batch)
    real_logits, fake_logits = f.discriminate(params, real), f.discriminate(params, f.generate(params, source))
    loss = 0.5 * adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    return loss, Aux({"adversarial": loss} | adversarial.signs(real_logits, fake_logits), model_state)


def generator_loss(
    f: Functions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial and PatchNCE terms (equation 5); with `weights.nce_identity` the mean of those of both domains.

    With `weights.flip_equivariance` (FastCUT) half of the images are translated mirrored, and the output's features mirrored back.
    """
    source, real = sides(batch)
    flipped = draws.uniform(rng, batch, stream=FLIP_STREAM) < (0.5 if weights.flip_equivariance else 0.0)

    def nce(image, translated, stream):
        features = f.encode(params, image)
        places = _places(rng, batch, features, weights.nce_patches, stream)
        queries = f.project(params, [_mirrored(feature, flipped) for feature in f.encode(params, translated)], places)
        keys = f.project(params, features, places)
        losses = [patch_nce(query, key, weights.temperature).mean() for query, key in zip(queries, keys, strict=True)]
        return jnp.stack(losses).mean()

    fake = f.generate(params, _mirrored(source, flipped))
    fake_logits, real_logits = f.discriminate(params, fake), f.discriminate(params, real)
    metrics = {"adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()}
    metrics["nce"] = contrast = nce(source, fake, 0)
    if weights.nce_identity:
        metrics["nce_identity"] = nce(real, f.generate(params, _mirrored(real, flipped)), len(weights.nce_layers))
        contrast = (contrast + metrics["nce_identity"]) / 2
    return metrics["adversarial"] + weights.nce_weight * contrast, Aux(metrics, model_state)


def _mirrored(features: Array, flipped: Array) -> Array:
    """(batch, height, width, channel), left to right where `flipped`."""
    return jnp.where(flipped[:, None, None, None], features[:, :, ::-1], features)


def _places(rng: Key, batch: Batch, features: Sequence[Array], count: int, first_stream: int) -> list[Array]:
    """For every layer (batch, at most `count`) different pixels' numbers, row by row, of each example's own draw."""
    pixels = [feature.shape[1] * feature.shape[2] for feature in features]
    return [
        jax.vmap(lambda key, n=n: jax.random.choice(key, n, (min(count, n),), replace=False))(draws.keys(rng, batch, first_stream + index))
        for index, n in enumerate(pixels)
    ]


def _sample(f: Functions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in domain 1, whichever domain they are of."""
    return {"translated": f.generate(params, batch["image"])}


def _init(modules: dict, layers: tuple[int, ...], image_size: int, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    image = jnp.zeros((1, image_size, image_size, 3))
    keys = jax.random.split(rng, 3)
    generator = modules["generator"].init(keys[0], image)
    features = modules["generator"].apply(generator, image, layers, method="features")
    places = [jnp.zeros((1, 1), jnp.int32) for _ in features]
    sampler, discriminator = modules["patch_sampler"].init(keys[1], features, places), modules["discriminator"].init(keys[2], image)
    return {"generator": generator["params"], "patch_sampler": sampler["params"], "discriminator": discriminator["params"]}, {}


def _check_layers(layers: tuple[int, ...], last: int) -> None:
    if not layers or list(layers) != sorted(set(layers)) or layers[0] < 0 or layers[-1] > last:
        raise UserError(
            f"config.losses.nce_layers is {tuple(layers)}, but the generator's encoder has layers 0 to {last}: give some, ascending."
        )


def make(config: ConfigDict) -> Algorithm:
    """CUT for `config`; exactly two domains and layers that the generator's encoder has, or UserError."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    options, dtype = {name: config.networks[name].to_dict() for name in config.networks}, jnp.dtype(config.precision)
    modules = {
        "generator": ResNetGenerator(**options["generator"], dtype=dtype),
        "patch_sampler": PatchSampler(**options["patch_sampler"], dtype=dtype),
        "discriminator": PatchGAN(**options["discriminator"], dtype=dtype),
    }
    layers = tuple(config.losses.nce_layers)
    _check_layers(layers, modules["generator"].layer_count - 1)
    f = _functions(modules, layers)
    return Algorithm(
        init=jax.jit(partial(_init, modules, layers, config.image_size)),
        phases=(
            Phase("d", ("discriminator",), partial(discriminator_loss, f, config.losses)),
            Phase("g", ("generator", "patch_sampler"), partial(generator_loss, f, config.losses)),
        ),
        sample=partial(_sample, f),
        averaged=("generator",),
        networks=modules,
        targets=(1,),
    )
