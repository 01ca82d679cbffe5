"""CUT on `drawn_faces` at 64 px, from shaded drawings to ink, without pairs, for two CPU cores.

    python launch.py --config configs/drawn_faces_cut.py --workdir runs/drawn_faces_cut

What to expect: 53,000 images, transfer score 0.95.
"""

from ml_collections import ConfigDict

from configs import common, cut


def get_config() -> ConfigDict:
    """Widths of a quarter, 4 blocks, strided convolutions, and fewer patches."""
    return narrow(cut.get_config())


def narrow(config: ConfigDict) -> ConfigDict:
    """What CUT and FastCUT share."""
    common.between_two_media(config)
    networks = config.networks
    networks.generator.update({"base_channels": 16, "blocks": 4, "antialiased": False})
    networks.patch_sampler.channels = 64
    networks.discriminator.update({"base_channels": 16, "antialiased": False})
    config.losses.nce_layers = (0, 4, 7, 10, 13)  # without blurs between them: both convolutions that halve, first and last block
    config.losses.nce_patches = 64
    return config
