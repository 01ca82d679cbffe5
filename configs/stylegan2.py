"""StyleGAN2 with ADA, its paper's 256 px recipe (arXiv 2006.06676); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """Half-width networks, batch 64 and 25 million images."""
    config = common.get_config()
    config.algorithm = "stylegan2"
    config.image_size = 256
    config.batch_size = 64
    config.total_kimg = 25_000.0
    config.ema_half_life_kimg = 20.0
    config.data.pairing = "none"
    config.augment.crop_probability = 0.0

    # A layer at resolution r is min(channel_base / r, max_channels) wide; 32768 is the full width.
    networks = config.networks
    networks.mapping_network = ConfigDict({"latent_dim": 512, "style_dim": 512, "layers": 8, "lr_multiplier": 0.01})
    networks.generator = ConfigDict({"channel_base": 16_384, "max_channels": 512, "architecture": "skip"})
    networks.discriminator = ConfigDict({"channel_base": 16_384, "max_channels": 512, "architecture": "residual", "stddev_group": 8})

    config.losses.objective = "non_saturating"
    config.losses.r1_weight = 1.0  # gamma; on drawn_faces ten times the paper's 0.0002 image_size^2 / batch_size
    config.losses.path_length_weight = 2.0
    config.losses.path_length_decay = 0.01
    config.losses.style_mixing = 0.9
    config.losses.ada_target = 0.6
    config.losses.ada_kimg = 500.0  # 100 when fine-tuning
    config.losses.augment_supersampling = 2

    for name in networks:
        config.optimizers[name] = common.optimizer(learning_rate=0.0025)
    return config
