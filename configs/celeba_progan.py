"""ProGAN on CelebA's official files, with the paper's values.

    python launch.py --config configs/celeba_progan.py:128 --workdir runs/celeba_progan --config.data.source=FOLDER

FOLDER holds the files that configs/celeba_stargan_v2.py names.
"""

from ml_collections import ConfigDict

from configs import common, progan


def get_config(size: str = "128") -> ConfigDict:
    """`:128` (the default) or `:256`, in pixels; as many images after the last fade as the paper takes at its last size."""
    changes = {
        "image_size": common.pixels(size, "celeba_progan"),
        "precision": "bfloat16",
        "data.name": "celeb_a",
        "log_kimg": 10.0,
        "picture_kimg": 100.0,
        "checkpoint_kimg": 200.0,
    }
    return common.with_changes(progan.get_config(), changes)
