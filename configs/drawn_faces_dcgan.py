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
    config.total_kimg = 400.0
    config.augment.flip = True
    config.networks.generator.update({"base_channels": 32, "max_channels": 256})
    config.networks.discriminator.update({"base_channels": 32, "max_channels": 256})
    config.ema_half_life_kimg = 1.0

    config.log_kimg = 1.0
    config.picture_kimg = 10.0
    config.checkpoint_kimg = 20.0
    return config
