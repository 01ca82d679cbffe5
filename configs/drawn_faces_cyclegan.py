"""CycleGAN on `drawn_faces` at 64 px, between shaded drawings and ink, without pairs, for two CPU cores.

    python launch.py --config configs/drawn_faces_cyclegan.py --workdir runs/drawn_faces_cyclegan

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, cyclegan


def get_config() -> ConfigDict:
    """Widths of a quarter, 4 blocks, and no identity term: the two media share no colours that it could keep."""
    config = common.for_two_cores(cyclegan.get_config())
    config.batch_size = 4
    config.total_kimg = 8.0  # an estimate of what two cores see in that time
    config.data.domains = ("shaded", "ink")

    for name in ("generator_ab", "generator_ba"):
        config.networks[name].update({"base_channels": 16, "blocks": 4})
    for name in ("discriminator_a", "discriminator_b"):
        config.networks[name].update({"base_channels": 16})
    config.losses.identity_weight = 0.0

    for name in config.optimizers:
        config.optimizers[name].update({"learning_rate": 4e-4, "decay_start_kimg": config.total_kimg / 2})
    config.ema_half_life_kimg = 0.3

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 4.0
    return config
