"""MUNIT with the paper's values (arXiv 1804.04732); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's widths and losses at 256 px; its rate, halved every 100,000 of a million images, falls along a cosine; no averaging."""
    config = common.get_config()
    config.algorithm = "munit"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 1000.0
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "other"

    for name in ("autoencoder_a", "autoencoder_b"):
        config.networks[name] = ConfigDict({"base_channels": 64, "blocks": 4, "style_dim": 8, "hidden_channels": 256})
    for name in ("discriminator_a", "discriminator_b"):
        config.networks[name] = ConfigDict({"base_channels": 64, "scales": 3})

    config.losses.objective = "least_squares"
    config.losses.reconstruction_weight = 10.0
    config.losses.content_reconstruction_weight = 1.0
    config.losses.style_reconstruction_weight = 1.0

    for name in config.networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=1e-4, final_learning_rate=0.0, decay_shape="cosine", b1=0.5, b2=0.999, weight_decay=1e-4
        )
    return config


def on_two_cores(minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores: narrower networks with fewer blocks."""
    config = get_config()
    return common.with_changes(
        config,
        common.between_two_media(minutes),
        common.large_steps(config),
        common.for_networks("autoencoder_a", "autoencoder_b", base_channels=12, blocks=3, hidden_channels=64),
        common.for_networks("discriminator_a", "discriminator_b", base_channels=16, scales=2),
    )
