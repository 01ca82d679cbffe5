"""Faces that keep pose and expression and take another picture's medium, in minutes on a laptop."""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config() -> ConfigDict:
    """A small StarGAN v2 on `drawn_faces` at 32 px, sized for two CPU cores."""
    config = stargan_v2.get_config()
    config.image_size = 32
    config.batch_size = 16
    config.total_kimg = 48.0
    config.data.train_count = 4000
    config.data.test_count = 600
    config.augment.crop_probability = 0.0

    networks = config.networks
    small = {"base_channels": 24, "patch_size": 2}
    networks.generator.update({"style_dim": 32, "max_channels": 48, "bottleneck_size": 8, "bottleneck_blocks": 2, **small})
    networks.mapping_network.update({"style_dim": 32, "latent_dim": 16, "hidden_channels": 64})
    networks.style_encoder.update({"style_dim": 32, "max_channels": 96, **small})
    networks.discriminator.update({"max_channels": 96, **small})
    config.losses.diversity_decay_kimg = 48.0
    for name in networks:
        config.optimizers[name] = common.optimizer(learning_rate=5e-4, weight_decay=1e-4)
    config.optimizers.mapping_network.learning_rate = 5e-5
    config.ema_half_life_kimg = 2.0
    return config
