"""CUT on horse2zebra or any folder of two domains, from the first to the second, with the paper's values at 256 px.

    python launch.py --config configs/horse2zebra_cut.py --workdir runs/horse2zebra --config.data.source=FOLDER

FOLDER holds trainA/ and trainB/, and testA/ and testB/ if there are test pictures.
"""

from ml_collections import ConfigDict

from configs import common, cut


def get_config() -> ConfigDict:
    """Pictures scaled to 286 px and cut to 256, as the paper has it: a box of (256/286)^2 of the area."""
    return common.with_changes(cut.get_config(), common.CROPS_OF_286, {"data.name": "folder"})
