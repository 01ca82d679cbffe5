"""DCGAN with the paper's values (arXiv 1511.06434); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's networks at 64 px, batch 128, Adam 2e-4 with b1 0.5; no averaging in the paper, a short one here."""
    config = common.get_config()
    config.algorithm = "dcgan"
    config.image_size = 64
    config.batch_size = 128
    config.total_kimg = 5_000.0
    config.ema_half_life_kimg = 5.0
    config.data.pairing = "none"
    config.augment.flip = False
    config.augment.crop_probability = 0.0

    config.networks.generator = ConfigDict({"latent_dim": 100, "base_channels": 128, "max_channels": 1024})
    config.networks.discriminator = ConfigDict({"base_channels": 128, "max_channels": 1024, "batch_norm": True})
    config.losses.objective = "non_saturating"
    config.losses.r1_weight = 0.0  # above it, without the discriminator's batch norm (Mescheder et al. 2018)
    for name in config.networks:
        config.optimizers[name] = common.optimizer(learning_rate=2e-4, b1=0.5, b2=0.999)
    return config
