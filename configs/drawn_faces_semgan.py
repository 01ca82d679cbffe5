"""semgan's own algorithm on `drawn_faces`: at 64 px between two media for two CPU cores (`:64`, the default), at 128 px between four
for one GPU.

    python launch.py --config configs/drawn_faces_semgan.py --workdir runs/drawn_faces_semgan
    python launch.py --config configs/drawn_faces_semgan.py:128 --workdir runs/drawn_faces_semgan_128

Neither has been trained with today's semgan yet; its first version came to a transfer score of 0.97, both ways, after ten minutes of one
core.
"""

from ml_collections import ConfigDict

from configs import common, semgan


def get_config(size: str = "64") -> ConfigDict:
    """`:64` or `:128`, in pixels; masks, landmarks and expressions are the content's, the hair's colour is the style's."""
    sizes = {"64": semgan.on_two_cores, "128": _on_one_gpu}
    if size not in sizes:
        raise ValueError(f"the config's argument is {size!r}: choose configs/drawn_faces_semgan.py:64 or :128")
    return sizes[size]()


def _on_one_gpu() -> ConfigDict:
    """Widths up to 256; sized to show a good transfer within ten minutes of a current GPU."""
    return common.with_changes(
        semgan.get_config(),
        common.for_one_gpu(),
        semgan.ON_DRAWN_FACES,
        common.for_networks("generator", "style_encoder", "discriminator", base_channels=48, max_channels=256),
        semgan.rates(1e-3),
    )
