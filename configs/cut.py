"""CUT with the paper's values (arXiv 2007.15651); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.semgan import NOTHING, SIZES


def get_config() -> ConfigDict:
    """The paper's networks at 256 px, losses and optimizers, and horse2zebra's 400 epochs of 1,334 images; no averaging."""
    config = common.get_config()
    config.algorithm = "cut"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 533.6
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "other"

    shared = {"antialiased": True, "initializer": "xavier"}
    networks = config.networks
    networks.generator = ConfigDict({"base_channels": 64, "blocks": 9, **shared})
    networks.patch_sampler = ConfigDict({"channels": 256, "initializer": "xavier"})
    networks.discriminator = ConfigDict({"base_channels": 64, "layers": 3, "norm": "instance", **shared})

    config.losses.objective = "least_squares"
    config.losses.nce_weight = 1.0
    config.losses.nce_identity = True  # also of domain 1's images with their own translation
    config.losses.nce_layers = (0, 4, 8, 12, 16)  # of the generator's encoder
    config.losses.nce_patches = 256
    config.losses.temperature = 0.07
    config.losses.flip_equivariance = False
    config.losses.content = ConfigDict(NOTHING)  # what a translation is to carry of its source's annotations; the paper's: nothing
    config.losses.content_attributes = ()  # names of the attributes that are meant there
    config.losses.semantic_weight = 1.0
    config.losses.heads_weight = 1.0

    for name in networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=2e-4, final_learning_rate=0.0, decay_start_kimg=config.total_kimg / 2, b1=0.5, b2=0.999
        )
    networks.semantic_heads = ConfigDict({"channels": 16} | dict.fromkeys(SIZES, 0))  # sizes as the data have, which training fills in
    config.optimizers.semantic_heads = common.optimizer(learning_rate=1e-3, b1=0.9)
    return config
