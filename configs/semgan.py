"""semgan's own algorithm; the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import common
from configs.common import Values


def get_config() -> ConfigDict:
    """Networks with slots of style, the relativistic objective with R1 and R2, contents restored from other styles, semantic heads."""
    config = common.get_config()
    config.algorithm = "semgan"
    config.image_size = 256
    config.ema_half_life_kimg = 5.54  # 0.999 per step at batch 8

    networks = config.networks
    widths = {"base_channels": 64, "max_channels": 512}
    code = {"style_dim": 64, "slots": 8, "token_dim": 16}
    above = {"half_channels": 32, "full_channels": 16, "detail_channels": 8}
    networks.generator = ConfigDict(widths | code | above | {"base_channels": 128, "bottleneck_size": 16, "bottleneck_blocks": 2})
    networks.mapping_network = ConfigDict({"latent_dim": 16, "hidden_channels": 512})
    networks.style_encoder = ConfigDict(widths)
    networks.discriminator = ConfigDict(widths | {"patch_size": 2, "logits_size": 8})
    for name in networks:
        config.optimizers[name] = common.optimizer(learning_rate=1e-6 if name == "mapping_network" else 1e-4, weight_decay=1e-4)
    networks.semantic_heads = ConfigDict({"channels": 16, "branch": True} | common.UNKNOWN_SIZES)
    networks.patch_sampler = ConfigDict({"channels": 256, "initializer": "xavier"})
    for name in ("semantic_heads", "patch_sampler"):
        config.optimizers[name] = common.optimizer(learning_rate=1e-3, b1=0.9)

    config.losses.objective = "relativistic"
    config.losses.r1_weight = 0.1
    config.losses.r2_weight = 0.1
    config.losses.penalty_step = 0.03
    config.losses.style_reconstruction_weight = 1.0
    config.losses.region_style_weight = 2.0
    config.losses.latent_style_weight = 1.0
    config.losses.slots_weight = 1.0
    config.losses.restoration_weight = 4.0
    config.losses.dissimilarity_weight = 1.0
    config.losses.changed_share = 0.5
    config.losses.translated_share = 0.25
    config.losses.reconstruction_weight = 0.0
    config.losses.diversity_weight = 0.0
    config.losses.diversity_decay_kimg = 800.0
    config.losses.semantic_weight = 1.0
    config.losses.heads_weight = 1.0
    config.losses.heads_noise = 0.3
    config.losses.heads_until_kimg = 0.0
    config.losses.nce_weight = 0.0
    config.losses.nce_patches = 256
    config.losses.temperature = 0.07
    config.losses.ada_target = 0.0  # of pairs, whose sign says which of the two D takes for real
    config.losses.ada_kimg = 100.0
    config.losses.ada_most = 0.6
    config.losses.augment_supersampling = 1
    config.losses.content = ConfigDict(common.NOTHING)
    config.losses.style = ConfigDict(common.NOTHING)
    config.losses.content_attributes = ()
    config.losses.style_attributes = ()
    return config


ON_DRAWN_FACES: Values = {
    "networks.semantic_heads.mask_classes": 7,
    "networks.semantic_heads.landmarks": 5,
    "losses.content.mask": 1.0,
    "losses.content.landmarks": 10.0,
    "losses.content.attributes": 1.0,
    "losses.content_attributes": ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Narrow_Eyes", "Bangs", "Arched_Eyebrows", "Bald"),
    "losses.style.attributes": 0.5,
    "losses.style_attributes": ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"),
}
"""Masks, landmarks and expressions are the content's, the hair's colour is the style's."""


def rates(rate: float) -> Values:
    """The generator's and the discriminator's; half of it for the style encoder, a quarter for the mapping network."""
    return common.rates(generator=rate, discriminator=rate, style_encoder=rate / 2, mapping_network=rate / 4, semantic_heads=2e-3)


FOR_TWO_CORES: Values = {
    "batch_size": 4,
    **common.for_networks(
        "generator",
        **{"style_dim": 32, "token_dim": 8, "base_channels": 48, "max_channels": 48},
        **{"half_channels": 16, "full_channels": 8},
    ),
    **common.for_networks("mapping_network", hidden_channels=64),
    **common.for_networks("style_encoder", base_channels=32, max_channels=64),
    **common.for_networks("discriminator", base_channels=16, max_channels=64),
    **common.for_networks("patch_sampler", channels=64),  # of the contrast, which is off
    "losses.nce_patches": 64,
    **rates(2e-3),
    **common.rates(patch_sampler=4e-4),
}
"""Narrow networks, small batches and high rates."""


def on_two_cores(changes: Values | None = None, minutes: float = 20.0) -> ConfigDict:
    """The experiment between two media of `drawn_faces` for two CPU cores; `changes` replace values of it."""
    return common.with_changes(get_config(), common.between_two_media(minutes), ON_DRAWN_FACES | FOR_TWO_CORES | (changes or {}))


def on_a_folder(minutes: float = 30.0) -> ConfigDict:
    """The experiment on a user's own pictures, which nobody has annotated, for two CPU cores: 64 px, contrast between patches."""
    own = {"data.name": "folder", "losses.nce_weight": 1.0, "total_kimg": 500.0}
    return common.with_changes(get_config(), common.translation(minutes, train_count=0, test_count=0), FOR_TWO_CORES, own)
