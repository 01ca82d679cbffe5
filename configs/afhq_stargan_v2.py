"""StarGAN v2 on AFHQ (cats, dogs, wild animals) or any folder of its layout, with the paper's values at 256 px.

    python launch.py --config configs/afhq_stargan_v2.py --workdir runs/afhq --config.data.source=FOLDER

FOLDER holds one sub-folder per domain, or train/ and test/ (or val/) with those inside. Domains are the sub-folders' names.
"""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config() -> ConfigDict:
    """Diversity weight 2, as the paper has it on AFHQ."""
    changes = {"data.name": "folder", "losses.diversity_weight": 2.0, "precision": "bfloat16"}
    return common.with_changes(stargan_v2.get_config(), changes)
