"""U-GAT-IT, light, with the paper's values (arXiv 1907.10830); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The authors' networks at 256 px, losses and optimizers, and a million images; no averaging."""
    config = common.get_config()
    config.algorithm = "ugatit"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 1000.0
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "other"

    for name in ("generator_ab", "generator_ba"):
        config.networks[name] = ConfigDict({"base_channels": 64, "blocks": 4, "initializer": "normal"})
    for reach, layers in (("local", 3), ("global", 5)):
        for domain in ("a", "b"):
            settings = {"base_channels": 64, "layers": layers, "initializer": "normal"}
            config.networks[f"discriminator_{reach}_{domain}"] = ConfigDict(settings)

    config.losses.objective = "least_squares"
    config.losses.cycle_weight = 10.0
    config.losses.identity_weight = 10.0
    config.losses.cam_weight = 1000.0

    for name in config.networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=1e-4, final_learning_rate=0.0, decay_start_kimg=config.total_kimg / 2, b1=0.5, b2=0.999, weight_decay=1e-4
        )
    return config


def on_two_cores(minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores: widths of a quarter, 2 blocks before and after the attention.

    There is no identity term: the two media share no colours that it could keep. Weights of 0.02 would let the signal of so narrow a
    generator vanish at first, so that they are He's.
    """
    config = get_config()
    generators = [name for name in config.networks if name.startswith("generator")]
    discriminators = [name for name in config.networks if name.startswith("discriminator")]
    return common.with_changes(
        config,
        common.between_two_media(minutes),
        common.large_steps(config),
        common.for_networks(*generators, base_channels=16, blocks=2, initializer="he"),
        common.for_networks(*discriminators, base_channels=16),
        {"losses.identity_weight": 0.0},
    )
