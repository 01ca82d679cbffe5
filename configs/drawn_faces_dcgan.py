"""Drawn faces from noise at 64 px with a small DCGAN, in twelve minutes of one CPU core.

    python launch.py --config configs/drawn_faces_dcgan.py --workdir runs/drawn_faces_dcgan

What to expect: it ends after 120,000 images; 0.83 of the samples are whole faces, of all four media, roughly drawn.
"""

from ml_collections import ConfigDict

from configs import common, dcgan


def get_config() -> ConfigDict:
    """A quarter of the paper's widths, an eighth in the discriminator, with a quarter of the rate: otherwise it wins and pictures drift."""
    config = dcgan.get_config()
    changes = {
        "augment.flip": True,
        "ema_half_life_kimg": 10.0,
        "ema_ramp": 0.05,
        "networks.generator": {"base_channels": 32, "max_channels": 256},
        "networks.discriminator": {"base_channels": 16, "max_channels": 128},
        "optimizers.discriminator.learning_rate": 5e-5,
    }
    return common.with_changes(config, common.from_noise(), common.falling_rates(config, 60.0, 120.0), changes)
