"""semgan's own algorithm on any folders of pictures, one per domain, without annotations: at 64 px for two CPU cores and half an hour
(`:64`), at 128 (the default) or 256 px for one GPU.

    python launch.py --config configs/folder_semgan.py:64 --workdir runs/photos --config.data.source=FOLDER

The content is held by contrast between patches. Without annotations training reports `label_free_score`: what is kept by a matcher
that is trained on the same pictures at the start (a minute or two), what is adopted by statistics of style (docs/scores.md). Where
`annotations.csv` files lie in the folders, `--config.losses.content.landmarks=10` and the like say what is to be kept, and
`--config.losses.style.attributes=0.5` what is to be taken from the reference. `:128` and `:256` have not been trained yet; on CPUs add
`--config.precision=float32` to them.
"""

from ml_collections import ConfigDict

from configs import common, semgan


def get_config(size: str = "128") -> ConfigDict:
    """`:64`, `:128` (the default) or `:256`, in pixels."""
    image_size = common.pixels(size, "folder_semgan", ("64", "128", "256"))
    if image_size == 64:
        return semgan.on_a_folder()
    changes = {
        "image_size": image_size,
        "data.name": "folder",
        "losses.nce_weight": 1.0,
        "precision": "bfloat16",
        "evaluate_kimg": 100.0,
    }
    return common.with_changes(semgan.get_config(), changes)
