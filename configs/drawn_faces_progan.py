"""Drawn faces from noise, grown from 4 to 64 px by a small ProGAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_progan.py --workdir runs/drawn_faces_progan

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, progan


def get_config() -> ConfigDict:
    """Narrow networks, batches of 8, phases of 6,000 images."""
    config = common.for_two_cores(progan.get_config())
    config.batch_size = 8
    config.total_kimg = 1_000.0
    config.networks.generator.update({"latent_dim": 64, "base_channels": 8, "max_channels": 64})
    config.networks.discriminator.update({"base_channels": 8, "max_channels": 64})
    progan.set_phase(config, 6.0)
    config.ema_half_life_kimg = 5.0
    config.ema_ramp = 0.05

    config.log_kimg = 2.0
    config.picture_kimg = 6.0
    config.checkpoint_kimg = 24.0
    config.evaluate_kimg = 24.0
    return config
