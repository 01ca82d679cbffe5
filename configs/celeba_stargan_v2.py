"""StarGAN v2 on CelebA's official files, between men and women by default, with the paper's values.

    python launch.py --config configs/celeba_stargan_v2.py:128 --workdir runs/celeba --config.data.source=FOLDER

FOLDER holds img_align_celeba.zip, list_attr_celeba.txt, list_landmarks_align_celeba.txt and list_eval_partition.txt, or a
tfds preparation of `celeb_a`. Other domains are attributes or conjunctions of them:
`--config.data.domains="Blond_Hair&~Male,Black_Hair&~Male"`. At 256 px, batch 8, the paper trains 100,000 iterations.
"""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config(size: str = "128") -> ConfigDict:
    """`:128` (the default) or `:256`, in pixels. The high-pass face branch stays off: it needs heat-map masks."""
    changes = {
        "image_size": common.pixels(size, "celeba_stargan_v2"),
        "data.name": "celeb_a",
        "data.domains": ("Male", "~Male"),
        "precision": "bfloat16",
        "evaluate_kimg": 100.0,
    }
    return common.with_changes(stargan_v2.get_config(), changes)
