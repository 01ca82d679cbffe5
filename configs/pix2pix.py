"""pix2pix with the paper's values (arXiv 1611.07004); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's networks at 256 px, losses and optimizers, and the facades' 200 epochs of 400 pairs; no averaging."""
    config = common.get_config()
    config.algorithm = "pix2pix"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 80.0
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "paired"

    networks = config.networks
    networks.generator = ConfigDict({"base_channels": 64, "norm": "batch", "dropout_layers": 3, "initializer": "normal"})
    networks.discriminator = ConfigDict({"base_channels": 64, "layers": 3, "norm": "batch", "antialiased": False, "initializer": "normal"})

    config.losses.objective = "non_saturating"
    config.losses.l1_weight = 100.0

    for name in networks:
        config.optimizers[name] = common.optimizer(learning_rate=2e-4, b1=0.5, b2=0.999)
    return config
