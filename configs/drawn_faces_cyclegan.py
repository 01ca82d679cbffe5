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
    config.total_kimg = 200.0
    config.data.domains = ("shaded", "ink")

    for name in ("generator_ab", "generator_ba"):
        config.networks[name].update({"base_channels": 16, "blocks": 4})
    for name in ("discriminator_a", "discriminator_b"):
        config.networks[name].update({"base_channels": 16})
    config.losses.identity_weight = 0.0

    for name in config.optimizers:
        config.optimizers[name] = common.optimizer(learning_rate=4e-4, b1=0.5, b2=0.999)  # constant: the clock ends it
    config.ema_half_life_kimg = 1.0
    config.ema_ramp = 0.05

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 4.0
    config.evaluate_kimg = 4.0
    return config
