"""CUT on `drawn_faces` at 64 px, from shaded drawings to ink, without pairs, for two CPU cores.

    python launch.py --config configs/drawn_faces_cut.py --workdir runs/drawn_faces_cut

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, cut


def get_config() -> ConfigDict:
    """Rates fall from the middle on."""
    config = narrow(cut.get_config(), total_kimg=12.0)
    for name in config.optimizers:
        config.optimizers[name].decay_start_kimg = 6.0
    return config


def narrow(config: ConfigDict, total_kimg: float) -> ConfigDict:
    """Widths of a quarter, 4 blocks, strided convolutions, and fewer patches; `total_kimg` is an estimate of what two cores see."""
    common.for_two_cores(config)
    config.batch_size = 4
    config.total_kimg = total_kimg
    config.data.domains = ("shaded", "ink")

    networks = config.networks
    networks.generator.update({"base_channels": 16, "blocks": 4, "antialiased": False})
    networks.patch_sampler.channels = 64
    networks.discriminator.update({"base_channels": 16, "antialiased": False})
    config.losses.nce_layers = (0, 4, 7, 10, 13)  # without blurs between them: both convolutions that halve, first and last block
    config.losses.nce_patches = 64
    for name in config.optimizers:
        config.optimizers[name].learning_rate = 4e-4
    config.ema_half_life_kimg = 0.3

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 4.0
    return config
