"""Drawn faces from noise at 64 px with a small R3GAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_r3gan.py --workdir runs/drawn_faces_r3gan

What to expect: 141,000 images; 0.82 of the samples are whole faces, eyes and fine lines are noisy.
"""

from ml_collections import ConfigDict

from configs import common, r3gan


def get_config() -> ConfigDict:
    """Narrow networks that work at 32x32 and below; the generator is the wider one, as the discriminator's penalties take the time."""
    config = common.from_noise(r3gan.get_config())
    config.ema_ramp = 0.0  # it has a burn-in instead
    shared = {"max_channels": 128, "group_size": 32, "patch_size": 2}  # with few groups, which a CPU is quick at
    config.networks.generator.update({"base_channels": 32, "blocks": 2, **shared})
    config.networks.discriminator.update({"base_channels": 16, "blocks": 1, **shared})
    config.total_kimg = 300.0
    config.losses.gamma = 2.0
    config.losses.final_gamma = 0.5
    config.losses.augment_probability = 0.0
    r3gan.set_burn_in(config, 100.0, 4e-4, 2e-4)
    for settings in config.optimizers.values():
        settings.update({"b2": 0.99, "final_b2": 0.999})  # the paper's horizon in images: its batches are 32 times as large
    return config
