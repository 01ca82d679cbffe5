"""The noise-to-face GAN: CelebA's faces at 128 px from 100 normal numbers, batch 64, Adam 1e-4.

    python launch.py --config configs/celeba_dcgan.py --workdir runs/celeba_dcgan --config.data.source=FOLDER

FOLDER holds the files that configs/celeba_stargan_v2.py names. `--config.losses.objective=minimax` trains the generator by the
minimax form instead.
"""

from ml_collections import ConfigDict

from configs import common, dcgan


def get_config() -> ConfigDict:
    """Widths of 64 at 64x64 up to 1024 at 4x4."""
    config = dcgan.get_config()
    changes = {
        "image_size": 128,
        "batch_size": 64,
        "precision": "bfloat16",
        "data.name": "celeb_a",
        "augment.flip": True,
        "networks.generator.base_channels": 64,
        "networks.discriminator.base_channels": 64,
    }
    return common.with_changes(config, changes, common.for_all_optimizers(config, learning_rate=1e-4))
