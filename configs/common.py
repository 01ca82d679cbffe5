"""Shared parts of experiments: every key with its default, changes of a config, recipes for one machine or another, and the debug shrinker.

`semgan/settings.py` says what each key means.

Configs are two levels deep. An algorithm's base file (`stargan_v2.py`) writes its paper's values over the defaults and imports nothing
but this file; an experiment's file (`celeba_stargan_v2.py`) takes one base and changes it by `with_changes`, once a key. What several
experiments change alike is a value here or beside their base.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from semgan.config import flatten
from semgan.settings import defaults, optimizer_defaults

Values = dict[str, Any]
"""Values by key, such as `{"data.name": "folder"}`."""


def get_config() -> ConfigDict:
    """The keys that all experiments have, at their defaults; an algorithm's base config fills in networks, losses and optimizers."""
    return ConfigDict(defaults() | {"networks": {}, "losses": {}, "optimizers": {}})


def optimizer(**changes: Any) -> ConfigDict:
    """One network's optimizer; every network of an algorithm has one under `config.optimizers`."""
    return ConfigDict(optimizer_defaults() | changes)


NOTHING: Values = dict.fromkeys(("mask", "landmarks", "attributes", "category", "boxes"), 0.0)
"""Weights of what can be annotated."""
UNKNOWN_SIZES: Values = dict.fromkeys(("mask_classes", "landmarks", "categories", "boxes"), 0)
"""The marker for semantic heads that learn as much as the data have, which training fills in."""


def with_changes(config: ConfigDict, *changes: Mapping[str, Any]) -> ConfigDict:
    """The config with some of its values replaced; changes may be in groups: `{"networks.generator": {"blocks": 4}}`.

    Raises:
      ValueError: a key that the config does not have, or that two of the changes give.
    """
    values: Values = {}
    for each in map(flatten, changes):
        if unknown := sorted(each.keys() - flatten(config).keys()):
            raise ValueError(f"{unknown[0]} is changed, which the base config does not have")
        if twice := sorted(each.keys() & values.keys()):
            raise ValueError(f"{twice[0]} is changed twice")
        values |= each
    config = config.copy_and_resolve_references()
    config.update_from_flattened_dict(values)
    return config


def for_all_optimizers(config: ConfigDict, **settings: Any) -> Values:
    """These settings for every network that has an optimizer."""
    return {f"optimizers.{name}.{key}": value for name in config.optimizers for key, value in settings.items()}


def for_networks(*names: str, **arguments: Any) -> Values:
    """These constructor arguments for several networks."""
    return {f"networks.{name}.{argument}": value for name in names for argument, value in arguments.items()}


def rates(**by_network: float) -> Values:
    """Learning rates by network."""
    return {f"optimizers.{name}.learning_rate": rate for name, rate in by_network.items()}


def pixels(size: str, name: str, sizes: tuple[str, ...] = ("128", "256")) -> int:
    """The config's argument, one of `sizes`, as a number; `name` is the config's."""
    if size not in sizes:
        choices = f"{', '.join(f':{each}' for each in sizes[:-1])} or :{sizes[-1]}"
        raise ValueError(f"the config's argument is {size!r}: choose configs/{name}.py{choices}")
    return int(size)


CROPS_OF_286: Values = {
    "augment.crop_probability": 1.0,
    "augment.crop_scale": (256 / 286) ** 2,
    "augment.crop_most": (256 / 286) ** 2,
    "augment.crop_ratio": 1.0,
}
"""Pictures "scaled to 286 px and cut to 256" (pix2pix, CycleGAN, CUT): always a square of (256/286)^2 of the area, anywhere."""


def for_two_cores(minutes: float = 20.0, train_count: int = 20_000, test_count: int = 2_000) -> Values:
    """Values of the small experiments on `drawn_faces`: 64 px, `minutes` by the clock, and a judge of a size to match."""
    return {
        "image_size": 64,
        "max_minutes": minutes,
        "data.train_count": train_count,
        "data.test_count": test_count,
        "augment.crop_probability": 0.0,  # where things are belongs to the content
        "judge.channels": 16,
        "judge.steps": 800,
        "judge.batch_size": 32,
    }


def for_one_gpu() -> Values:
    """Values of the experiments on `drawn_faces` that one GPU finishes in ten minutes: 128 px and bfloat16."""
    return {
        "image_size": 128,
        "data.train_count": 20_000,
        "data.test_count": 2_000,
        "augment.crop_probability": 0.0,
        "batch_size": 32,
        "precision": "bfloat16",
        "total_kimg": 300.0,
        "evaluate_kimg": 50.0,
    }


def from_noise() -> Values:
    """Values of the small experiments that draw from noise; the clock ends the run unless `max_minutes` is 0."""
    return for_two_cores() | {"batch_size": 8, "checkpoint_kimg": 40.0, "evaluate_kimg": 30.0}


def falling_rates(config: ConfigDict, start_kimg: float, end_kimg: float) -> Values:
    """Rates that fall linearly to 0 over the last part of a run, which ends with them: what it drew last is what it had learned."""
    return {"total_kimg": end_kimg} | for_all_optimizers(config, final_learning_rate=0.0, decay_start_kimg=start_kimg)


def translation(minutes: float = 20.0, train_count: int = 20_000, test_count: int = 2_000) -> Values:
    """Values of the small experiments that translate: short averages, and a picture and scores every 4,000 images."""
    return for_two_cores(minutes, train_count, test_count) | {
        "ema_half_life_kimg": 1.0,
        "ema_ramp": 0.05,
        "log_kimg": 0.4,
        "picture_kimg": 4.0,
        "checkpoint_kimg": 8.0,
        "evaluate_kimg": 4.0,
    }


def between_two_media(minutes: float = 20.0) -> Values:
    """The translation from shaded drawings to ink or between them."""
    return translation(minutes) | {"data.domains": ("shaded", "ink"), "total_kimg": 500.0}


def large_steps(config: ConfigDict) -> Values:
    """Values for methods whose papers train for days, one picture at a time: a batch of four, and higher rates, which stay."""
    return {"batch_size": 4} | for_all_optimizers(config, learning_rate=4e-4, final_learning_rate=-1.0, decay_start_kimg=0.0)


def shrink(config: ConfigDict) -> ConfigDict:
    """The same experiment as a smoke test: ten steps of tiny networks on a few small pictures (`launch.py --debug`)."""
    config.image_size = 16
    config.batch_size = 8
    config.precision = "float32"  # bfloat16 takes a CPU longer to compile
    config.total_kimg = 0.08
    config.log_kimg = config.picture_kimg = config.checkpoint_kimg = 0.04
    config.evaluate_kimg = 0.0
    config.picture_rows = config.picture_columns = 3
    config.data.train_count = min(config.data.train_count or 128, 128)
    config.data.test_count = min(config.data.test_count or 64, 64)
    config.judge.channels = 8
    config.judge.steps = 20
    config.judge.matcher_steps = 10
    config.judge.batch_size = 16
    config.judge.pairs = config.judge.samples = 16
    if "phase_kimg" in config.losses:  # every stage of growing in ten steps
        config.losses.phase_kimg = 0.016
        for settings in config.optimizers.values():
            settings.reset_kimg = 0.016
    if "changed_share" in config.losses:  # drawing random styles takes longer to compile than all else
        config.losses.changed_share = 0.0
    if "nce_layers" in config.losses:  # the others lie in blocks that are left out
        config.losses.nce_layers = config.losses.nce_layers[:2]
    for network in config.networks.values():
        for key in [key for key in network if key.endswith("channels")]:
            network[key] = min(network[key], 16)
        if "blocks" in network:
            network.blocks = 1
        if "bottleneck_size" in network:  # fewer blocks, and so less to compile
            network.update({"bottleneck_size": 4 if "slots" in network else 8, "bottleneck_blocks": 1})
    return config
