"""ProGAN with the paper's values (arXiv 1710.10196); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.common import Values


def get_config() -> ConfigDict:
    """The paper's networks at 1024 px, phases of 600,000 images, batch 16."""
    config = common.get_config()
    config.algorithm = "progan"
    config.image_size = 1024
    config.batch_size = 16
    config.total_kimg = 12_000.0
    config.ema_half_life_kimg = 11.1  # 0.999 per step at batch 16
    config.data.pairing = "none"
    config.augment.crop_probability = 0.0

    config.networks.generator = ConfigDict({"latent_dim": 512, "base_channels": 0, "max_channels": 512})
    config.networks.discriminator = ConfigDict({"base_channels": 0, "max_channels": 512})
    config.losses.objective = "wasserstein"
    config.losses.gradient_penalty_weight = 10.0
    config.losses.drift_weight = 0.001
    config.losses.phase_kimg = phase_kimg = 600.0
    for name in config.networks:
        config.optimizers[name] = common.optimizer(learning_rate=1e-3, b1=0.0, b2=0.99, eps=1e-8, reset_kimg=phase_kimg)
    return config


def phases(config: ConfigDict, kimg: float) -> Values:
    """The length of every phase of the growth, and with it of Adam's memory."""
    return {"losses.phase_kimg": kimg} | common.for_all_optimizers(config, reset_kimg=kimg)
