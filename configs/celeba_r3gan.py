"""R3GAN on CelebA's official files at 256 px, with the paper's values for FFHQ-256.

    python launch.py --config configs/celeba_r3gan.py --workdir runs/celeba_r3gan --config.data.source=FOLDER

FOLDER holds the files that configs/celeba_stargan_v2.py names. On few devices `--config.accumulate` cuts the batch of 256 into
pieces that fit into memory.
"""

from ml_collections import ConfigDict

from configs import common, r3gan


def get_config() -> ConfigDict:
    """The largest four resolutions compute in bfloat16."""
    changes = {
        "precision": "bfloat16",
        "data.name": "celeb_a",
        "log_kimg": 10.0,
        "picture_kimg": 200.0,
        "checkpoint_kimg": 500.0,
    }
    return common.with_changes(r3gan.get_config(), changes)
