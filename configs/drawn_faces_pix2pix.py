"""pix2pix on `drawn_faces` at 64 px, from shaded drawings to ink, from faces drawn in both, for two CPU cores.

    python launch.py --config configs/drawn_faces_pix2pix.py --workdir runs/drawn_faces_pix2pix

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, pix2pix


def get_config() -> ConfigDict:
    """Narrower networks, larger batches and rates."""
    config = common.for_two_cores(pix2pix.get_config())
    config.batch_size = 4
    config.total_kimg = 500.0
    config.data.domains = ("shaded", "ink")

    config.networks.generator.base_channels = 24
    config.networks.discriminator.base_channels = 24

    for name in config.optimizers:
        config.optimizers[name].update({"learning_rate": 4e-4})
    config.ema_half_life_kimg = 1.0
    config.ema_ramp = 0.05

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 8.0
    config.evaluate_kimg = 8.0
    return config
