"""CycleGAN on horse2zebra or any folder of two domains, with the paper's values at 256 px.

    python launch.py --config configs/horse2zebra_cyclegan.py --workdir runs/horse2zebra --config.data.source=FOLDER

FOLDER holds trainA/ and trainB/, and testA/ and testB/ if there are test pictures. `configs/horse2zebra_cyclegan.py:unet` has a U-Net.
"""

from ml_collections import ConfigDict

from configs import common, cyclegan


def get_config(architecture: str = "resnet") -> ConfigDict:
    """Pictures scaled to 286 px and cut to 256, as the paper has it: a box of (256/286)^2 of the area."""
    return common.with_changes(cyclegan.get_config(architecture), common.CROPS_OF_286, {"data.name": "folder"})
