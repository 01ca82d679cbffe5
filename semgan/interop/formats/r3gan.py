"""R3GAN as brownvc/R3GAN pickles it: modules `G_ema` and `D`, unconditional; or their state dicts.

Their largest stages compute in bfloat16; the config says float32, in which the pictures are the same but for rounding.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats._pickled import network
from semgan.networks.r3gan import EXPANSION
from semgan.torch_files import mapping
from semgan.torch_files.mapping import CONVOLUTION, DENSE, SAME, Entry, Layout, Tensors

WHOLE = "a network pickle of R3GAN, such as network-snapshot-final.pkl"
LEAST = 16
"""Pixels, of the smallest model."""

BASIS = Layout(lambda x: x.transpose(1, 2, 0), lambda x: x.transpose(2, 0, 1))
"""(channel, 4, 4) <-> (4, 4, channel)."""
DEPTHWISE = Layout(lambda x: x[:, 0].transpose(1, 2, 0), lambda x: x.transpose(2, 0, 1)[:, None])
"""(channel, 1, 4, 4) <-> (4, 4, channel)."""
TO_LOGIT = Layout(lambda x: x[0], lambda x: x[None])
LOSSES = {
    "objective": "relativistic",
    "gamma": 150.0,
    "final_gamma": 15.0,
    "augment_probability": 0.0,
    "augment_supersampling": 2,
    "burn_in_kimg": 20_000.0,
}
"""The file does not hold what it was trained with; these are the paper's values at FFHQ-256."""


class R3GANPlan(NamedTuple):
    """The parameters of a table: the stages' widths, 4x4 first, and the blocks of every stage."""

    widths: tuple[int, ...]
    blocks: int

    @property
    def image_size(self) -> int:
        return 2 ** (len(self.widths) + 1)


def _block(ours: str, theirs: str) -> list[Entry]:
    convolutions = enumerate(("expand", "mix", "project"), 1)
    table = [Entry(f"{ours}/{name}/kernel", f"{theirs}.LinearLayer{index}.Layer.weight", CONVOLUTION) for index, name in convolutions]
    return table + [Entry(f"{ours}/bias{index}", f"{theirs}.NonLinearity{index}.Bias", SAME) for index in (1, 2)]


def generator_table(plan: R3GANPlan) -> list[Entry]:
    """The table of `G_ema`: a stage's change of resolution comes before its blocks."""
    first = "Model.MainLayers.0.Layers.0"
    table = [Entry("generator/basis", f"{first}.Basis", BASIS), Entry("generator/from_z", f"{first}.LinearLayer.weight", DENSE)]
    for stage, width in enumerate(plan.widths):
        theirs = f"Model.MainLayers.{stage}.Layers"
        if stage and width != plan.widths[stage - 1]:
            table.append(Entry(f"generator/widen{stage}/kernel", f"{theirs}.0.LinearLayer.Layer.weight", CONVOLUTION))
        for index in range(plan.blocks):
            table += _block(f"generator/block{stage}_{index}", f"{theirs}.{index + 1}")
    return [*table, Entry("generator/to_rgb/kernel", "Model.AggregationLayer.Layer.weight", CONVOLUTION)]


def discriminator_table(plan: R3GANPlan) -> list[Entry]:
    """The table of `D`, whose stages are listed from the full size down."""
    table = [Entry("discriminator/from_rgb/kernel", "Model.ExtractionLayer.Layer.weight", CONVOLUTION)]
    for stage, width in enumerate(plan.widths):
        theirs = f"Model.MainLayers.{len(plan.widths) - 1 - stage}.Layers"
        for index in range(plan.blocks):
            table += _block(f"discriminator/block{stage}_{index}", f"{theirs}.{index}")
        if stage and width != plan.widths[stage - 1]:
            name = f"{theirs}.{plan.blocks}.LinearLayer.Layer.weight"
            table.append(Entry(f"discriminator/narrow{stage}/kernel", name, CONVOLUTION))
    last = f"Model.MainLayers.{len(plan.widths) - 1}.Layers.{plan.blocks}"
    table.append(Entry("discriminator/basis", f"{last}.Basis.weight", DEPTHWISE))
    return [*table, Entry("discriminator/to_logit", f"{last}.LinearLayer.weight", TO_LOGIT)]


def generator_filters(plan: R3GANPlan) -> dict[str, np.ndarray]:
    """Their buffers that hold the low-pass filter: [1, 2, 1] convolved with [1, 1], in two dimensions."""
    names = [f"Model.MainLayers.{stage}.Layers.0.Resampler.Kernel" for stage in range(1, len(plan.widths))]
    return dict.fromkeys(names, common.FILTER)


def discriminator_filters(plan: R3GANPlan) -> dict[str, np.ndarray]:
    """The same of the discriminator."""
    names = [f"Model.MainLayers.{stage}.Layers.{plan.blocks}.Resampler.Kernel" for stage in range(len(plan.widths) - 1)]
    return dict.fromkeys(names, common.FILTER)


def _options(tensors: Tensors, first_block: int, order: int) -> tuple[R3GANPlan, dict[str, Any]]:
    """The plan, and what both networks' constructors take.

    Args:
      first_block: where in a stage's list its blocks begin.
      order: 1 where the file's stages begin at 4x4, -1 where they end there.
    """
    common.refuse_conditional(tensors, "Model.EmbeddingLayer.")
    stages = common.numbers(tensors, r"Model\.MainLayers\.(\d{1,3})\.") or [0]
    if stages != list(range(len(stages))):
        raise UserError(f"its stages are {common.in_words(stages)}, not all from 0 up: give a whole file of this format")
    blocks = {len(common.numbers(tensors, rf"Model\.MainLayers\.{stage}\.Layers\.(\d{{1,3}})\.LinearLayer2\.")) for stage in stages}
    if len(blocks) > 1:
        raise UserError(
            f"its stages have {common.in_words(sorted(blocks))} blocks, but in semgan's R3GAN all have as many: give another model"
        )
    names = [f"Model.MainLayers.{stage}.Layers.{first_block}" for stage in stages[::order]]
    widths = tuple(common.shape_of(tensors, f"{name}.LinearLayer1.Layer.weight", 4)[1] for name in names)
    groups = tuple(common.shape_of(tensors, f"{name}.LinearLayer2.Layer.weight", 4)[1] for name in names)
    plan = R3GANPlan(widths, blocks.pop())
    return plan, {**_constructor(widths, groups), "blocks": plan.blocks}


def _constructor(widths: Sequence[int], groups: Sequence[int]) -> dict[str, Any]:
    """Widths and group size of stages, 4x4 first; UserError where no constructor arguments give these."""
    base, largest, group = widths[-1], max(widths), max(groups)
    if any(min(base * 2**index, largest) != width for index, width in enumerate(widths[::-1])):
        raise UserError(
            f"its stages are {common.in_words(widths)} wide, but those of semgan's R3GAN double at every halving of the size up to a "
            "largest width: give a model of such widths"
        )
    if any(min(group, EXPANSION * width) != own for width, own in zip(widths, groups, strict=True)):
        raise UserError(
            f"its 3x3 convolutions have groups of {common.in_words(groups)} channels, and all those of semgan's R3GAN have the same: "
            "give another model"
        )
    return {"base_channels": base, "max_channels": largest, "group_size": group, "patch_size": 1}


def read(data: Any) -> ImportedModel:
    """The averaged generator, and the discriminator where the file has one.

    Raises:
      UserError: it is not such a file, conditional, or its tensors are not those of a network that semgan can make.
    """
    generator = network(data, "G_ema", WHOLE).tensors
    plan, options = _options(generator, 1, 1)
    common.check_size(plan.image_size, LEAST)
    latent_dim = common.shape_of(generator, "Model.MainLayers.0.Layers.0.LinearLayer.weight", 2)[1]
    discriminator = network(data, "D", WHOLE).tensors if data.get("D") is not None else None
    d_plan, d_options = _options(discriminator, 0, -1) if discriminator else (plan, options)
    if d_plan.image_size != plan.image_size:
        raise UserError(f"its generator makes {plan.image_size} pixels and its discriminator takes {d_plan.image_size}: give a whole file")
    config = common.plain_config(
        "r3gan", plan.image_size, {"generator": {**options, "latent_dim": latent_dim}, "discriminator": d_options}, LOSSES
    )
    tensors = common.without_constants(generator, generator_filters(plan))
    params = mapping.to_params(generator_table(plan), tensors, common.expected_shapes(config, ("generator",)))
    if discriminator:
        tensors = common.without_constants(discriminator, discriminator_filters(d_plan))
        params |= mapping.to_params(discriminator_table(d_plan), tensors, common.expected_shapes(config, ("discriminator",)))
    return ImportedModel(params, {}, config)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """State dicts `G_ema` and, where the model has its discriminator, `D`, of their `training.networks`.

    Raises:
      UserError: their code has no such network.
    """
    common.check_algorithm(config, "r3gan")
    data = {}
    for name, theirs, table, filters in (
        ("generator", "G_ema", generator_table, generator_filters),
        ("discriminator", "D", discriminator_table, discriminator_filters),
    ):
        if name in params:
            plan = _plan(config["image_size"], config["networks"][name])
            data[theirs] = mapping.to_tensors(table(plan), params) | filters(plan)
    return data


def _plan(image_size: int, options: Mapping[str, Any]) -> R3GANPlan:
    common.check_options(options, {"patch_size": 1}, "R3GAN's own code")
    count = image_size.bit_length() - 2
    widths = [min(options["base_channels"] * 2**index, options["max_channels"]) for index in range(count)]
    return R3GANPlan(tuple(widths[::-1]), options["blocks"])


FORMAT = Format(read, write, "network-snapshot-final.pkl")
