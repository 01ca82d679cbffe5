"""CUT and FastCUT with the paper's values (arXiv 2007.15651); the base of the experiments that use them, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.common import Values


def get_config(variant: str = "cut") -> ConfigDict:
    """The paper's networks at 256 px, losses and optimizers, and horse2zebra's 400 epochs of 1,334 images; no averaging.

    `:fastcut` (section 4) has a larger contrastive weight, no identity term, flip equivariance, and half as many epochs: 150 at the full
    rate, then 50.
    """
    if variant not in ("cut", "fastcut"):
        raise ValueError(f"the config's argument is {variant!r}: choose cut or fastcut")
    fast = variant == "fastcut"
    config = common.get_config()
    config.algorithm = "cut"
    config.image_size = 256
    config.batch_size = 1
    config.total_kimg = 266.8 if fast else 533.6
    config.ema_half_life_kimg = 0.0
    config.data.pairing = "other"

    shared = {"antialiased": True, "initializer": "xavier"}
    networks = config.networks
    networks.generator = ConfigDict({"base_channels": 64, "blocks": 9, **shared})
    networks.patch_sampler = ConfigDict({"channels": 256, "initializer": "xavier"})
    networks.discriminator = ConfigDict({"base_channels": 64, "layers": 3, "norm": "instance", **shared})

    config.losses.objective = "least_squares"
    config.losses.nce_weight = 10.0 if fast else 1.0
    config.losses.nce_identity = not fast
    config.losses.nce_layers = (0, 4, 8, 12, 16)
    config.losses.nce_patches = 256
    config.losses.temperature = 0.07
    config.losses.flip_equivariance = fast
    config.losses.content = ConfigDict(common.NOTHING)  # what a translation is to carry of its source's annotations; the paper's: nothing
    config.losses.content_attributes = ()
    config.losses.semantic_weight = 1.0
    config.losses.heads_weight = 1.0

    decay_start_kimg = (0.75 if fast else 0.5) * config.total_kimg
    for name in networks:
        config.optimizers[name] = common.optimizer(
            learning_rate=2e-4, final_learning_rate=0.0, decay_start_kimg=decay_start_kimg, b1=0.5, b2=0.999
        )
    networks.semantic_heads = ConfigDict({"channels": 16} | common.UNKNOWN_SIZES)
    config.optimizers.semantic_heads = common.optimizer(learning_rate=1e-3, decay_start_kimg=decay_start_kimg if fast else 0.0, b1=0.9)
    return config


def on_two_cores(variant: str = "cut", changes: Values | None = None, minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores; `changes` replace values of it."""
    config = get_config(variant)
    own = {
        **common.large_steps(config),
        **common.for_networks("generator", base_channels=16, blocks=4, antialiased=False),
        **common.for_networks("patch_sampler", channels=64),
        **common.for_networks("discriminator", base_channels=16, antialiased=False),
        "losses.nce_layers": (0, 4, 7, 10, 13),  # without blurs between them: both convolutions that halve, first and last block
        "losses.nce_patches": 64,
    }
    return common.with_changes(config, common.between_two_media(minutes), own | (changes or {}))
