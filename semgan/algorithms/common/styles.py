"""Style codes, from references or latents, for translation as StarGAN v2 guides it (Choi et al. 2020, arXiv 1912.01865)."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from semgan.algorithms.common import draws
from semgan.layers.array_types import StyleCodes
from semgan.types import Batch, Key, Params

LATENT_EVERY = 4
"""One of so many examples takes its style from a latent while semgan trains, the others from their references."""
MEAN_STYLE_COUNT = 10_000
"""The number of style codes in the mean towards which a domain's latents are truncated."""


def from_latent(batch: Batch) -> Bool[Array, " batch"]:
    """Returns which of a training batch's examples take their style from a latent; the others take their references'."""
    return batch["position"] % LATENT_EVERY == 0


class Styles(NamedTuple):
    """The sources of style codes, as functions of `(params, inputs...)`; `latents` of `(rng, batch, stream)`."""

    map_latent: Callable[..., StyleCodes]
    encode: Callable[..., StyleCodes]
    latents: Callable[..., Array]
    mean_styles: Callable[[Params], Array]


def styles_of(modules: dict) -> Styles:
    """The functions of the modules `mapping_network` and `style_encoder`."""
    mapping = modules["mapping_network"]

    def run(name, params, *inputs):
        return modules[name].apply({"params": params[name]}, *inputs)

    def latents(rng, batch, stream=0):
        return draws.latents(rng, batch, mapping.latent_dim, stream)

    def mean_styles(params):
        z = jax.random.normal(jax.random.key(0), (MEAN_STYLE_COUNT, mapping.latent_dim))
        return jnp.stack([run("mapping_network", params, z, jnp.full(len(z), domain)).mean(0) for domain in range(mapping.domain_count)])

    return Styles(partial(run, "mapping_network"), partial(run, "style_encoder"), latents, mean_styles)


def target_styles(styles: Styles, params: Params, batch: Batch, rng: Key) -> dict[str, Float[Array, "batch *region style"]]:
    """The style codes that a batch's translations take in the target domain: "reference" and "latent".

    Args:
      batch: with `reference` (of the trained size) or `style` (batch, style), a code that stands in for the reference's; optional:
        `truncation` (batch,) below 1, which draws
        a latent's code towards the mean of its domain, `region_styles` (batch, region, style), the codes of parts of the picture, and
        `strength` (batch,) from 0 to 1, which leads from the content's own code to the target's; the own code is that of `own_picture`
        (of the trained size), where `image` is of another size.

    Returns:
      (batch, style); with `region_styles` (batch, 1 + region, style), of which the first is the code of the rest of the picture.
    """
    target = batch["target_domain"]
    codes = {}
    if "style" in batch or "reference" in batch:
        codes["reference"] = batch["style"] if "style" in batch else styles.encode(params, batch["reference"], target)
    if "position" in batch:
        codes["latent"] = styles.map_latent(params, styles.latents(rng, batch), target)
    if "truncation" in batch and "latent" in codes:
        mean = styles.mean_styles(params)[target]
        codes["latent"] = mean + batch["truncation"][:, None] * (codes["latent"] - mean)
    if "region_styles" in batch:
        codes = {name: jnp.concatenate([code[:, None], batch["region_styles"]], 1) for name, code in codes.items()}
    if "strength" in batch:
        own, strength = styles.encode(params, batch.get("own_picture", batch["image"]), batch["domain"]), batch["strength"][:, None]
        if "region_styles" in batch:
            own, strength = own[:, None], strength[:, None]
        codes = {name: (1 - strength) * own + strength * code for name, code in codes.items()}
    return codes
