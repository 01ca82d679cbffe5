"""CycleGAN: translation between two domains without pairs, held together by the way back.

Zhu, Park, Isola and Efros 2017, arXiv 1703.10593. One step runs two phases: both generators (`g`), then both discriminators (`d`),
which judge translations out of a pool of earlier ones. Domains 0 and 1 of the data are a and b.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.algorithms.common.two_domains import check_two_domains, sides
from semgan.errors import UserError
from semgan.layers.devices import gather_over_devices, own_share
from semgan.losses import adversarial
from semgan.losses.reconstruction import l1
from semgan.networks.patchgan import PatchGAN
from semgan.networks.resnet import ResNetGenerator
from semgan.networks.unet import UNetGenerator
from semgan.types import Algorithm, Aux, Batch, Images, Key, ModelState, Params, Phase, Scalar

GENERATORS = ("generator_ab", "generator_ba")
DISCRIMINATORS = ("discriminator_a", "discriminator_b")
POOLS = ("pool_a", "pool_b")
ARCHITECTURES = {"resnet": ResNetGenerator, "unet": UNetGenerator}


class CycleGANFunctions(NamedTuple):
    """The four networks as functions of `(params, image)`."""

    to_b: Callable[[Params, Images], Images]
    to_a: Callable[[Params, Images], Images]
    judge_a: Callable[[Params, Images], Array]
    judge_b: Callable[[Params, Images], Array]


def _functions(modules: dict) -> CycleGANFunctions:
    def run(name, params, image):
        return modules[name].apply({"params": params[name]}, image)

    return CycleGANFunctions(*(partial(run, name) for name in (*GENERATORS, *DISCRIMINATORS)))


def generator_loss(
    f: CycleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Adversarial, cycle (equations 1 to 3) and identity terms (section 5.2), each the sum over both directions."""
    real_a, real_b = sides(batch)
    fake_a, fake_b = f.to_a(params, real_b), f.to_b(params, real_a)
    objective = adversarial.objective(weights.objective).generator
    metrics = {
        "adversarial": objective(f.judge_a(params, fake_a), f.judge_a(params, real_a)).mean()
        + objective(f.judge_b(params, fake_b), f.judge_b(params, real_b)).mean(),
        "cycle": l1(f.to_a(params, fake_b), real_a).mean() + l1(f.to_b(params, fake_a), real_b).mean(),
    }
    loss = metrics["adversarial"] + weights.cycle_weight * metrics["cycle"]
    if weights.identity_weight:
        metrics["identity"] = l1(f.to_a(params, real_a), real_a).mean() + l1(f.to_b(params, real_b), real_b).mean()
        loss += weights.identity_weight * metrics["identity"]
    return loss, Aux(metrics, model_state)


def discriminator_loss(
    f: CycleGANFunctions, weights: ConfigDict, params: Params, model_state: ModelState, batch: Batch, rng: Key, kimg: Scalar
) -> tuple[Scalar, Aux]:
    """Real images against the pool's, halved (appendix 7.1), summed over both discriminators."""
    real_a, real_b = sides(batch)
    fakes = jax.lax.stop_gradient((f.to_a(params, real_b), f.to_b(params, real_a)))
    pools, pooled = {}, []
    for stream, (name, fake) in enumerate(zip(POOLS, fakes, strict=True)):
        pool, image = through_pool(model_state.get(name), fake, draws.uniform(rng, batch, 2, stream=stream))
        pools |= {} if pool is None else {name: pool}
        pooled.append(image)
    real_logits = jnp.stack([f.judge_a(params, real_a), f.judge_b(params, real_b)])
    fake_logits = jnp.stack([f.judge_a(params, pooled[0]), f.judge_b(params, pooled[1])])
    loss = adversarial.objective(weights.objective).discriminator(real_logits, fake_logits).mean()  # twice the mean of two, halved
    return loss, Aux({"adversarial": loss} | adversarial.signs(real_logits, fake_logits), {**model_state, **pools})


def empty_pool(capacity: int, image_size: int) -> dict[str, Array]:
    """Room for `capacity` images and how many have been stored."""
    return {"images": jnp.zeros((capacity, image_size, image_size, 3)), "count": jnp.int32(0)}


def through_pool(pool: dict[str, Array] | None, fakes: Images, chance: Array) -> tuple[dict[str, Array] | None, Images]:
    """Fakes go in, as many images come out (Shrivastava et al. 2017, arXiv 1612.07828, section 2.3); without a pool the same ones.

    One after another, in the global batch's order: while there is room an image is stored and comes out as well; later, with
    probability one half, it takes the place of a random stored one, which comes out instead of it. The pool is the same on all devices.

    Args:
      chance: (batch, 2), uniform in [0, 1): whether to swap, and with which.
    """
    if pool is None:
        return None, fakes
    capacity = len(pool["images"])

    def insert(pool, arrival):
        image, (swap, place) = arrival
        full = pool["count"] == capacity
        index = jnp.where(full, (place * capacity).astype(jnp.int32), pool["count"])
        stored = pool["images"][index]
        swapped = full & (swap < 0.5)
        images = pool["images"].at[index].set(jnp.where(full & ~swapped, stored, image))
        return {"images": images, "count": pool["count"] + ~full}, jnp.where(swapped, stored, image)

    pool, images = jax.lax.scan(insert, pool, (gather_over_devices(fakes), gather_over_devices(chance)))
    return pool, own_share(images, fakes)


def _sample(f: CycleGANFunctions, params: Params, model_state: ModelState, batch: Batch, rng: Key) -> dict[str, Images]:
    """The contents in the target domain: those bound for domain 1 through `generator_ab`, the others through `generator_ba`."""
    image = batch["image"]
    to_b = (batch["target_domain"] == 1)[:, None, None, None]
    return {"translated": jnp.where(to_b, f.to_b(params, image), f.to_a(params, image))}


def _init(modules: dict, image_size: int, pool_size: int, rng: Key, batch: Batch) -> tuple[Params, ModelState]:
    image = jnp.zeros((1, image_size, image_size, 3))
    keys = jax.random.split(rng, len(modules))
    params = {name: module.init(key, image)["params"] for key, (name, module) in zip(keys, modules.items(), strict=True)}
    return params, {name: empty_pool(pool_size, image_size) for name in POOLS} if pool_size > 0 else {}


def _generator(name: str, config: ConfigDict) -> ResNetGenerator | UNetGenerator:
    options = config.networks[name].to_dict()
    architecture = options.pop("architecture")
    if architecture not in ARCHITECTURES:
        raise UserError(f"config.networks.{name}.architecture is {architecture!r}: set 'resnet' or 'unet'.")
    network = ARCHITECTURES[architecture]
    sizes = {"image_size": config.image_size} if network is UNetGenerator else {}
    foreign = [key for key in options if key not in network.__dataclass_fields__]
    if foreign:
        raise UserError(
            f"config.networks.{name}.{foreign[0]} is not a setting of the {architecture} generator: start from configs/cyclegan.py's "
            f"get_config({architecture!r}) or take the architecture that has it."
        )
    return network(**options, **sizes, dtype=jnp.dtype(config.precision))


def make(config: ConfigDict) -> Algorithm:
    """CycleGAN for `config`; exactly two domains, or UserError. `config.losses.pool_size` 0 judges the newest fakes alone."""
    check_two_domains(config)
    adversarial.objective(config.losses.objective)
    if config.losses.pool_size < 0:
        raise UserError(f"config.losses.pool_size is {config.losses.pool_size}: set 0 for no pool, or how many images it holds.")
    generators = {name: _generator(name, config) for name in GENERATORS}
    dtype = jnp.dtype(config.precision)
    modules = generators | {name: PatchGAN(**config.networks[name].to_dict(), dtype=dtype) for name in DISCRIMINATORS}
    f = _functions(modules)
    return Algorithm(
        init=jax.jit(partial(_init, modules, config.image_size, config.losses.pool_size)),
        phases=(
            Phase("g", GENERATORS, partial(generator_loss, f, config.losses)),
            Phase("d", DISCRIMINATORS, partial(discriminator_loss, f, config.losses)),
        ),
        sample=partial(_sample, f),
        averaged=GENERATORS,
        networks=modules,
        stride=max(generator.stride for generator in generators.values()),
    )
