"""The table of config keys, each once: its default, its range, its meaning, and what may happen to it.

A key with a `*` is for all networks: `optimizers.*.b1` is that of `optimizers.generator.b1`. Lengths of training are in thousands of
images (kimg), so that a run means the same at any batch size.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Range(NamedTuple):
    """The values that a key may have.

    Attributes:
      holds: whether a value is one of them.
      description: of the values, after "has to be".
      refusal: a sentence in place of "has to be ...", to be formatted with `value`; empty: that one.
    """

    holds: Callable[[Any], bool]
    description: str
    refusal: str = ""


class Setting(NamedTuple):
    """One key.

    Attributes:
      meaning: in a line, with the unit.
      default: of every experiment; None where the algorithm's base config gives the value.
      range: None where any value of the type goes, or the algorithm checks it.
      required: an experiment has to give the value; the default says its type alone.
      may_change: a run that goes on may have another value than before.
      from_data: training takes it from the data where it is empty or 0.
      since: the day on which the key came; empty: it is as old as the first run that can still go on.
      before: what runs from before that day did, as JSON has it; None for keys without `since`.
      compared_as: the noun by which `semgan compare` names it, where scores of runs that differ in it are not comparable.
    """

    meaning: str
    default: Any = None
    range: Range | None = None
    required: bool = False
    may_change: bool = False
    from_data: bool = False
    since: str = ""
    before: Any = None
    compared_as: str = ""


def _at_least(least: float) -> Range:
    return Range(lambda value: least <= value < float("inf"), f"{least} or more")


def _above(bound: float) -> Range:
    return Range(lambda value: bound < value < float("inf"), f"above {bound}")


def _one_of(*names: str) -> Range:
    quoted = [repr(name) for name in names]
    return Range(lambda value: value in names, f"{', '.join(quoted[:-1])} or {quoted[-1]}")


_SHARE = Range(lambda value: 0 < value <= 1, "above 0 and at most 1")
_NOT_NEGATIVE = _at_least(0)._replace(refusal="{value} is negative; choose 0 or more.")
_DECAY = Range(lambda value: 0 <= value < 1, "from 0 to below 1", "{value} is outside [0, 1); choose a decay in it.")
_SHAPE = _one_of("linear", "cosine")._replace(refusal="{value!r} is unknown; use 'linear' or 'cosine'.")
_FINAL_DECAY = Range(
    lambda value: value < 1,
    "below 1",
    "{value} is outside [0, 1); choose a decay in it, or a negative number for none.",
)

_TRAINING = {
    "algorithm": Setting("name of a file in semgan/algorithms", "", Range(bool, "an algorithm's name"), required=True),
    "seed": Setting("of everything that is drawn", 0, Range(lambda value: 0 <= value < 2**31, "from 0 to 2147483647")),
    "image_size": Setting(
        *("side of the square pictures in pixels", 64, Range(lambda value: 8 <= value <= 4096, "from 8 to 4096 pixels")),
        compared_as="the image size",
    ),
    "batch_size": Setting("examples of a step, over all devices of all processes", 8, _at_least(1)),
    "accumulate": Setting("micro-batches that a device takes one after another in a step", 1, _at_least(1)),
    "precision": Setting("of the compute; parameters, losses and statistics stay float32", "float32", _one_of("float32", "bfloat16")),
    "total_kimg": Setting("length of training in kimg", 800.0, _above(0), may_change=True),
    "max_minutes": Setting("after which training stops by the clock; 0: no limit", 0.0, _at_least(0), may_change=True),
    "data.name": Setting("drawn_faces, celeb_a or folder", "drawn_faces", compared_as="the data"),
    "data.source": Setting("folder of the user's files; the data's fingerprint tells whether they are the same", "", may_change=True),
    "data.domains": Setting(
        "names, or expressions of attributes; empty: all that the data have", (), from_data=True, compared_as="the domains"
    ),
    "data.left_out": Setting(
        "expressions such as ink&Eyeglasses: pictures that match one are not trained on, but tested on", (), since="2026-11-25", before=[]
    ),
    "data.pairing": Setting(
        "references: of any domain, of an other, paired with the content, or none without translation",
        *("any", _one_of("any", "other", "paired", "none")),
    ),
    "data.train_count": Setting(
        *("training pictures used, of those in the domains; 0: all", 0, _at_least(0)),
        compared_as="the number of training pictures asked for",
    ),
    "data.test_count": Setting(
        *("held-out pictures used, of those in the domains; 0: all", 0, _at_least(0)),
        compared_as="the number of held-out pictures asked for",
    ),
    "augment.flip": Setting("mirrors half of the pictures", True),
    "augment.crop_probability": Setting(
        "of a random crop, resized to the picture's size", 0.5, Range(lambda value: 0 <= value <= 1, "from 0 to 1")
    ),
    "augment.crop_scale": Setting("least share of the area that a crop keeps", 0.8, _SHARE),
    "augment.crop_most": Setting("largest share of the area that a crop keeps", 1.0, _SHARE),
    "augment.crop_ratio": Setting(
        "largest ratio of a crop's width to its height; the least is 2 - crop_ratio",
        *(1.1, Range(lambda value: 1 <= value < 2, "from 1 to below 2")),
    ),
    "ema_half_life_kimg": Setting("half-life of the averaged parameters in kimg", 5.5, _at_least(0)),
    "ema_ramp": Setting("the half-life is at most this share of the images seen; 0: no ramp", 0.0, _at_least(0)),
    "ema_burn_in_kimg": Setting("kimg over which the half-life rises from 0, along half a cosine; 0: none", 0.0, _at_least(0)),
    "log_kimg": Setting("kimg from one line of the log to the next", 2.0, _above(0), may_change=True),
    "picture_kimg": Setting("kimg from one grid of pictures to the next", 20.0, _above(0), may_change=True),
    "checkpoint_kimg": Setting("kimg from one checkpoint and snapshot to the next", 50.0, _above(0), may_change=True),
    "evaluate_kimg": Setting("kimg from one evaluation to the next; 0: only at the end", 0.0, _at_least(0), may_change=True),
    "keep_checkpoints": Setting("checkpoints that are kept, the newest", 2, _at_least(1), may_change=True),
    "allow_changes": Setting("goes on with a run though its data or settings have changed", False, may_change=True),
    "rollback_after": Setting(
        *("skipped steps in a row, after which training goes back to its last checkpoint; 0: never", 20, _at_least(0)), may_change=True
    ),
    "most_rollbacks": Setting("returns to an earlier state, after which training stops", 3, _at_least(0), may_change=True),
    "spike_factor": Setting(
        "skips steps whose gradient norm is above this many times its running median; 0: none",
        *(0.0, Range(lambda value: value == 0 or 1 < value < float("inf"), "above 1, or 0 for none")),
        since="2026-11-25",
        before=0.0,
    ),
    "stop_on_collapse": Setting("stops after three evaluations in a row whose samples are all alike", True, may_change=True),
    "picture_rows": Setting("contents, down a grid of pictures", 6, _at_least(1), may_change=True),
    "picture_columns": Setting("references, across a grid of pictures", 6, _at_least(1), may_change=True),
    "judge.channels": Setting(
        *("width of the judge's first layer", 32, Range(lambda value: value >= 4 and value % 4 == 0, "a multiple of 4")),
        may_change=True,
        compared_as="the judge's channels",
    ),
    "judge.steps": Setting(
        *("training steps of the judge, a tenth of which warm up", 1500, _at_least(10)),
        may_change=True,
        compared_as="the judge's training steps",
    ),
    "judge.batch_size": Setting("examples of the judge's step", 64, _at_least(1), may_change=True, compared_as="the judge's batch size"),
    "judge.matcher_steps": Setting(
        "training steps of the matcher, which scores translations where nothing is annotated",
        *(300, _at_least(10)),
        may_change=True,
        since="2026-11-28",
        before=300,
        compared_as="the matcher's training steps",
    ),
    "judge.pairs": Setting("held-out pairs that the transfer score is taken on", 500, _at_least(1), may_change=True),
    "judge.samples": Setting("samples that a noise-to-image generator's scores are taken on", 1000, _at_least(2), may_change=True),
    "judge.inception": Setting(
        "file of FID's Inception, for FID beside the judge's scores; empty: none",
        *("", Range(lambda value: not value or Path(value).is_file(), "the file of Inception's weights, or empty")),
        may_change=True,
    ),
}

_OPTIMIZERS = {
    "optimizers.*.learning_rate": Setting("of Adam", 1e-4, _NOT_NEGATIVE),
    "optimizers.*.final_learning_rate": Setting("the rate goes to it from decay_start_kimg to decay_end_kimg; negative: constant", -1.0),
    "optimizers.*.decay_start_kimg": Setting("kimg from which on rate and b2 change", 0.0, _NOT_NEGATIVE),
    "optimizers.*.decay_end_kimg": Setting("kimg at which they have changed; 0: total_kimg", 0.0, _NOT_NEGATIVE),
    "optimizers.*.decay_shape": Setting("of the change: linear, or half a cosine", "linear", _SHAPE),
    "optimizers.*.warmup_kimg": Setting("kimg over which the rate rises linearly from 0", 0.0, _NOT_NEGATIVE),
    "optimizers.*.b1": Setting("decay of Adam's first moment", 0.0, _DECAY),
    "optimizers.*.b2": Setting("decay of Adam's second moment", 0.99, _DECAY),
    "optimizers.*.final_b2": Setting("b2 goes to it as the rate does; negative: constant", -1.0, _FINAL_DECAY),
    "optimizers.*.reset_kimg": Setting("kimg after which Adam's moments are forgotten, again and again; 0: never", 0.0, _NOT_NEGATIVE),
    "optimizers.*.eps": Setting("added to the root of Adam's second moment", 1e-8, _NOT_NEGATIVE),
    "optimizers.*.weight_decay": Setting("coupled L2: added to the gradient before Adam", 0.0, _NOT_NEGATIVE),
    "optimizers.*.clip_norm": Setting("largest global norm of the gradient; 0: any", 0.0, _NOT_NEGATIVE),
}

_NETWORKS = {
    "networks.*.base_channels": Setting("width at the first level; 0: the paper's, by the image size"),
    "networks.*.max_channels": Setting("largest width"),
    "networks.*.channel_base": Setting("the width at r pixels is channel_base / r; 32768 is the paper's full width"),
    "networks.*.channels": Setting("width"),
    "networks.*.hidden_channels": Setting("width of the hidden layers"),
    "networks.*.full_channels": Setting("width of the last layers, which work at full resolution"),
    "networks.*.half_channels": Setting("width at half of the full resolution"),
    "networks.*.detail_channels": Setting("of what the decoder sees of the content at each resolution above the lowest"),
    "networks.*.slots": Setting("parts of the style that places choose from by what they show"),
    "networks.*.token_dim": Setting("length of a slot's part of the style code"),
    "networks.*.latent_dim": Setting("length of the latent z"),
    "networks.*.style_dim": Setting("length of the style code"),
    "networks.*.blocks": Setting("residual blocks, of a stage where there are stages"),
    "networks.*.layers": Setting("layers: dense ones of a mapping network, halving ones of a PatchGAN"),
    "networks.*.scales": Setting("sizes of the picture that are judged, each half of the one before"),
    "networks.*.bottleneck_size": Setting("lowest resolution in pixels, at which the style comes in"),
    "networks.*.bottleneck_blocks": Setting("blocks there, before the style and again with it"),
    "networks.*.patch_size": Setting("side in pixels of the patches that are folded into channels first; 1: none"),
    "networks.*.logits_size": Setting("places along a side that the discriminator judges"),
    "networks.*.group_size": Setting("channels in a group of the 3x3 convolutions; 0: one group of all"),
    "networks.*.stddev_group": Setting("examples that the minibatch standard deviation is taken over"),
    "networks.*.high_pass_weight": Setting("of the content's masked high frequencies in the decoder; 0: none"),
    "networks.*.lr_multiplier": Setting("slows the learning of the layers"),
    "networks.*.architecture": Setting("skip or residual (StyleGAN2), resnet or unet (CycleGAN)"),
    "networks.*.antialiased": Setting("blurred halving of stride-1 convolutions, as CUT has it; else strided ones"),
    "networks.*.initializer": Setting("of the weights: a name in semgan.layers.convolutions.INITIALIZERS"),
    "networks.*.norm": Setting("instance, batch or none"),
    "networks.*.batch_norm": Setting("whether there is batch norm"),
    "networks.*.dropout_layers": Setting("levels on the way up that drop half of their values"),
    "networks.generator.mask_classes": Setting("classes of the masks that it paints from, as many as the data have", from_data=True),
    "networks.semantic_heads.branch": Setting("of the discriminator; False: a separate network"),
    "networks.semantic_heads.mask_classes": Setting("classes of the masks that the data have", from_data=True),
    "networks.semantic_heads.landmarks": Setting("landmarks of a picture that the data have", from_data=True),
    "networks.semantic_heads.categories": Setting("categories that the data have", from_data=True),
    "networks.semantic_heads.boxes": Setting("boxes of a picture that the data have", from_data=True),
}

_ANNOTATIONS = ("mask", "landmarks", "attributes", "category", "boxes")
_LOSSES = {
    "losses.objective": Setting("of the adversarial loss: a name in semgan.losses.adversarial"),
    "losses.r1_weight": Setting("of the gradient penalty on real pictures (R1's gamma, or half of it: see the algorithm)"),
    "losses.r2_weight": Setting("of the gradient penalty on generated pictures"),
    "losses.gamma": Setting("of R1 and R2, at the start"),
    "losses.final_gamma": Setting("of R1 and R2, after burn_in_kimg"),
    "losses.burn_in_kimg": Setting("kimg over which gamma and the augmentation reach their final values"),
    "losses.gradient_penalty_weight": Setting("of the gradient penalty between real and generated pictures"),
    "losses.drift_weight": Setting("of the squared logits of real pictures"),
    "losses.phase_kimg": Setting("kimg of every phase of the growth"),
    "losses.style_reconstruction_weight": Setting("of the style found in a translation against the style given"),
    "losses.content_reconstruction_weight": Setting("of the content found in a translation against the content given"),
    "losses.reconstruction_weight": Setting("of a picture in its own style against itself"),
    "losses.restoration_weight": Setting("of a content that is given its own style again against itself"),
    "losses.dissimilarity_weight": Setting("of the structural dissimilarity beside the distance, where contents are restored"),
    "losses.changed_share": Setting("of the contents that are restored, which have had their style changed at random"),
    "losses.translated_share": Setting("of the contents that are restored, which have been translated; the rest are as they are"),
    "losses.region_style_weight": Setting("of each region's statistics of style against the reference's"),
    "losses.slots_weight": Setting("of the distance of contents' and references' slots from the classes of their masks"),
    "losses.latent_style_weight": Setting("of the distance of the latents' style codes, as a distribution, from the references'"),
    "losses.penalty_step": Setting("of the differences that stand for the gradients of R1 and R2; 0: the gradients themselves"),
    "losses.feature_matching_weight": Setting("of the discriminator's activations for a painted picture against those for the real one"),
    "losses.kl_weight": Setting("of the divergence of style codes from the standard normal distribution"),
    "losses.cycle_weight": Setting("of a picture translated there and back against itself"),
    "losses.identity_weight": Setting("of a picture translated into its own domain against itself"),
    "losses.cam_weight": Setting("of how well a generator's attention tells its source domain from its target"),
    "losses.l1_weight": Setting("of the output against its partner"),
    "losses.diversity_weight": Setting("of the distance between translations in two styles"),
    "losses.diversity_decay_kimg": Setting("kimg over which the diversity's weight falls to 0"),
    "losses.path_length_weight": Setting("of the path length penalty"),
    "losses.path_length_decay": Setting("share of the new mean path length in the running one"),
    "losses.style_mixing": Setting("probability that a sample takes two latents"),
    "losses.pool_size": Setting("earlier translations that the discriminators are shown; 0: the newest alone"),
    "losses.nce_weight": Setting("of the contrast between patches, which needs no annotations"),
    "losses.nce_layers": Setting("numbers of the generator's layers that the contrast is taken at"),
    "losses.nce_patches": Setting("most places of each layer that are compared"),
    "losses.nce_identity": Setting("takes the contrast between domain 1's pictures and their own translation, too"),
    "losses.temperature": Setting("of the contrast"),
    "losses.flip_equivariance": Setting("translates half of the pictures mirrored"),
    "losses.semantic_weight": Setting("of all that a translation keeps or takes of what is annotated"),
    "losses.heads_weight": Setting("of what the semantic heads learn of real pictures"),
    "losses.heads_noise": Setting("largest deviation of the noise that the heads see pictures with"),
    "losses.heads_until_kimg": Setting("kimg from which on the heads are frozen; 0: never"),
    "losses.ada_target": Setting("mean sign of the logits of real pictures that the augmentation keeps to; 0: no augmentation"),
    "losses.ada_kimg": Setting("kimg in which the augmentation's probability can go from 0 to 1"),
    "losses.ada_most": Setting("largest probability: above it, augmentations leak into what is drawn"),
    "losses.augment_probability": Setting("of each augmentation, after burn_in_kimg"),
    "losses.augment_supersampling": Setting("of the augmentation's geometry; 1 is faster, and blurs what is moved"),
    "losses.content_attributes": Setting("names of the attributes that losses.content.attributes means"),
    "losses.style_attributes": Setting("names of the attributes that losses.style.attributes means"),
    **{f"losses.content.{name}": Setting(f"weight of the {name} that a translation keeps; 0: none") for name in _ANNOTATIONS},
    **{f"losses.style.{name}": Setting(f"weight of the {name} that it takes from its reference; 0: none") for name in _ANNOTATIONS},
}

SETTINGS: Mapping[str, Setting] = {**_TRAINING, **_OPTIMIZERS, **_NETWORKS, **_LOSSES}
"""The rows by key."""


def setting_of(key: str) -> Setting | None:
    """The row of a config's key; None for one that a user's own config adds."""
    group, _, rest = key.partition(".")
    name = rest.partition(".")[2]
    return SETTINGS.get(key) or SETTINGS.get(f"{group}.*.{name}")


def keys_that(holds: Callable[[Setting], Any]) -> tuple[str, ...]:
    """The keys whose rows have a property, in the table's order."""
    return tuple(key for key, setting in SETTINGS.items() if holds(setting))


def defaults(keys: Iterable[str] = tuple(_TRAINING)) -> dict[str, Any]:
    """The defaults of these keys, nested as in a config: `{"a": {"b": 1}}` of `a.b`."""
    nested: dict[str, Any] = {}
    for key in keys:
        *groups, name = key.split(".")
        inner = nested
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = SETTINGS[key].default
    return nested


def optimizer_defaults() -> dict[str, Any]:
    """One network's optimizer: the defaults of `optimizers.*`."""
    return defaults(_OPTIMIZERS)["optimizers"]["*"]
