"""StyleGAN2 with ADA on `drawn_faces` at 64 px, for two CPU cores and 20 minutes: narrow networks, a short mapping network.

    python launch.py --config configs/drawn_faces_stylegan2.py --workdir runs/drawn_faces_stylegan2

What to expect: 144,000 images; 0.69 of the samples are whole faces, in all four media, still rough. With --config.max_minutes=0 it goes
on to 330,000: 0.77, and 0.88 at truncation 0.7.
"""

from ml_collections import ConfigDict

from configs import common, stylegan2


def get_config() -> ConfigDict:
    """Four media, 20,000 drawn training faces, mirrored."""
    config = stylegan2.get_config()
    changes = {
        "ema_half_life_kimg": 5.0,
        "ema_ramp": 0.05,
        "picture_kimg": 10.0,
        "networks.mapping_network": {"latent_dim": 64, "style_dim": 64, "layers": 4},
        "networks.generator": {"channel_base": 768, "max_channels": 96},
        "networks.discriminator": {"channel_base": 512, "max_channels": 96, "stddev_group": 4},
        "losses.path_length_weight": 0.0,  # as in the paper's recipe for CIFAR-10: two fifths of the time
        "losses.augment_supersampling": 1,
    }
    rates = common.for_all_optimizers(config, learning_rate=0.0015)
    return common.with_changes(config, common.from_noise(), common.falling_rates(config, 210.0, 330.0), rates, changes)
