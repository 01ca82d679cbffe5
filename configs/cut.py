"""CUT with the paper's values (arXiv 2007.15651); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


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

    for name in networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=2e-4, final_learning_rate=0.0, decay_start_kimg=config.total_kimg / 2, b1=0.5, b2=0.999
        )
    return config
