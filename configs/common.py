"""What experiments share: every key with its default, recipes for one machine or another, and the debug shrinker.

What each key means stands in `semgan/settings.py`.
"""

from typing import Any

from ml_collections import ConfigDict

from semgan.settings import defaults, optimizer_defaults


def get_config() -> ConfigDict:
    """Every key that all experiments have, with its default; an algorithm's base config fills in networks, losses and optimizers."""
    return ConfigDict(defaults() | {"networks": {}, "losses": {}, "optimizers": {}})


def optimizer(**changes: Any) -> ConfigDict:
    """One network's optimizer; every network of an algorithm has one under `config.optimizers`."""
    return ConfigDict(optimizer_defaults() | changes)


def pixels(size: str, name: str) -> int:
    """The config's argument, `:128` or `:256`, as a number; `name` is the config's."""
    if size not in ("128", "256"):
        raise ValueError(f"the config's argument is {size!r}: choose configs/{name}.py:128 or :256")
    return int(size)


def crops_of_286(config: ConfigDict) -> ConfigDict:
    """Pictures "scaled to 286 px and cut to 256" (pix2pix, CycleGAN, CUT): always a square of (256/286)^2 of the area, anywhere."""
    config.augment.crop_probability = 1.0
    config.augment.crop_scale = config.augment.crop_most = (256 / 286) ** 2
    config.augment.crop_ratio = 1.0
    return config


def for_two_cores(config: ConfigDict) -> ConfigDict:
    """What the small experiments on `drawn_faces` share: 64 px, twenty minutes by the clock, and a judge of a size to match."""
    config.image_size = 64
    config.max_minutes = 20.0
    config.data.train_count = 20_000
    config.data.test_count = 2_000
    config.augment.crop_probability = 0.0  # where things are belongs to the content
    config.judge.channels = 16
    config.judge.steps = 800
    config.judge.batch_size = 32
    return config


def for_one_gpu(config: ConfigDict) -> ConfigDict:
    """What the experiments on `drawn_faces` share that one GPU is to do in ten minutes: 128 px and bfloat16."""
    for_two_cores(config)
    config.image_size = 128
    config.max_minutes = 0.0
    config.judge.update({"channels": 32, "steps": 1500, "batch_size": 64})
    config.batch_size = 32
    config.precision = "bfloat16"
    config.total_kimg = 300.0
    config.evaluate_kimg = 50.0
    return config


def falling_rates(config: ConfigDict, start_kimg: float, end_kimg: float) -> ConfigDict:
    """Rates that fall linearly to 0 over the last part of a run, which ends with them: what it drew last is what it had learned."""
    config.total_kimg = end_kimg
    for settings in config.optimizers.values():
        settings.update({"final_learning_rate": 0.0, "decay_start_kimg": start_kimg})
    return config


def from_noise(config: ConfigDict) -> ConfigDict:
    """What the small experiments that draw from noise share; the clock ends the run unless `max_minutes` is 0."""
    for_two_cores(config)
    config.batch_size = 8
    config.total_kimg = 1_000.0
    config.ema_half_life_kimg = 5.0
    config.ema_ramp = 0.05
    config.log_kimg = 2.0
    config.picture_kimg = 20.0
    config.checkpoint_kimg = 40.0
    config.evaluate_kimg = 30.0
    return config


def between_two_media(config: ConfigDict) -> ConfigDict:
    """What the small experiments that translate share, from shaded drawings to ink or between them: larger batches and rates."""
    for_two_cores(config)
    config.data.domains = ("shaded", "ink")
    config.batch_size = 4
    config.total_kimg = 500.0
    for settings in config.optimizers.values():
        settings.update({"learning_rate": 4e-4, "final_learning_rate": -1.0, "decay_start_kimg": 0.0})
    config.ema_half_life_kimg = 1.0
    config.ema_ramp = 0.05
    config.log_kimg = 0.4
    config.picture_kimg = 4.0
    config.checkpoint_kimg = 8.0
    config.evaluate_kimg = 4.0
    return config


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
    config.judge.batch_size = 16
    config.judge.pairs = config.judge.samples = 16
    if "phase_kimg" in config.losses:  # every stage of growing in ten steps
        config.losses.phase_kimg = 0.016
        for settings in config.optimizers.values():
            settings.reset_kimg = 0.016
    if "nce_layers" in config.losses:  # the others lie in blocks that are left out
        config.losses.nce_layers = config.losses.nce_layers[:2]
    for network in config.networks.values():
        for key in [key for key in network if key.endswith("channels")]:
            network[key] = min(network[key], 16)
        if "blocks" in network:
            network.blocks = 1
        if "bottleneck_size" in network:  # fewer blocks, and so less to compile
            network.update({"bottleneck_size": 8, "bottleneck_blocks": 1})
    return config
