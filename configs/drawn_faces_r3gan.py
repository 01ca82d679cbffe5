"""Drawn faces from noise at 64 px with a small R3GAN, in 20 minutes on two CPU cores.

    python launch.py --config configs/drawn_faces_r3gan.py --workdir runs/drawn_faces_r3gan

What to expect: 141,000 images; 0.82 of the samples are whole faces, eyes and fine lines are noisy.
"""

from ml_collections import ConfigDict

from configs import common, r3gan


def get_config() -> ConfigDict:
    """Narrow networks that work at 32x32 and below; the generator is the wider one, as the discriminator's penalties take the time."""
    config = r3gan.get_config()
    shared = {"max_channels": 128, "group_size": 32, "patch_size": 2}  # with few groups, which a CPU is quick at
    changes = {
        "total_kimg": 300.0,
        "ema_half_life_kimg": 5.0,
        "networks.generator": {"base_channels": 32, **shared},
        "networks.discriminator": {"base_channels": 16, "blocks": 1, **shared},
        "losses.gamma": 2.0,
        "losses.final_gamma": 0.5,
        "losses.augment_probability": 0.0,
    }
    # b2 as the paper's horizon in images, whose batches are 32 times as large
    learned = common.for_all_optimizers(config, learning_rate=4e-4, final_learning_rate=2e-4, b2=0.99, final_b2=0.999)
    return common.with_changes(config, common.from_noise(), r3gan.burn_in(config, 100.0), learned, changes)
