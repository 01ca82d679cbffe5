"""StarGAN v2 with the paper's values (arXiv 1912.01865); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.common import Values


def get_config() -> ConfigDict:
    """The paper's networks at `config.image_size`, losses, optimizers and 100,000 iterations of 8 images."""
    config = common.get_config()
    config.algorithm = "stargan_v2"
    config.image_size = 256
    config.batch_size = 8
    config.total_kimg = 800.0
    config.ema_half_life_kimg = 5.54  # 0.999 per step at batch 8

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
        config.optimizers[name] = common.optimizer(learning_rate=1e-6 if name == "mapping_network" else 1e-4, weight_decay=1e-4)
    return config


def on_two_cores(changes: Values | None = None, minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores: narrow networks that work at 32x32 and below."""
    return common.with_changes(
        get_config(),
        common.between_two_media(minutes),
        common.for_networks("generator", style_dim=32, base_channels=20, max_channels=40, patch_size=2),
        common.for_networks("mapping_network", style_dim=32, hidden_channels=64),
        common.for_networks("style_encoder", style_dim=32, base_channels=16, max_channels=64, patch_size=2),
        common.for_networks("discriminator", base_channels=16, max_channels=64, patch_size=2),
        {"losses.cycle_weight": 3.0, "losses.diversity_decay_kimg": 40.0},
        common.rates(generator=5e-4, mapping_network=5e-5, style_encoder=5e-4, discriminator=5e-4),
        changes or {},
    )
