"""semgan's own algorithm in miniature, with random weights: it keeps masks and smiles, and knows bright pictures from dark ones."""

import jax
import numpy as np

from configs import semgan
from semgan import domain_guess
from semgan.algorithms import make
from semgan.data.dataset import Dataset
from semgan.inference import recipe
from semgan.inference.model import load
from semgan.snapshot import DOMAIN_GUESS, STYLE_RECIPE, write_snapshot
from tests.inference.noise import DOMAINS, SIZE, noise

CLASSES = ("background", "skin", "hair")
ATTRIBUTES = ("Blond_Hair", "Smiling", "Black_Hair", "Hat")


def config():
    config = semgan.get_config()
    config.image_size = SIZE
    config.data.name = "folder"
    config.data.domains = DOMAINS
    widths = {"base_channels": 4, "max_channels": 8}
    code = {"style_dim": 2, "slots": 2, "token_dim": 1}  # of four numbers in all
    above = {"half_channels": 4, "full_channels": 4}
    config.networks.generator.update({"bottleneck_size": 4, "bottleneck_blocks": 1, **above, **code, **widths})
    config.networks.mapping_network.update({"latent_dim": 4, "hidden_channels": 8})
    config.networks.style_encoder.update(widths)
    config.networks.discriminator.update({**widths, "logits_size": 4})
    config.networks.semantic_heads.update({"channels": 4, "mask_classes": len(CLASSES)})
    config.losses.content.update({"mask": 1.0, "attributes": 1.0})
    config.losses.content_attributes = ("Smiling",)
    return config


def averaged(config):
    """Random weights of the networks that a snapshot holds, without compiling a real start."""
    algorithm = make(config)
    shapes, _ = jax.eval_shape(algorithm.init, jax.random.key(0), {})
    rng = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: (rng.normal(0, 1.5, leaf.shape) / np.sqrt(np.prod(leaf.shape[:-1]))).astype(np.float32),
        {name: shapes[name] for name in algorithm.averaged},
    )


def annotated(count=64):
    """Bright pictures and dark ones in turn; no dark one has a hat, and fair hair is all the red that there may be."""
    rng = np.random.default_rng(1)
    domain = np.arange(count, dtype=np.int32) % 2
    attributes = rng.integers(0, 2, (count, len(ATTRIBUTES)), dtype=np.int8)
    attributes[domain == 1, 3] = 0
    images = np.stack([noise(index, SIZE, SIZE, DOMAINS[index % 2]) for index in range(count)])
    fair = attributes[:, 0] == 1
    images[fair, ..., 0] = np.where(domain == 0, 248, 120)[fair, None, None]
    annotations = {"attributes": attributes, "mask": rng.integers(0, 3, (count, SIZE, SIZE), dtype=np.uint8)}
    names = {"attributes": ATTRIBUTES, "mask": CLASSES}
    return Dataset("folder", "train", images, np.arange(count), domain, DOMAINS, annotations, names, "00")


def write(path):
    """A snapshot that keeps the semantic heads, guesses domains and has a recipe."""
    settings, data = config(), annotated()
    params, meta = averaged(settings), {"domains": list(DOMAINS), "kimg": 1.0, "mask_classes": list(CLASSES)}
    write_snapshot(path, params, settings.to_dict(), meta)
    model = load(path)
    found = recipe.fit_for(lambda *inputs: model.apply("style_encoder", *inputs), data, left_out=("Smiling",))
    guess = domain_guess.fit_for(lambda images: model.apply("style_encoder", images, method="features"), data)
    params |= {STYLE_RECIPE: found.arrays(), DOMAIN_GUESS: {"kernel": guess}}
    write_snapshot(path, params, settings.to_dict(), meta | {recipe.ATTRIBUTES: list(found.attributes)})
    return path
