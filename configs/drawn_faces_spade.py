"""SPADE on `drawn_faces` at 64 px: shaded drawings and ink, painted from masks in the style of a reference, for two CPU cores.

    python launch.py --config configs/drawn_faces_spade.py --workdir runs/drawn_faces_spade

What to expect: see docs/algorithms.md.
"""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's losses, layers and momenta; narrower networks, four times its rates, and an encoder that sees colours."""
    config = common.get_config()
    config.algorithm = "spade"
    config.networks.generator = ConfigDict(
        {"mask_classes": 0, "style_dim": 32, "base_channels": 12, "max_channels": 96, "hidden_channels": 24}  # paper: 256, 64, 1024, 128
    )
    config.networks.style_encoder = ConfigDict({"base_channels": 12, "max_channels": 96, "norm": "none"})  # 64, 512, "instance"
    config.networks.discriminator = ConfigDict({"base_channels": 16, "max_channels": 64, "layers": 4, "scales": 2})  # 64, 512
    config.losses.objective = "hinge"
    config.losses.feature_matching_weight = 10.0
    config.losses.kl_weight = 0.05
    for name, rate in (("generator", 4e-4), ("style_encoder", 4e-4), ("discriminator", 16e-4)):  # 1e-4, 1e-4 and 4e-4
        config.optimizers[name] = common.optimizer(learning_rate=rate, b1=0.0, b2=0.9)
    return common.changed(config, common.between_two_media(), {"batch_size": 8})
