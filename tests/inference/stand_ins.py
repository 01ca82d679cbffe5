"""Algorithms of a few numbers that sample by other kinds than StarGAN v2, and snapshots of them."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from semgan.algorithms.common import draws
from semgan.snapshot import MODEL_STATE, write_snapshot
from semgan.types import Algorithm, Stages

SIZE = 8
LATENT = 3


def config(name, domains=("a", "b")):
    return {"algorithm": name, "image_size": SIZE, "data": {"name": "folder", "domains": list(domains)}}


def plain(colour):
    """One colour an example."""
    return jnp.broadcast_to(jnp.tanh(colour)[:, None, None], (len(colour), SIZE, SIZE, 3))


def from_noise(config: ConfigDict, scale: float = 1.0) -> Algorithm:
    """A latent's colour, truncated towards the kept mean; doubled in its second stage, from kimg 10 on."""

    def init(rng, batch):
        return {"generator": {"weights": jnp.zeros((LATENT, 3))}}, {"mean": jnp.zeros(3), "other": jnp.zeros(2)}

    def sample(params, model_state, batch, rng):
        colour = draws.latents(rng, batch, LATENT) @ params["generator"]["weights"]
        if "truncation" in batch:
            mean = model_state["mean"][None]
            colour = mean + batch["truncation"][:, None] * (colour - mean)
        return {"sample": plain(scale * colour)}

    stages = Stages(at=lambda kimg: from_noise(config, 2.0 if kimg >= 10 else 1.0), describe=lambda kimg: "a stage")
    return Algorithm(init, (), sample, ("generator",), {}, kept=("mean",), stages=stages)


def one_way(config: ConfigDict, targets: tuple[int, ...] | None = (1,)) -> Algorithm:
    """Without a guide: brighter by a quarter a domain."""

    def init(rng, batch):
        return {"generator": {"weight": jnp.zeros(())}}, {}

    def sample(params, model_state, batch, rng):
        step = (batch["target_domain"] - batch["domain"])[:, None, None, None]
        return {"translated": batch["image"] + params["generator"]["weight"] * step}

    return Algorithm(init, (), sample, ("generator",), {}, targets=targets)


def both_ways(config: ConfigDict) -> Algorithm:
    return one_way(config, None)


class Mapping(nn.Module):
    latent_dim: int = LATENT

    @nn.compact
    def __call__(self, z):
        return nn.tanh(nn.Dense(4)(z))


class Layers(nn.Module):
    """The colour of the left half by the first w, that of the right half by the second."""

    num_ws: int = 2

    @nn.compact
    def __call__(self, w_plus, noise=None):
        halves = jnp.tanh(nn.Dense(3)(w_plus)) + (0 if noise is None else 1)
        return jnp.broadcast_to(halves.repeat(SIZE // 2, axis=1)[:, None], (len(w_plus), SIZE, SIZE, 3))


def styled(config: ConfigDict) -> Algorithm:
    """The two networks that a projection looks for."""
    networks = {"mapping_network": Mapping(), "generator": Layers()}

    def init(rng, batch):
        z = jnp.zeros((1, LATENT))
        mapping = networks["mapping_network"].init(rng, z)["params"]
        return {"mapping_network": mapping, "generator": networks["generator"].init(rng, jnp.zeros((1, 2, 4)))["params"]}, {}

    def sample(params, model_state, batch, rng):
        w = networks["mapping_network"].apply({"params": params["mapping_network"]}, draws.latents(rng, batch, LATENT))
        return {"sample": networks["generator"].apply({"params": params["generator"]}, jnp.stack([w, w], 1))}

    return Algorithm(init, (), sample, ("mapping_network", "generator"), networks)


class Painter(nn.Module):
    """Each class of the mask in a grey of its own, on top of the reference's mean."""

    mask_classes: int = 3

    def __call__(self, mask, colour):
        return jnp.broadcast_to((mask[..., None] / 4.0 - 0.5 + colour).astype(jnp.float32), (*mask.shape, 3))


def painted(config: ConfigDict) -> Algorithm:
    """From the content's mask, in the reference's colour or a latent's."""
    networks = {"generator": Painter()}

    def init(rng, batch):
        return {"generator": {"weight": jnp.zeros(())}}, {}

    def sample(params, model_state, batch, rng):
        colours = {
            "reference": batch["reference"].mean((1, 2, 3)),
            "latent": jnp.tanh(draws.latents(rng, batch, LATENT).mean(-1)),
        }
        paint = networks["generator"]
        return {name: paint.apply({}, batch["mask"], 0.25 * colour[:, None, None, None]) for name, colour in colours.items()}

    return Algorithm(init, (), sample, ("generator",), networks, inputs={"mask": ()})


ALGORITHMS = {"from_noise": from_noise, "one_way": one_way, "both_ways": both_ways, "styled": styled, "painted": painted}


def make(config: ConfigDict) -> Algorithm:
    return ALGORITHMS[config.algorithm](config)


def write(path, name, domains=("a", "b"), kimg=0.0, **changes):
    """A snapshot of that algorithm; `changes` replace networks or the kept state."""
    settings = config(name, domains)
    algorithm = make(ConfigDict(settings))
    params, _ = algorithm.init(jax.random.key(1), {})
    if name == "from_noise":
        params = {"generator": {"weights": np.random.default_rng(0).normal(size=(LATENT, 3)).astype(np.float32)}}
        params[MODEL_STATE] = {"mean": np.array([0.5, -0.5, 0.0], np.float32)}
    if "way" in name:
        params = {"generator": {"weight": np.float32(0.25)}}
    params = {name: value for name, value in {**params, **changes}.items() if value is not None}
    write_snapshot(path, jax.device_get(params), settings, {"domains": list(domains), "kimg": kimg})
    return path
