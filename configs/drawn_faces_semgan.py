"""semgan's own algorithm on `drawn_faces`: at 64 px between two media for two CPU cores (`:64`, the default), at 128 px between four
for one GPU.

    python launch.py --config configs/drawn_faces_semgan.py --workdir runs/drawn_faces_semgan
    python launch.py --config configs/drawn_faces_semgan.py:128 --workdir runs/drawn_faces_semgan_128

What to expect of the first: transfer score 0.97, both ways, after ten minutes of one core; the second has not been trained yet.
"""

from ml_collections import ConfigDict

from configs import common, drawn_faces_stargan_v2, semgan


def get_config(size: str = "64") -> ConfigDict:
    """`:64` or `:128`, in pixels; masks, landmarks and expressions are the content's, the hair's colour is the style's."""
    sizes = {"64": _for_two_cores, "128": _for_one_gpu}
    if size not in sizes:
        raise ValueError(f"the config's argument is {size!r}: choose configs/drawn_faces_semgan.py:64 or :128")
    config = semgan.get_config()
    config.networks.semantic_heads.update({"mask_classes": 7, "landmarks": 5})
    config.losses.content.update({"mask": 1.0, "landmarks": 10.0, "attributes": 1.0})
    config.losses.content_attributes = ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Narrow_Eyes", "Bangs", "Arched_Eyebrows", "Bald")
    config.losses.style.attributes = 0.5
    config.losses.style_attributes = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
    config.losses.diversity_weight = 0.3
    sizes[size](config)
    return config


def _for_two_cores(config: ConfigDict) -> None:
    """The style networks of the StarGAN v2 experiment, narrow ones beside them, and high rates."""
    common.between_two_media(config)
    drawn_faces_stargan_v2.narrow(config)
    config.networks.generator.update({"base_channels": 24, "max_channels": 48, "full_channels": 8})
    config.networks.discriminator.update({"base_channels": 24, "max_channels": 96})
    config.networks.patch_sampler.channels = config.losses.nce_patches = 64  # of the contrast, which is off here
    config.losses.diversity_decay_kimg = 20.0
    _rates(config, 2e-3)


def _for_one_gpu(config: ConfigDict) -> None:
    """Widths up to 256; sized to show a good transfer within ten minutes of a current GPU."""
    common.for_one_gpu(config)
    for name in ("generator", "style_encoder", "discriminator"):
        config.networks[name].update({"base_channels": 48, "max_channels": 256})
    config.losses.diversity_decay_kimg = 100.0
    _rates(config, 1e-3)


def _rates(config: ConfigDict, rate: float) -> None:
    """The generator's and the discriminator's; half of it for the style encoder, a quarter for the mapping network."""
    shares = {"generator": 1.0, "discriminator": 1.0, "style_encoder": 0.5, "mapping_network": 0.25}
    for name, share in shares.items():
        config.optimizers[name] = common.optimizer(learning_rate=share * rate, weight_decay=1e-4)
    config.optimizers.semantic_heads = common.optimizer(learning_rate=2e-3, b1=0.9)
