"""StyleGAN2 with ADA on CelebA's official files, by the automatic recipe of ADA (arXiv 2006.06676, appendix A) for one GPU.

    python launch.py --config configs/celeba_stylegan2.py:128 --workdir runs/celeba_stylegan2 --config.data.source=FOLDER

FOLDER holds img_align_celeba.zip, list_attr_celeba.txt, list_landmarks_align_celeba.txt and list_eval_partition.txt, or a
tfds preparation of `celeb_a`.
"""

from ml_collections import ConfigDict

from configs import common, stylegan2


def get_config(size: str = "128") -> ConfigDict:
    """`:128` (the default) or `:256`, in pixels, which sets batch size, R1's gamma and the averaging as ADA does."""
    pixels = common.pixels(size, "celeba_stylegan2")
    batch_size = 4096 // pixels
    changes = {
        "image_size": pixels,
        "batch_size": batch_size,
        "ema_half_life_kimg": batch_size * 10 / 32,
        "ema_ramp": 0.05,
        "losses.r1_weight": 0.0002 * pixels**2 / batch_size,
        "networks.mapping_network.layers": 2,
        "networks.discriminator.stddev_group": 4,
        "data.name": "celeb_a",
        "precision": "bfloat16",
    }
    return common.with_changes(stylegan2.get_config(), changes)
