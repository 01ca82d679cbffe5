"""What methods keep of a content's semantics, in ten minutes each: the same pictures of `drawn_faces` and the same judge for all.

    python launch.py --config configs/semantics.py:stargan_v2 --workdir runs/semantics/stargan_v2-0
    python benchmarks/semantics.py --runs runs/semantics

The argument names the method: semgan (the default) with one thing off or other at a time, or another algorithm. `benchmarks/semantics.py`
trains and measures all of them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from configs import drawn_faces_cut, drawn_faces_cyclegan, drawn_faces_semgan, drawn_faces_stargan_v2

_NOTHING_KEPT = {f"losses.content.{name}": 0.0 for name in ("mask", "landmarks", "attributes")}
_OF_THEIR_OWN = {"networks.semantic_heads.branch": False}
_NO_GLASSES_IN_INK = {"data.left_out": ("ink&Eyeglasses",)}


def _mask_cut() -> ConfigDict:
    """CUT with semgan's label network and its weight of masks, in the manner of joliGEN."""
    config = drawn_faces_cut.get_config()
    config.losses.content.mask = 1.0
    config.networks.semantic_heads.mask_classes = 7
    config.optimizers.semantic_heads.learning_rate = 2e-3
    return config


def _changed(base: Callable[[], ConfigDict], changes: dict[str, Any]) -> ConfigDict:
    config = base()
    config.update_from_flattened_dict(changes)
    return config


def _semgan(changes: dict[str, Any]) -> Callable[[], ConfigDict]:
    return partial(_changed, drawn_faces_semgan.get_config, changes)


METHODS: dict[str, Callable[[], ConfigDict]] = {
    "semgan": drawn_faces_semgan.get_config,
    "label_free": _semgan({**_NOTHING_KEPT, "losses.style.attributes": 0.0, "losses.nce_weight": 1.0}),
    "stargan_v2": drawn_faces_stargan_v2.get_config,
    "cut": drawn_faces_cut.get_config,
    "cyclegan": drawn_faces_cyclegan.get_config,
    "mask_cut": _mask_cut,
    "no_semantics": _semgan({**_NOTHING_KEPT, "losses.nce_weight": 0.0}),
    "no_landmarks": _semgan({"losses.content.landmarks": 0.0}),
    "no_mask": _semgan({"losses.content.mask": 0.0}),
    "no_style_attributes": _semgan({"losses.style.attributes": 0.0}),
    "no_reconstruction": _semgan({"losses.reconstruction_weight": 0.0}),
    "no_diversity": _semgan({"losses.diversity_weight": 0.0}),
    "no_r2": _semgan({"losses.r2_weight": 0.0}),
    "non_saturating": _semgan({"losses.objective": "non_saturating"}),
    "separate_heads": _semgan(_OF_THEIR_OWN),
    "frozen_heads": _semgan(_OF_THEIR_OWN | {"losses.heads_until_kimg": 2.0}),
    "with_augmentation": _semgan({"losses.ada_target": 0.3, "losses.ada_kimg": 10.0}),
    "left_out": _semgan(_NO_GLASSES_IN_INK),
    "stargan_v2_left_out": partial(_changed, drawn_faces_stargan_v2.get_config, _NO_GLASSES_IN_INK),
}
"""By the config's argument."""


def get_config(method: str = "semgan") -> ConfigDict:
    """One of `METHODS`, for ten minutes of one core."""
    if method not in METHODS:
        raise ValueError(f"the config's argument is {method!r}: choose configs/semantics.py: followed by {', '.join(METHODS)}")
    config = METHODS[method]()
    config.max_minutes = 10.0
    config.evaluate_kimg = 4.0
    return config
