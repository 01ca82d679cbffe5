"""U-GAT-IT on `drawn_faces` at 64 px, between shaded drawings and ink, without pairs, for two CPU cores.

python launch.py --config configs/drawn_faces_ugatit.py --workdir runs/drawn_faces_ugatit

What to expect after twenty minutes has not been measured. After 8,400 pictures the transfer score was 0.67, and faces were rough.
"""

from ml_collections import ConfigDict

from configs import ugatit


def get_config() -> ConfigDict:
    """Widths of a quarter, 2 blocks before and after the attention, and no identity term."""
    return ugatit.on_two_cores()
