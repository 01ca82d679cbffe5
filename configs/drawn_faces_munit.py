"""MUNIT on `drawn_faces` at 64 px, between shaded drawings and ink in the style of a reference or of a latent, for two CPU cores.

    python launch.py --config configs/drawn_faces_munit.py --workdir runs/drawn_faces_munit

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common, munit


def get_config() -> ConfigDict:
    """Narrower networks with fewer blocks, larger batches and rates."""
    config = common.for_two_cores(munit.get_config())
    config.batch_size = 4
    config.total_kimg = 200.0
    config.data.domains = ("shaded", "ink")

    for name in ("autoencoder_a", "autoencoder_b"):
        config.networks[name].update({"base_channels": 12, "blocks": 3, "hidden_channels": 64})
    for name in ("discriminator_a", "discriminator_b"):
        config.networks[name].update({"base_channels": 16, "scales": 2})

    for name in config.optimizers:
        config.optimizers[name] = common.optimizer(learning_rate=4e-4, b1=0.5, b2=0.999, weight_decay=1e-4)  # constant: the clock ends it
    config.ema_half_life_kimg = 1.0
    config.ema_ramp = 0.05

    config.log_kimg = 0.4
    config.picture_kimg = 2.0
    config.checkpoint_kimg = 4.0
    config.evaluate_kimg = 4.0
    return config
