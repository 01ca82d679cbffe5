"""CycleGAN with the paper's values (arXiv 1703.10593); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common

RESNET = {"architecture": "resnet", "base_channels": 64, "blocks": 9, "antialiased": False, "initializer": "normal"}
UNET = {"architecture": "unet", "base_channels": 64, "norm": "instance", "dropout_layers": 0, "initializer": "normal"}
"""The generators; `:unet` after a config file's name takes the second."""


def get_config(architecture: str = "resnet") -> ConfigDict:
    """The paper's networks at 256 px, losses and optimizers, and horse2zebra's 200 epochs of 1,334 images; no averaging."""
    if architecture not in ("resnet", "unet"):
        raise ValueError(f"the config's argument is {architecture!r}: choose resnet or unet")
    config = common.get_config()
    config.algorithm = "cyclegan"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 266.8
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "other"

    for name in ("generator_ab", "generator_ba"):
        config.networks[name] = ConfigDict(RESNET if architecture == "resnet" else UNET)
    for name in ("discriminator_a", "discriminator_b"):
        config.networks[name] = ConfigDict(
            {"base_channels": 64, "layers": 3, "norm": "instance", "antialiased": False, "initializer": "normal"}
        )

    config.losses.objective = "least_squares"
    config.losses.cycle_weight = 10.0
    config.losses.identity_weight = 5.0
    config.losses.pool_size = 50

    for name in config.networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=2e-4, final_learning_rate=0.0, decay_start_kimg=config.total_kimg / 2, b1=0.5, b2=0.999
        )
    return config


def on_two_cores(minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores: widths of a quarter, 4 blocks.

    There is no identity term: the two media share no colours that it could keep.
    """
    config = get_config()
    return common.with_changes(
        config,
        common.between_two_media(minutes),
        common.large_steps(config),
        common.for_networks("generator_ab", "generator_ba", base_channels=16, blocks=4),
        common.for_networks("discriminator_a", "discriminator_b", base_channels=16),
        {"losses.identity_weight": 0.0},
    )
