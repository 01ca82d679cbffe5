"""Networks of a few numbers for `semgan.algorithms.semgan`, each a formula that NumPy in float64 and JAX compute alike.

They are run as Flax's modules are, so that losses can be recomputed by hand from what each of them gives.
"""

from collections.abc import Callable
from types import SimpleNamespace

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from semgan.networks.judge import Judgement

SIZE, STYLE, LATENT, DOMAINS = 4, 2, 3, 3
"""Pixels a side, numbers in a style code and in a latent, domains."""
STYLE_NETWORKS = ("style_encoder", "mapping_network")
CLASSES, LANDMARKS, ATTRIBUTES = 3, 5, 3


def params(seed=0):
    """Parameters of all networks, by name, as NumPy arrays."""
    rng = np.random.default_rng(seed)
    heads = {"mask": (3, CLASSES), "landmarks": (3, 2 * LANDMARKS), "attributes": (3, ATTRIBUTES)}
    shapes = {
        "generator": {"gain": (3,), "mix": (STYLE, 3)},
        "mapping_network": {"kernel": (DOMAINS, LATENT, STYLE)},
        "style_encoder": {"kernel": (DOMAINS, 3, STYLE)},
        "discriminator": {"kernel": (DOMAINS, 3)},
        "semantic_heads": heads,
        "patch_sampler": {"kernel": (3, 4)},
    }
    return {name: {leaf: rng.normal(size=shape) for leaf, shape in leaves.items()} for name, leaves in shapes.items()}


def generator(p, image, style, regions=None, xp=np):
    """Pixels scaled by a gain per channel, and shifted as the style says."""
    return xp.tanh(image * p["gain"][None, None, None] + (style @ p["mix"])[:, None, None])


def _slots(image, xp):
    """Weights of two slots that sum to 1, by how red a pixel is."""
    red = 1 / (1 + xp.exp(-3 * image[..., :1]))
    return xp.concatenate([red, 1 - red], -1)


def translate(p, image, style, xp=np):
    """The translation, and the contents' slots, which the gain changes."""
    return generator(p, image, style, xp=xp), _slots(image * p["gain"][None, None, None], xp)


def slots_of(p, image, xp=np):
    """The slots of quarters of a reference."""
    return _slots(image[:, 1::2, 1::2] * p["kernel"][0, :, 0][None, None, None], xp)


def features(p, image, xp=np):
    """Two layers: the pixels, and their squares a half as large along each side."""
    pooled = image.reshape(len(image), SIZE // 2, 2, SIZE // 2, 2, 3).mean((2, 4))
    return [image * p["gain"][None, None, None], pooled**2 + pooled]


def mapping_network(p, z, domain, xp=np):
    """Latents to the domain's style codes."""
    return xp.einsum("bz,bzs->bs", z, p["kernel"][domain])


def style_encoder(p, image, domain, xp=np):
    """Mean colours to the domain's style codes."""
    return xp.tanh(xp.einsum("bc,bcs->bs", image.mean((1, 2)), p["kernel"][domain]))


def discriminator(p, image, domain, xp=np):
    """One logit of the domain per quarter of the picture."""
    quarters = image.reshape(len(image), 2, SIZE // 2, 2, SIZE // 2, 3).mean((2, 4))
    logits = xp.einsum("bhwc,bc->bhw", quarters, p["kernel"][domain])
    return 3 * logits + logits**2


def semantic_heads(p, image, xp=np):
    """Logits of classes per pixel, landmarks near the middle, logits of attributes."""
    mean = image.mean((1, 2))
    places = 0.5 + 0.3 * xp.tanh(mean @ p["landmarks"]).reshape(-1, LANDMARKS, 2)
    return Judgement(domain=None, features=mean, mask=image @ p["mask"], landmarks=places, attributes=mean @ p["attributes"])


def patch_sampler(p, features, places, xp=np):
    """The features at numbered places, projected."""
    flat = [feature.reshape(len(feature), -1, 3) for feature in features]
    return [xp.take_along_axis(pixels, place[:, :, None], 1) @ p["kernel"] for pixels, place in zip(flat, places, strict=True)]


class _Module(nn.Module):
    """A formula that is run as a Flax module is, and may have others for its features and slots."""

    formula: Callable
    features: Callable | None = None
    translate: Callable | None = None
    slots_of: Callable | None = None
    latent_dim: int = LATENT
    domain_count: int = DOMAINS

    def apply(self, variables, *inputs, method=None):
        formula = self.formula if method is None else getattr(self, method)
        return formula(variables["params"], *inputs, xp=jnp)


def modules():
    """All by network name, as an algorithm holds them."""
    return {
        "generator": _Module(generator, features, translate),
        "mapping_network": _Module(mapping_network),
        "style_encoder": _Module(style_encoder, slots_of=slots_of),
        "discriminator": _Module(discriminator),
        "semantic_heads": _Module(semantic_heads),
        "patch_sampler": _Module(patch_sampler),
    }


def in_numpy(params):
    """The networks as float64 functions of their inputs alone."""
    functions = (generator, features, translate, mapping_network, style_encoder, slots_of, discriminator, semantic_heads, patch_sampler)
    names = {"features": "generator", "translate": "generator", "slots_of": "style_encoder"}
    return SimpleNamespace(
        **{each.__name__: lambda *inputs, each=each: each(params[names.get(each.__name__, each.__name__)], *inputs) for each in functions}
    )


def batch(positions):
    """Contents, references and annotations in float64, an example for each position; labels as small integers."""
    rng, count = np.random.default_rng(1), len(positions)
    images = {name: rng.uniform(-1, 1, (count, SIZE, SIZE, 3)) for name in ("image", "reference", "reference2")}
    labels = {"domain": np.arange(count) % DOMAINS, "target_domain": np.arange(1, count + 1) % DOMAINS}
    landmarks = rng.uniform(0.1, 0.9, (count, LANDMARKS, 2))
    landmarks[0, 2] = -1.0
    annotations = {
        "mask": rng.integers(0, CLASSES, (count, SIZE, SIZE)),
        "landmarks": landmarks,
        "attributes": rng.integers(0, 2, (count, ATTRIBUTES)),
        "reference_attributes": rng.integers(0, 2, (count, 1)),
    }
    return images | labels | annotations | {"position": np.asarray(positions)}


def arrays(tree):
    """As JAX's float32 and int32, by name."""
    return {name: jnp.asarray(leaf, jnp.float32 if leaf.dtype.kind == "f" else jnp.int32) for name, leaf in tree.items()}
