"""StarGAN v2 on `drawn_faces`: at 64 px between two media for two CPU cores (`:64`, the default), at 128 px between four for one GPU.

    python launch.py --config configs/drawn_faces_stargan_v2.py --workdir runs/drawn_faces_stargan_v2
    python launch.py --config configs/drawn_faces_stargan_v2.py:128 --workdir runs/drawn_faces_128

What to expect of the first: 78,000 images, transfer score 0.89 (0.84 into ink); the second has not been trained yet.
"""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config(size: str = "64") -> ConfigDict:
    """`:64` or `:128`, in pixels; 20,000 drawn training faces."""
    sizes = {"64": stargan_v2.on_two_cores, "128": _on_one_gpu}
    if size not in sizes:
        raise ValueError(f"the config's argument is {size!r}: choose configs/drawn_faces_stargan_v2.py:64 or :128")
    return sizes[size]()


def _on_one_gpu() -> ConfigDict:
    """Widths up to 256; sized to show a good transfer within ten minutes of a current GPU."""
    return common.with_changes(
        stargan_v2.get_config(),
        common.for_one_gpu(),
        common.for_networks("generator", "style_encoder", "discriminator", max_channels=256),
        {"losses.diversity_decay_kimg": 300.0},
        common.rates(generator=2e-4, mapping_network=2e-6, style_encoder=2e-4, discriminator=2e-4),
    )
