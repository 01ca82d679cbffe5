"""semgan's own algorithm; the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common, stargan_v2

NOTHING = {"mask": 0.0, "landmarks": 0.0, "attributes": 0.0, "category": 0.0, "boxes": 0.0}
"""Weights of what can be annotated."""
SIZES = ("mask_classes", "landmarks", "categories", "boxes")
"""How much of it the data have, which training fills in."""


def get_config() -> ConfigDict:
    """StarGAN v2's style networks, generator and discriminator of its own, the relativistic objective with R1 and R2, semantic heads."""
    config = stargan_v2.get_config()
    config.algorithm = "semgan"
    widths = {"base_channels": 64, "max_channels": 512, "patch_size": 2}
    config.networks.generator = ConfigDict(widths | {"style_dim": 64, "bottleneck_size": 16, "bottleneck_blocks": 2, "full_channels": 16})
    config.networks.style_encoder.update(widths)
    config.networks.discriminator = ConfigDict(widths | {"logits_size": 8})
    # branch: of the discriminator; False: a network of its own
    config.networks.semantic_heads = ConfigDict({"channels": 16, "branch": True} | dict.fromkeys(SIZES, 0))
    config.networks.patch_sampler = ConfigDict({"channels": 256, "initializer": "xavier"})

    config.losses = ConfigDict()
    config.losses.objective = "relativistic"
    config.losses.r1_weight = 0.1
    config.losses.r2_weight = 0.1
    config.losses.style_reconstruction_weight = 1.0
    config.losses.reconstruction_weight = 1.0
    config.losses.diversity_weight = 1.0
    config.losses.diversity_decay_kimg = 800.0
    config.losses.semantic_weight = 1.0
    config.losses.heads_weight = 1.0
    config.losses.heads_noise = 0.3  # largest deviation of the noise that the heads see pictures with
    config.losses.heads_until_kimg = 0.0  # they are frozen from there on; 0: never
    config.losses.nce_weight = 0.0  # of the contrast between patches, which needs no annotations
    config.losses.nce_patches = 256
    config.losses.temperature = 0.07
    config.losses.ada_target = 0.0  # share of pairs, as a mean sign, that D tells right and the augmentation keeps to; 0: none
    config.losses.ada_kimg = 100.0  # in which its probability can go from 0 to 1
    config.losses.ada_most = 0.6  # its largest probability: above it, augmentations leak into what is drawn
    config.losses.augment_supersampling = 1
    config.losses.content = ConfigDict(NOTHING)  # what a translation keeps
    config.losses.style = ConfigDict(NOTHING)  # what it takes from its reference
    config.losses.content_attributes = ()  # names of the attributes that are meant there
    config.losses.style_attributes = ()
    config.optimizers.semantic_heads = common.optimizer(learning_rate=1e-3, b1=0.9)
    config.optimizers.patch_sampler = common.optimizer(learning_rate=1e-3, b1=0.9)
    return config
