"""semgan's own algorithm on CelebA's official files, between men and women by default, with StarGAN v2's sizes and rates.

    python launch.py --config configs/celeba_semgan.py:128 --workdir runs/celeba_semgan --config.data.source=FOLDER

FOLDER as in celeba_stargan_v2.py. A translation keeps the content's landmarks and expression and takes colours and make-up from its
reference; `--config.losses.content_attributes` and `--config.losses.style_attributes` name others. Not trained yet.
"""

from ml_collections import ConfigDict

from configs import common, semgan


def get_config(size: str = "128") -> ConfigDict:
    """`:128` (the default) or `:256`, in pixels."""
    hair = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
    changes = {
        "image_size": common.pixels(size, "celeba_semgan"),
        "data.name": "celeb_a",
        "data.domains": ("Male", "~Male"),
        "precision": "bfloat16",
        "evaluate_kimg": 100.0,
        "networks.semantic_heads.channels": 32,
        "networks.semantic_heads.landmarks": 5,
        "losses.content.landmarks": 10.0,
        "losses.content.attributes": 1.0,
        "losses.content_attributes": ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Narrow_Eyes", "Bald", "Wearing_Hat"),
        "losses.style.attributes": 0.5,
        "losses.style_attributes": (*hair, "Heavy_Makeup", "Wearing_Lipstick", "Pale_Skin"),
    }
    return common.with_changes(semgan.get_config(), changes)
