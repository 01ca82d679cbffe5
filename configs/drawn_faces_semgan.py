"""Drawn faces between two media at 64 px by semgan's own algorithm, in 20 minutes on two CPU cores.

python launch.py --config configs/drawn_faces_semgan.py --workdir runs/drawn_faces_semgan
"""

from ml_collections import ConfigDict

from configs import common, drawn_faces_stargan_v2, semgan


def get_config() -> ConfigDict:
    """The networks of the StarGAN v2 experiment; masks, landmarks and expressions are the content's, the hair's colour is the style's."""
    config = semgan.get_config()
    common.between_two_media(config)
    drawn_faces_stargan_v2.narrow(config)
    config.networks.generator.update({"base_channels": 24, "max_channels": 48, "full_channels": 8})
    config.networks.discriminator.update({"base_channels": 24, "max_channels": 96})
    config.networks.semantic_heads.update({"mask_classes": 7, "landmarks": 5})
    config.losses.content.update({"mask": 1.0, "landmarks": 10.0, "attributes": 1.0})
    config.losses.content_attributes = ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Narrow_Eyes", "Bangs", "Arched_Eyebrows", "Bald")
    config.losses.style.attributes = 0.5
    config.losses.style_attributes = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
    config.networks.patch_sampler.channels = config.losses.nce_patches = 64  # of the contrast, which is off here
    config.losses.diversity_weight = 0.3
    config.losses.diversity_decay_kimg = 20.0
    for name in ("generator", "mapping_network", "style_encoder", "discriminator"):
        config.optimizers[name] = common.optimizer(learning_rate=2e-3, weight_decay=1e-4)
    config.optimizers.mapping_network.learning_rate = 5e-4
    config.optimizers.style_encoder.learning_rate = 1e-3
    config.optimizers.semantic_heads = common.optimizer(learning_rate=2e-3, b1=0.9)
    return config
