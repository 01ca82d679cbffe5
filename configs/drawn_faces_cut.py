"""CUT on `drawn_faces` at 64 px, from shaded drawings to ink, without pairs, for two CPU cores.

    python launch.py --config configs/drawn_faces_cut.py --workdir runs/drawn_faces_cut

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, cut


def get_config() -> ConfigDict:
    """Narrow networks, larger batches and rates."""
    return narrow(cut.get_config())


def narrow(config: ConfigDict) -> ConfigDict:
    """Widths of a quarter, 4 blocks, strided convolutions, fewer patches, and constant rates: the clock ends it."""
    common.for_two_cores(config)
    config.batch_size = 4
    config.total_kimg = 300.0
    config.data.domains = ("shaded", "ink")

    networks = config.networks
    networks.generator.update({"base_channels": 16, "blocks": 4, "antialiased": False})
    networks.patch_sampler.channels = 64
    networks.discriminator.update({"base_channels": 16, "antialiased": False})
    config.losses.nce_layers = (0, 4, 7, 10, 13)  # without blurs between them: both convolutions that halve, first and last block
    config.losses.nce_patches = 64
    for name in config.optimizers:
        config.optimizers[name] = common.optimizer(learning_rate=4e-4, b1=0.5, b2=0.999)
    config.ema_half_life_kimg = 1.0
    config.ema_ramp = 0.05

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 4.0
    config.evaluate_kimg = 5.0
    return config
