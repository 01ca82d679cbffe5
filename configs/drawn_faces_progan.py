"""Drawn faces from noise, grown from 4 to 64 px by a small ProGAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_progan.py --workdir runs/drawn_faces_progan

What to expect: growth ends after 64,000 images; at 165,000, 0.85 of the samples are whole faces, in all four media. With
--config.max_minutes=0 it goes on to 330,000: as many, nearer to the training pictures.
"""

from ml_collections import ConfigDict

from configs import common, progan


def get_config() -> ConfigDict:
    """Narrow networks, phases of 8,000 images; the generator is the wider one, as the critic's gradient penalty takes the time."""
    config = progan.get_config()
    changes = {
        "ema_half_life_kimg": 5.0,
        "ema_ramp": 0.05,
        "picture_kimg": 8.0,
        "networks.generator": {"latent_dim": 64, "base_channels": 12, "max_channels": 96},
        "networks.discriminator": {"base_channels": 8, "max_channels": 96},
    }
    return common.with_changes(config, common.from_noise(), common.falling_rates(config, 210.0, 330.0), progan.phases(config, 8.0), changes)
