"""CUT and FastCUT: one-way translation without pairs, in which each patch of the output must be recognisable as its input patch.

Park, Efros, Zhang and Zhu 2020, arXiv 2007.15651. From domain 0 of the data to domain 1. One step runs two phases: `d` and `g`, which
trains the generator and the projection of its encoder's patches together.

With weights in `losses.content`, mask-consistent CUT in the manner of joliGEN: `d` teaches semantic heads what is annotated of the real
images of both domains, and `g` has a translation carry its source's annotations, as the heads see them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.patch_contrast import contrast
from semgan.algorithms.common.semantic_terms import Semantics, heads_of, semantics_of
from semgan.algorithms.common.two_domains import check_two_domains, of_sources, sides
from semgan.errors import UserError
from semgan.losses import adversarial, semantic
from semgan.networks.judge import JudgeNetwork
from semgan.networks.patch_sampler import PatchSampler
from semgan.networks.patchgan import PatchGAN
from semgan.networks.resnet import ResNetGenerator
from semgan.types import HEADS, OF_REFERENCE, Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

FLIP_STREAM = 100
"""The stream of the draws that decide on flips; patches have the streams from 0 up."""


class CUTFunctions(NamedTuple):
    """The networks as functions of `(params, inputs...)`; `encode` gives the features of the contrasted layers."""

    generate: Callable[[Params, Images], Images]
    encode: Callable[[Params, Images], list[Array]]
    project: Callable[[Params, Sequence[Array], Sequence[Array]], list[Array]]
    discriminate: Callable[[Params, Images], Array]
    judge: Callable[[Params, Images], Any]


def _functions(modules: dict, layers: tuple[int, ...]) -> CUTFunctions:
    def run(name, params, *inputs):
        return modules[name].apply({"params": params[name]}, *inputs)

    return CUTFunctions(
        generate=partial(run, "generator"),
        encode=lambda params, image: modules["generator"].apply({"params": params["generator"]}, image, layers, method="features"),
        project=partial(run, "patch_sampler"),
        discriminate=partial(run, "discriminator"),
        judge=partial(run, HEADS),
    )


def discriminator_loss(
    f: CUTFunctions,
    semantics: Semantics,
    weights: ConfigDict,
    params: Params,
    model_state: ModelState,
    batch: Batch,
    rng: Key,
    kimg: Scalar,
) -> tuple[Scalar, Aux]:
    """Real images of domain 1 against translations, halved, and the heads on real images of both domains."""
    source, real = sides(batch)
    real_logits, fake_logits = f.discriminate(params, real), f.discriminate(params, f.generate(params, source))
    loss = 0.5 * adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()
    metrics = {"adversarial": loss} | adversarial.signs(real_logits, fake_logits)
    if semantics.content:
        truth = {name: jnp.concatenate([batch[name], batch[f"{OF_REFERENCE}{name}"]]) for name in semantics.content}
        judgement = f.judge(params, jnp.concatenate([batch["image"], batch["reference"]]))
        heads_loss, errors = semantic.consistency(judgement, truth, semantics.content)
        loss += weights.heads_weight * heads_loss.mean()
        metrics |= {f"{name}_error": error.mean() for name, error in errors.items()}
    return loss, Aux(metrics, model_state)


def generator_loss(
    f: CUTFunctions,
    semantics: Semantics,
    weights: ConfigDict,
    params: Params,
    model_state: ModelState,
    batch: Batch,
    rng: Key,
    kimg: Scalar,
) -> tuple[Scalar, Aux]:
    """Adversarial, PatchNCE (equation 5) and semantic terms; with `weights.nce_identity` the mean of both domains' PatchNCE.

    With `weights.flip_equivariance` (FastCUT) half of the images are translated mirrored, and the output's features mirrored back.
    """
    source, real = sides(batch)
    flips = draws.uniform(rng, batch, stream=FLIP_STREAM) < (0.5 if weights.flip_equivariance else 0.0)

    def nce(image, translated, stream):
        queries = [_mirror(feature, flips) for feature in f.encode(params, translated)]
        return contrast(partial(f.project, params), f.encode(params, image), queries, weights, batch, rng, stream)

    fake = f.generate(params, _mirror(source, flips))
    fake_logits, real_logits = f.discriminate(params, fake), f.discriminate(params, real)
    metrics = {"adversarial": adversarial.objective(weights.objective).generator(fake_logits, real_logits).mean()}
    metrics["nce"] = term = nce(source, fake, 0)
    if weights.nce_identity:
        metrics["nce_identity"] = nce(real, f.generate(params, _mirror(real, flips)), len(weights.nce_layers))
        term = (term + metrics["nce_identity"]) / 2
    loss = metrics["adversarial"] + weights.nce_weight * term
    if semantics.content:
        judgement = f.judge(params, _mirror(fake, flips))
        semantic_losses, errors = semantic.consistency(judgement, of_sources(batch, semantics.content), semantics.content)
        metrics |= {"semantic": semantic_losses.mean()} | {f"{name}_error": error.mean() for name, error in errors.items()}
        loss += weights.semantic_weight * metrics["semantic"]
    return loss, Aux(metrics, model_state)


def _mirror(features: Array, flips: Array) -> Array:
    """(batch, height, width, channel), left to right where `flips`."""
    return jnp.where(flips[:, None, None, None], features[:, :, ::-1], features)


def _sample(f: CUTFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in domain 1, whichever domain they are of."""
    return {"translated": f.generate(params, batch["image"])}


def _init(modules: dict, layers: tuple[int, ...], image_size: int, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    image = jnp.zeros((1, image_size, image_size, 3))
    keys = jax.random.split(rng, 3)
    generator = modules["generator"].init(keys[0], image)
    features = modules["generator"].apply(generator, image, layers, method="features")
    places = [jnp.zeros((1, 1), jnp.int32) for _ in features]
    sampler, discriminator = modules["patch_sampler"].init(keys[1], features, places), modules["discriminator"].init(keys[2], image)
    params = {"generator": generator["params"], "patch_sampler": sampler["params"], "discriminator": discriminator["params"]}
    if HEADS in modules:
        params[HEADS] = modules[HEADS].init(jax.random.fold_in(rng, 3), image)["params"]  # a key that moves none of the others
    return params, {}


def _check_layers(layers: tuple[int, ...], last: int) -> None:
    if not layers or list(layers) != sorted(set(layers)) or layers[0] < 0 or layers[-1] > last:
        raise UserError(
            f"config.losses.nce_layers is {tuple(layers)}, but the generator's encoder has layers 0 to {last}: give some, ascending."
        )


def make(config: ConfigDict) -> Algorithm:
    """CUT for `config`; exactly two domains, layers that the generator's encoder has and known annotations, or UserError."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    semantics, dtype = semantics_of(config), jnp.dtype(config.precision)
    kinds = {"generator": ResNetGenerator, "patch_sampler": PatchSampler, "discriminator": PatchGAN}
    modules: dict[str, Any] = {name: kind(**config.networks[name].to_dict(), dtype=dtype) for name, kind in kinds.items()}
    layers, d = tuple(config.losses.nce_layers), ("discriminator",)
    _check_layers(layers, modules["generator"].layer_count - 1)
    if semantics.content:
        modules[HEADS] = JudgeNetwork(heads_of(config, semantics))
        d += (HEADS,)
    f = _functions(modules, layers)
    return Algorithm(
        init=jax.jit(partial(_init, modules, layers, config.image_size)),
        phases=(
            Phase("d", d, partial(discriminator_loss, f, semantics, config.losses)),
            Phase("g", ("generator", "patch_sampler"), partial(generator_loss, f, semantics, config.losses)),
        ),
        sample=partial(_sample, f),
        averaged=("generator",),
        networks=modules,
        targets=(1,),
        stride=modules["generator"].stride,
        annotations={f"{of}{name}": columns for of in ("", OF_REFERENCE) for name, columns in semantics.annotations().items()},
    )
