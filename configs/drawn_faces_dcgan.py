"""Drawn faces from noise at 64 px with a small DCGAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_dcgan.py --workdir runs/drawn_faces_dcgan

What to expect: 46,000 images, half of the samples whole faces by the judge, with smeared eyes and mouths (docs/algorithms.md).
"""

from ml_collections import ConfigDict

from configs import common, dcgan


def get_config() -> ConfigDict:
    """A quarter of the paper's widths, batches of 8."""
    config = common.for_two_cores(dcgan.get_config())
    config.batch_size = 8
    config.total_kimg = 1_000.0
    config.augment.flip = True
    config.networks.generator.update({"base_channels": 32, "max_channels": 256})
    config.networks.discriminator.update({"base_channels": 32, "max_channels": 256})
    config.ema_half_life_kimg = 5.0
    config.ema_ramp = 0.05

    config.log_kimg = 2.0
    config.picture_kimg = 20.0
    config.checkpoint_kimg = 40.0
    config.evaluate_kimg = 30.0
    return config
