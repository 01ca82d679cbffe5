"""Drawn faces from noise, grown from 4 to 64 px by a small ProGAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_progan.py --workdir runs/drawn_faces_progan

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, progan


def get_config() -> ConfigDict:
    """Narrow networks, batches of 8, phases of 5,000 images."""
    config = common.for_two_cores(progan.get_config())
    config.batch_size = 8
    config.total_kimg = 120.0
    config.networks.generator.update({"latent_dim": 64, "base_channels": 8, "max_channels": 64})
    config.networks.discriminator.update({"base_channels": 8, "max_channels": 64})
    progan.set_phase(config, 5.0)
    config.ema_half_life_kimg = 1.0

    config.log_kimg = 1.0
    config.picture_kimg = 5.0
    config.checkpoint_kimg = 10.0
    return config
