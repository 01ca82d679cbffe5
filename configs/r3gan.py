"""R3GAN with the paper's values at FFHQ-256 (arXiv 2501.05441); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.common import Values


def get_config() -> ConfigDict:
    """Networks of 23M parameters each at 256 px, batch 256; everything scheduled ends its change after 20 million images."""
    config = common.get_config()
    config.algorithm = "r3gan"
    config.image_size = 256
    config.batch_size = 256
    config.total_kimg = 25_000.0
    config.ema_half_life_kimg = 500.0
    config.data.pairing = "none"
    config.augment.crop_probability = 0.0

    stages = {"base_channels": 96, "max_channels": 768, "blocks": 2, "group_size": 16, "patch_size": 1}
    config.networks.generator = ConfigDict({"latent_dim": 64, **stages})
    config.networks.discriminator = ConfigDict(stages)
    config.losses.objective = "relativistic"
    config.losses.gamma = 150.0
    config.losses.final_gamma = 15.0
    config.losses.augment_probability = 0.3
    config.losses.augment_supersampling = 2
    config.losses.burn_in_kimg = config.ema_burn_in_kimg = burn_in_kimg = 20_000.0
    for name in config.networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=2e-4,
            final_learning_rate=5e-5,
            decay_end_kimg=burn_in_kimg,
            decay_shape="cosine",
            b1=0.0,
            b2=0.9,
            final_b2=0.99,
        )
    return config


def burn_in(config: ConfigDict, kimg: float) -> Values:
    """Values that bring the penalties' weight, the augmentation, the rates, b2 and the EMA's half-life to their ends after `kimg`."""
    return {"losses.burn_in_kimg": kimg, "ema_burn_in_kimg": kimg} | common.for_all_optimizers(config, decay_end_kimg=kimg)
