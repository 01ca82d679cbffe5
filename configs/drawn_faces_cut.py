"""CUT on `drawn_faces` at 64 px, from shaded drawings to ink, without pairs, for two CPU cores.

    python launch.py --config configs/drawn_faces_cut.py --workdir runs/drawn_faces_cut

What to expect: 53,000 images, transfer score 0.95.
"""

from ml_collections import ConfigDict

from configs import cut


def get_config() -> ConfigDict:
    """Widths of a quarter, 4 blocks, strided convolutions, and fewer patches."""
    return cut.on_two_cores()
