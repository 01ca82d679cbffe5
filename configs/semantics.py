"""Compares what methods keep of a content's semantics, in ten minutes each: the same pictures of `drawn_faces` and the same judge for all.

    python launch.py --config configs/semantics.py:stargan_v2 --workdir runs/semantics/stargan_v2-0
    python benchmarks/semantics.py --runs runs/semantics

The argument names the method: semgan (the default) with one thing off or other at a time, or another algorithm. `benchmarks/semantics.py`
trains and measures all of them.
"""

from collections.abc import Callable
from functools import partial

from ml_collections import ConfigDict

from configs import cut, cyclegan, munit, semgan, stargan_v2
from configs.common import Values

MINUTES = 10.0
_NOTHING_KEPT: Values = {f"losses.content.{name}": 0.0 for name in ("mask", "landmarks", "attributes")}
_OF_THEIR_OWN: Values = {"networks.semantic_heads.branch": False}
_NO_GLASSES_IN_INK: Values = {"data.left_out": ("ink&Eyeglasses",)}
_JOLIGEN: Values = {
    "losses.content.mask": 1.0,
    "networks.semantic_heads.mask_classes": 7,
    "optimizers.semantic_heads.learning_rate": 2e-3,
}
"""A label network and a weight of masks, in the manner of joliGEN."""


def _semgan(changes: Values) -> Callable[[], ConfigDict]:
    return partial(semgan.on_two_cores, changes, minutes=MINUTES)


METHODS: dict[str, Callable[[], ConfigDict]] = {
    "semgan": _semgan({}),
    "label_free": _semgan({**_NOTHING_KEPT, "losses.style.attributes": 0.0, "losses.nce_weight": 1.0}),
    "stargan_v2": partial(stargan_v2.on_two_cores, minutes=MINUTES),
    "cut": partial(cut.on_two_cores, minutes=MINUTES),
    "cyclegan": partial(cyclegan.on_two_cores, minutes=MINUTES),
    "munit": partial(munit.on_two_cores, minutes=MINUTES),
    "mask_cut": partial(cut.on_two_cores, "cut", _JOLIGEN, minutes=MINUTES),
    "no_semantics": _semgan({**_NOTHING_KEPT, "losses.nce_weight": 0.0}),
    "no_landmarks": _semgan({"losses.content.landmarks": 0.0}),
    "no_mask": _semgan({"losses.content.mask": 0.0}),
    "no_style_attributes": _semgan({"losses.style.attributes": 0.0}),
    "no_restoration": _semgan({"losses.restoration_weight": 0.0, "losses.reconstruction_weight": 1.0}),
    "restored_as_they_are": _semgan({"losses.changed_share": 0.0, "losses.translated_share": 0.0}),
    "no_changed": _semgan({"losses.changed_share": 0.0}),
    "no_translated": _semgan({"losses.translated_share": 0.0}),
    "no_dissimilarity": _semgan({"losses.dissimilarity_weight": 0.0}),
    "no_region_style": _semgan({"losses.region_style_weight": 0.0}),
    "no_latent_style": _semgan({"losses.latent_style_weight": 0.0}),
    "one_slot": _semgan({"networks.generator.slots": 1, "networks.generator.token_dim": 64}),
    "wide_details": _semgan({"networks.generator.detail_channels": 48}),
    "exact_penalties": _semgan({"losses.penalty_step": 0.0}),
    "no_r2": _semgan({"losses.r2_weight": 0.0}),
    "non_saturating": _semgan({"losses.objective": "non_saturating"}),
    "free_slots": _semgan({"losses.slots_weight": 0.0}),
    "separate_heads": _semgan(_OF_THEIR_OWN),
    "frozen_heads": _semgan(_OF_THEIR_OWN | {"losses.heads_until_kimg": 2.0}),
    "with_augmentation": _semgan({"losses.ada_target": 0.3, "losses.ada_kimg": 10.0}),
    "left_out": _semgan(_NO_GLASSES_IN_INK),
    "stargan_v2_left_out": partial(stargan_v2.on_two_cores, _NO_GLASSES_IN_INK, minutes=MINUTES),
}
"""Experiments by the config's argument; each is one change of its algorithm's experiment between two media."""


def get_config(method: str = "semgan") -> ConfigDict:
    """One of `METHODS`, for ten minutes of one core."""
    if method not in METHODS:
        raise ValueError(f"the config's argument is {method!r}: choose configs/semantics.py: followed by {', '.join(METHODS)}")
    return METHODS[method]()
