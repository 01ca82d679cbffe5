"""semgan's own algorithm, with StarGAN v2's networks; the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config() -> ConfigDict:
    """The networks of StarGAN v2's config without its high-pass branch, the relativistic objective with R1 and R2, semantic heads."""
    config = stargan_v2.get_config()
    config.algorithm = "semgan"
    del config.networks.generator.high_pass_weight
    config.networks.semantic_heads = ConfigDict({"channels": 16, "mask_classes": 0, "landmarks": 0})  # as the data has

    config.losses = ConfigDict()
    config.losses.objective = "relativistic"
    config.losses.r1_weight = 1.0
    config.losses.r2_weight = 1.0
    config.losses.style_reconstruction_weight = 1.0
    config.losses.reconstruction_weight = 1.0
    config.losses.diversity_weight = 1.0
    config.losses.diversity_decay_kimg = 800.0
    config.losses.semantic_weight = 1.0
    config.losses.heads_weight = 1.0
    config.losses.content = ConfigDict({"mask": 0.0, "landmarks": 0.0, "attributes": 0.0})  # what a translation keeps
    config.losses.style = ConfigDict({"mask": 0.0, "landmarks": 0.0, "attributes": 0.0})  # what it takes from its reference
    config.losses.content_attributes = ()  # names of the attributes that are meant there
    config.losses.style_attributes = ()
    config.optimizers.semantic_heads = common.optimizer(learning_rate=1e-3, b1=0.9)
    return config
