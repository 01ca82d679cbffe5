"""SPADE with the paper's values (arXiv 1903.07291); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common


def get_config() -> ConfigDict:
    """The paper's widths, losses and rates at 256 px (appendix A); its 200 epochs of ADE20K, the rates falling over the second half."""
    config = common.get_config()
    config.algorithm = "spade"
    config.image_size = 256
    config.batch_size = 32
    config.total_kimg = 4000.0
    config.ema_half_life_kimg = 0.0

    config.networks.generator = ConfigDict(
        {"mask_classes": 0, "style_dim": 256, "base_channels": 64, "max_channels": 1024, "hidden_channels": 128}
    )
    config.networks.style_encoder = ConfigDict({"base_channels": 64, "max_channels": 512, "norm": "instance"})
    config.networks.discriminator = ConfigDict({"base_channels": 64, "max_channels": 512, "layers": 4, "scales": 2})

    config.losses.objective = "hinge"
    config.losses.feature_matching_weight = 10.0
    config.losses.kl_weight = 0.05

    for name, rate in (("generator", 1e-4), ("style_encoder", 1e-4), ("discriminator", 4e-4)):
        config.optimizers[name] = common.optimizer(learning_rate=rate, final_learning_rate=0.0, decay_start_kimg=2000.0, b1=0.0, b2=0.9)
    return config
