"""pix2pix on pairs of pictures of one name (edges and photographs, maps and views), with the paper's values at 256 px.

    python launch.py --config configs/pairs_pix2pix.py --workdir runs/pairs --config.data.source=FOLDER

FOLDER holds A/ (the inputs) and B/ (the outputs), or train/ and test/ with those inside; a pair's two files have the same name. Or it
holds pictures with A at the left and B at the right, or train/ and test/ or val/ with these (pix2pix's own data).
"""

from ml_collections import ConfigDict

from configs import common, pix2pix


def get_config() -> ConfigDict:
    """Pictures scaled to 286 px and cut to 256, as the paper has it: a box of (256/286)^2 of the area."""
    return common.with_changes(pix2pix.get_config(), common.CROPS_OF_286, {"data.name": "folder"})
