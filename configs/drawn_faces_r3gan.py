"""Drawn faces from noise at 64 px with a small R3GAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_r3gan.py --workdir runs/drawn_faces_r3gan

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, r3gan


def get_config() -> ConfigDict:
    """One narrow block a stage, none of them at full resolution."""
    config = common.from_noise(r3gan.get_config())
    config.ema_ramp = 0.0  # it has a burn-in instead
    stages = {"base_channels": 16, "max_channels": 64, "blocks": 1, "group_size": 16, "patch_size": 2}
    config.networks.generator.update(stages)
    config.networks.discriminator.update(stages)
    config.losses.gamma = 2.0
    config.losses.final_gamma = 0.2
    config.losses.augment_probability = 0.0
    r3gan.set_burn_in(config, 40.0, 5e-4, 2e-4)
    return config
