"""StyleGAN2 as stylegan2-ada-pytorch and the stylegan3 repository pickle it: modules `G_ema` and `D`, unconditional.

The file holds the modules, whose attributes say what their tensors do not, or their state dicts, which are taken for those of modules
with the usual values (a learning rate multiplier of 0.01, groups of 4).
Their clamp of activations (`conv_clamp`, there for float16) is noted in the config as `imported.conv_clamp` but not applied: it acts
on values beyond 256 alone. The constant noise maps are kept as in `semgan/interop/formats/stylegan2.py`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _stylegan2 as shared
from semgan.interop.formats._pickled import Network, network
from semgan.torch_files import mapping
from semgan.torch_files.mapping import CONVOLUTION, DENSE, SAME, Entry, Layout, Tensors

WHOLE = "a network pickle of stylegan2-ada-pytorch or stylegan3 with a StyleGAN2, such as ffhq.pkl"

CONSTANT = Layout(lambda x: x.transpose(1, 2, 0), lambda x: x.transpose(2, 0, 1))
NOISE = Layout(lambda x: x[None], lambda x: x[0])
"""(size, size) <-> (1, size, size)."""
ARCHITECTURES = {"skip": "skip", "residual": "resnet"}
"""Our names, and theirs."""


class StyleGANPlan(NamedTuple):
    """The parameters of a table: `architecture` is ours."""

    image_size: int
    architecture: str
    mapping_layers: int = 0


def _styled_entries(ours: str, theirs: str, kernel: Layout) -> list[Entry]:
    """A modulated convolution with its bias."""
    return [
        Entry(f"{ours}/conv/kernel", f"{theirs}.weight", kernel),
        Entry(f"{ours}/conv/style/kernel", f"{theirs}.affine.weight", DENSE),
        Entry(f"{ours}/conv/style/bias", f"{theirs}.affine.bias", SAME),
        Entry(f"{ours}/bias", f"{theirs}.bias", SAME),
    ]


def generator_table(plan: StyleGANPlan) -> list[Entry]:
    """The table of `G_ema`."""
    sizes = shared.sizes_up_to(plan.image_size)
    table = [Entry("generator/constant", "synthesis.b4.const", CONSTANT)]
    for name in shared.layer_names(sizes):
        size, index = name.removeprefix("layer").split("_")
        theirs = f"synthesis.b{size}.conv{index}"
        table += _styled_entries(f"generator/{name}", theirs, shared.flip(CONVOLUTION) if index == "0" else CONVOLUTION)
        table.append(Entry(f"generator/{name}/noise_strength", f"{theirs}.noise_strength", SAME))
        table.append(Entry(f"{shared.NOISE_MAPS}/{name}", f"{theirs}.noise_const", NOISE))
    for size in sizes if plan.architecture == "skip" else sizes[-1:]:
        table += _styled_entries(f"generator/to_rgb{size}", f"synthesis.b{size}.torgb", CONVOLUTION)
    for size in sizes[1:] if plan.architecture == "residual" else []:
        table.append(Entry(f"generator/shortcut{size}/kernel", f"synthesis.b{size}.skip.weight", CONVOLUTION))
    for index in range(plan.mapping_layers):
        ours, theirs = f"mapping_network/dense{index}", f"mapping.fc{index}"
        table += [Entry(f"{ours}/kernel", f"{theirs}.weight", DENSE), Entry(f"{ours}/bias", f"{theirs}.bias", SAME)]
    return [*table, Entry("w_avg", "mapping.w_avg", SAME)]


def discriminator_table(plan: StyleGANPlan) -> list[Entry]:
    """The table of `D`."""
    sizes = shared.sizes_up_to(plan.image_size)[::-1]
    layers = [(f"conv{size}_{index}", f"b{size}.conv{index}", CONVOLUTION) for size in sizes[:-1] for index in (0, 1)]
    layers += [(f"from_rgb{size}", f"b{size}.fromrgb", CONVOLUTION) for size in (sizes if plan.architecture == "skip" else sizes[:1])]
    layers += [("conv4", "b4.conv", CONVOLUTION), ("dense", "b4.fc", mapping.dense_of_map(4, 4)), ("logit", "b4.out", DENSE)]
    table = []
    for ours, theirs, kernel in layers:
        table.append(Entry(f"discriminator/{ours}/kernel", f"{theirs}.weight", kernel))
        table.append(Entry(f"discriminator/{ours}/bias", f"{theirs}.bias", SAME))
    for size in sizes[:-1] if plan.architecture == "residual" else []:
        table.append(Entry(f"discriminator/shortcut{size}/kernel", f"b{size}.skip.weight", CONVOLUTION))
    return table


def generator_filters(plan: StyleGANPlan) -> dict[str, np.ndarray]:
    """Their buffers that hold the low-pass filter; every block and every 3x3 convolution has one, used or not."""
    parts = ["", ".conv0", ".conv1"] + ([".skip"] if plan.architecture == "residual" else [])
    sizes = shared.sizes_up_to(plan.image_size)
    names = ["b4", "b4.conv1", *(f"b{size}{part}" for size in sizes[1:] for part in parts)]
    return dict.fromkeys([f"synthesis.{name}.resample_filter" for name in names], common.FILTER)


def discriminator_filters(plan: StyleGANPlan) -> dict[str, np.ndarray]:
    """The same of the discriminator, whose plain convolutions have one, too."""
    sizes = shared.sizes_up_to(plan.image_size)[::-1]
    skip = plan.architecture == "skip"
    names = [f"b{size}{part}" for size in sizes[:-1] for part in ("", ".conv0", ".conv1", ".fromrgb" if skip else ".skip")]
    names += ["b4.conv", "b4.fromrgb"] if skip else ["b4.conv", f"b{sizes[0]}.fromrgb"]
    return dict.fromkeys([f"{name}.resample_filter" for name in names], common.FILTER)


def _architecture(tensors: Tensors, skips: list[str], residuals: list[str]) -> str:
    """Our architecture, by which of the tensors that only one of them has are there."""
    for architecture, names in (("skip", skips), ("residual", residuals)):
        if any(name in tensors for name in names):
            return architecture
    raise UserError("it has neither skip connections nor residual blocks, and semgan's StyleGAN2 needs one of them: give another model")


def _generator_plan(tensors: Tensors) -> tuple[StyleGANPlan, dict[int, int]]:
    """The plan, and the width of every resolution."""
    if any(name.startswith(("synthesis.L", "synthesis.input.")) for name in tensors):
        raise UserError("its generator is a StyleGAN3, and semgan has StyleGAN2 alone: give a pickle of a StyleGAN2")
    common.refuse_conditional(tensors, "mapping.embed.")
    sizes = common.numbers(tensors, r"synthesis\.b(\d{1,6})\.")
    image_size = max(sizes, default=0)
    sizes = shared.sizes_up_to(image_size)
    widths = {size: common.shape_of(tensors, f"synthesis.b{size}.conv1.weight", 4)[0] for size in sizes}
    skips, residuals = (
        [f"synthesis.b{size}.{part}.weight" for size in part_of] for part, part_of in (("torgb", sizes[:-1]), ("skip", sizes[1:]))
    )
    layers = len(common.numbers(tensors, r"mapping\.fc(\d{1,3})\.weight$"))
    return StyleGANPlan(image_size, _architecture(tensors, skips, residuals), layers), widths


def _discriminator_plan(tensors: Tensors, image_size: int) -> tuple[StyleGANPlan, dict[int, int]]:
    common.refuse_conditional(tensors, "mapping.")
    sizes = shared.sizes_up_to(image_size)[::-1]
    widths = {image_size: common.shape_of(tensors, f"b{image_size}.fromrgb.weight", 4)[0]}
    widths |= {size // 2: common.shape_of(tensors, f"b{size}.conv1.weight", 4)[0] for size in sizes[:-1]}
    skips, residuals = [f"b{size}.fromrgb.weight" for size in sizes[1:]], [f"b{size}.skip.weight" for size in sizes[:-1]]
    return StyleGANPlan(image_size, _architecture(tensors, skips, residuals)), widths


def _attribute(source: Network, module: str, name: str, default: Any) -> Any:
    return source.attributes.get(module, {}).get(name, default)


def _check_activations(source: Network) -> None:
    for module, attributes in source.attributes.items():
        if attributes.get("activation", "lrelu") not in ("lrelu", "linear"):
            raise UserError(
                f"its layer {module} has the activation {attributes['activation']!r}, but those of semgan's StyleGAN2 are leaky ReLUs "
                "('lrelu'): give another model"
            )


def _mapping_options(source: Network, layers: int) -> dict[str, Any]:
    latent_dim = common.shape_of(source.tensors, "mapping.fc0.weight", 2)[1]
    (style_dim,) = common.shape_of(source.tensors, "mapping.w_avg", 1)
    rate = _attribute(source, "mapping.fc0", "bias_gain", 0.01)
    if not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise UserError(f"its mapping network's lr_multiplier is {rate!r}, not a number from 0 to 1: give another model")
    return {"latent_dim": latent_dim, "style_dim": style_dim, "layers": layers, "lr_multiplier": float(rate)}


def _discriminator_options(source: Network, plan: StyleGANPlan, widths: dict[int, int]) -> dict[str, Any]:
    group = _attribute(source, "b4.mbstd", "group_size", 4)
    if not isinstance(group, int) or not 1 <= group <= 1024:
        raise UserError(f"its discriminator's mbstd_group_size is {group!r}, but semgan's groups have a fixed size: give another model")
    return {**shared.channel_options(widths), "architecture": plan.architecture, "stddev_group": group}


def read(data: Any) -> ImportedModel:
    """The averaged generator with its mean w, and the discriminator where the file has one.

    Raises:
      UserError: it is not such a file, a StyleGAN3, conditional, or its tensors are not those of a network that semgan can make.
    """
    generator = network(data, "G_ema", WHOLE)
    plan, widths = _generator_plan(generator.tensors)
    options = {**shared.channel_options(widths), "architecture": plan.architecture}
    discriminator = network(data, "D", WHOLE) if data.get("D") is not None else None
    d_plan, d_options = plan, None
    if discriminator:
        _check_activations(discriminator)
        d_plan, d_widths = _discriminator_plan(discriminator.tensors, plan.image_size)
        d_options = _discriminator_options(discriminator, d_plan, d_widths)
    _check_activations(generator)
    config = shared.config_of(plan.image_size, _mapping_options(generator, plan.mapping_layers), options, d_options)
    clamp = _attribute(generator, "synthesis.b4.conv1", "conv_clamp", None)
    config["imported"] = {"conv_clamp": float(clamp) if isinstance(clamp, int | float) else None}

    shapes = common.expected_shapes(config, ("mapping_network", "generator"))
    noise = mapping.shapes_of({shared.NOISE_MAPS: shared.noise_maps({}, shared.sizes_up_to(plan.image_size))})
    shapes = {**shapes, **noise, "w_avg": (config["networks"]["mapping_network"]["style_dim"],)}
    params = mapping.to_params(generator_table(plan), common.without_constants(generator.tensors, generator_filters(plan)), shapes)
    model_state = {"w_avg": params.pop("w_avg")}
    if discriminator:
        tensors = common.without_constants(discriminator.tensors, discriminator_filters(d_plan))
        params |= mapping.to_params(discriminator_table(d_plan), tensors, common.expected_shapes(config, ("discriminator",)))
    return ImportedModel(params, model_state, config)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """State dicts `G_ema` and, where the model has its discriminator, `D`; a pickle of modules would have to hold their code."""
    common.check_algorithm(config, "stylegan2")
    networks, image_size = config["networks"], config["image_size"]
    plan = StyleGANPlan(image_size, networks["generator"]["architecture"], networks["mapping_network"]["layers"])
    more = {shared.NOISE_MAPS: shared.noise_maps(params, shared.sizes_up_to(image_size)), "w_avg": model_state["w_avg"]}
    data = {"G_ema": mapping.to_tensors(generator_table(plan), {**params, **more}) | generator_filters(plan)}
    if "discriminator" in params:
        plan = StyleGANPlan(image_size, networks["discriminator"]["architecture"])
        data["D"] = mapping.to_tensors(discriminator_table(plan), params) | discriminator_filters(plan)
    return data


FORMAT = Format(read, write, "ffhq.pkl")
