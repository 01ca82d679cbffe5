"""Defaults that every experiment starts from; a config file overrides what it changes.

Lengths of training are in thousands of images (kimg), so that a run means the same at any batch size.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Every key that exists, with its default; networks, losses and optimizers are filled in by the algorithm's base config."""
    config = ConfigDict()
    config.algorithm = ""
    config.seed = 0
    config.image_size = 64  # pixels, square
    config.batch_size = 8  # global, over all devices of all processes
    config.accumulate = 1  # gradient accumulation: micro-batches a device takes one after another
    config.precision = "float32"  # or "bfloat16": of the compute; parameters, losses and statistics stay float32
    config.total_kimg = 800.0
    config.max_minutes = 0.0  # stops earlier by the clock; 0: no limit

    config.data = ConfigDict()
    config.data.name = "drawn_faces"  # or "celeb_a", "folder"
    config.data.source = ""  # folder of the user's files
    config.data.domains = ()  # names, or attribute expressions; empty: all that the data has
    config.data.left_out = ()  # expressions such as "ink&Eyeglasses": pictures that match one are left out of training, not of tests
    config.data.pairing = "any"  # references: of "any" domain, of an "other", "paired" with the content, or "none" without translation
    config.data.train_count = 0  # examples used of each split; 0: all
    config.data.test_count = 0

    config.augment = ConfigDict()
    config.augment.flip = True
    config.augment.crop_probability = 0.5  # random resized crop
    config.augment.crop_scale = 0.8  # least share of the area that a crop keeps
    config.augment.crop_most = 1.0  # and the largest
    config.augment.crop_ratio = 1.1  # largest ratio of width to height; the least is 2 - crop_ratio

    config.networks = ConfigDict()
    config.losses = ConfigDict()
    config.optimizers = ConfigDict()
    config.ema_half_life_kimg = 5.5
    config.ema_ramp = 0.0  # half-life is at most this share of the images seen; 0: no ramp
    config.ema_burn_in_kimg = 0.0  # half-life rises from 0 along half a cosine over so many; 0: it is there at once

    config.log_kimg = 2.0
    config.picture_kimg = 20.0
    config.checkpoint_kimg = 50.0
    config.evaluate_kimg = 0.0  # transfer score during training; 0: only at the end
    config.keep_checkpoints = 2
    config.allow_changes = False  # goes on with a run though its data or settings have changed
    config.rollback_after = 20  # skipped steps in a row, after which training goes back to its last checkpoint; 0: never
    config.most_rollbacks = 3  # then training stops
    config.spike_factor = 0.0  # skips steps whose gradient norm is above so many times its running median; 0: none
    config.stop_on_collapse = True  # after three evaluations in a row whose samples are all alike
    config.picture_rows = 6  # contents down
    config.picture_columns = 6  # references across

    config.judge = ConfigDict()
    config.judge.channels = 32
    config.judge.steps = 1500
    config.judge.batch_size = 64
    config.judge.pairs = 500  # held-out pairs that the transfer score is taken on
    config.judge.samples = 1000  # of a noise-to-image generator, that its scores are taken on
    config.judge.inception = ""  # file of FID's Inception, for FID beside the judge's scores; empty: none
    return config


def optimizer(**changes) -> ConfigDict:
    """One network's optimizer; every network of an algorithm has one under `config.optimizers`."""
    config = ConfigDict()
    config.learning_rate = 1e-4
    config.final_learning_rate = -1.0  # the rate falls to it from `decay_start_kimg` to `decay_end_kimg`; negative: constant
    config.decay_start_kimg = 0.0
    config.decay_end_kimg = 0.0  # 0: `total_kimg`
    config.decay_shape = "linear"  # or "cosine"
    config.warmup_kimg = 0.0  # linear from 0
    config.b1 = 0.0
    config.b2 = 0.99
    config.final_b2 = -1.0  # b2 goes to it as the rate falls; negative: constant
    config.reset_kimg = 0.0  # forgets Adam's moments whenever so many thousand images have passed; 0: never
    config.eps = 1e-8
    config.weight_decay = 0.0  # coupled L2: added to the gradient before Adam
    config.clip_norm = 0.0  # global norm; 0: off
    config.update(changes)
    return config


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
