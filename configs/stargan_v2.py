"""StarGAN v2 with the paper's values (arXiv 1912.01865); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's networks at `config.image_size`, losses, optimizers and 100,000 iterations of 8 images."""
    config = common.get_config()
    config.algorithm = "stargan_v2"
    config.image_size = 256
    config.batch_size = 8
    config.total_kimg = 800.0
    config.ema_half_life_kimg = 5.54  # 0.999 a step at batch 8

    # 0 base channels: the paper's 2^14 / image_size
    networks = config.networks
    networks.generator = ConfigDict(
        {
            "style_dim": 64,
            "base_channels": 0,
            "max_channels": 512,
            "bottleneck_size": 16,
            "bottleneck_blocks": 2,
            "patch_size": 1,
            "high_pass_weight": 0.0,
        }
    )
    networks.mapping_network = ConfigDict({"style_dim": 64, "latent_dim": 16, "hidden_channels": 512})
    networks.style_encoder = ConfigDict({"style_dim": 64, "base_channels": 0, "max_channels": 512, "patch_size": 1})
    networks.discriminator = ConfigDict({"base_channels": 0, "max_channels": 512, "patch_size": 1})

    config.losses.objective = "non_saturating"
    config.losses.r1_weight = 1.0
    config.losses.style_reconstruction_weight = 1.0
    config.losses.cycle_weight = 1.0
    config.losses.diversity_weight = 1.0
    config.losses.diversity_decay_kimg = 800.0

    for name in networks:
        config.optimizers[name] = common.optimizer(weight_decay=1e-4)
    config.optimizers.mapping_network.learning_rate = 1e-6
    return config
