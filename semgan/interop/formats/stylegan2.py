"""StyleGAN2 as rosinality/stylegan2-pytorch stores it: state dicts `g_ema` and `d`, and the mean w as `latent_avg`.

The constant noise maps (`noises.*`) are kept as the pseudo-network `noise_maps`, which nothing but writing reads, and which
`Generator` takes as its noise to make the pictures that their `randomize_noise=False` makes. The generator that is trained (`g`),
the optimizers and the arguments are left out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _stylegan2 as shared
from semgan.torch_files import mapping
from semgan.torch_files.mapping import CONVOLUTION, DENSE, SAME, Entry, Layout, Tensors

WHOLE = "a checkpoint of rosinality's stylegan2-pytorch, such as 550000.pt"

CONSTANT = Layout(lambda x: x[0].transpose(1, 2, 0), lambda x: x.transpose(2, 0, 1)[None])
"""(1, channel, 4, 4) <-> (4, 4, channel)."""
MODULATED = Layout(lambda x: CONVOLUTION.to_ours(x[0]), lambda x: CONVOLUTION.to_theirs(x)[None])
"""(1, out, in, size, size) <-> (size, size, in, out)."""
STRENGTH = Layout(lambda x: x.reshape(()), lambda x: x.reshape(1))
RGB_BIAS = Layout(lambda x: x.reshape(-1), lambda x: x.reshape(1, -1, 1, 1))
NOISE = Layout(lambda x: x[0], lambda x: x[None])
"""(1, 1, size, size) <-> (1, size, size)."""


def _style(ours: str, theirs: str, kernel: Layout) -> list[Entry]:
    """A modulated convolution."""
    return [
        Entry(f"{ours}/kernel", f"{theirs}.weight", kernel),
        Entry(f"{ours}/style/kernel", f"{theirs}.modulation.weight", DENSE),
        Entry(f"{ours}/style/bias", f"{theirs}.modulation.bias", SAME),
    ]


def generator_table(image_size: int, mapping_layers: int, with_noise: bool = True) -> list[Entry]:
    """The table of `g_ema`; with `with_noise` it has the constant noise maps as well."""
    sizes = shared.sizes_up_to(image_size)
    table = [Entry("generator/constant", "input.input", CONSTANT)]
    for index in range(mapping_layers):
        ours, theirs = f"mapping_network/dense{index}", f"style.{index + 1}"
        table += [Entry(f"{ours}/kernel", f"{theirs}.weight", DENSE), Entry(f"{ours}/bias", f"{theirs}.bias", SAME)]
    for index, name in enumerate(shared.layer_names(sizes)):
        ours, theirs = f"generator/{name}", f"convs.{index - 1}" if index else "conv1"
        table += _style(f"{ours}/conv", f"{theirs}.conv", shared.flip(MODULATED) if name.endswith("_0") else MODULATED)
        table += [
            Entry(f"{ours}/noise_strength", f"{theirs}.noise.weight", STRENGTH),
            Entry(f"{ours}/bias", f"{theirs}.activate.bias", SAME),
        ]
        table += [Entry(f"{shared.NOISE_MAPS}/{name}", f"noises.noise_{index}", NOISE)] if with_noise else []
    for index, size in enumerate(sizes):
        ours, theirs = f"generator/to_rgb{size}", f"to_rgbs.{index - 1}" if index else "to_rgb1"
        table += [*_style(f"{ours}/conv", f"{theirs}.conv", MODULATED), Entry(f"{ours}/bias", f"{theirs}.bias", RGB_BIAS)]
    return table


def discriminator_table(image_size: int) -> list[Entry]:
    """The table of `d`."""
    sizes = shared.sizes_up_to(image_size)[::-1]
    layers = [(f"from_rgb{image_size}", "convs.0", 0)]
    for index, size in enumerate(sizes[:-1], 1):
        layers += [(f"conv{size}_0", f"convs.{index}.conv1", 0), (f"conv{size}_1", f"convs.{index}.conv2", 1)]
    table = []
    for ours, theirs, first in [*layers, ("conv4", "final_conv", 0)]:
        table.append(Entry(f"discriminator/{ours}/kernel", f"{theirs}.{first}.weight", CONVOLUTION))
        table.append(Entry(f"discriminator/{ours}/bias", f"{theirs}.{first + 1}.bias", SAME))
    for index, size in enumerate(sizes[:-1], 1):
        table.append(Entry(f"discriminator/shortcut{size}/kernel", f"convs.{index}.skip.1.weight", CONVOLUTION))
    for index, (ours, kernel) in enumerate([("dense", mapping.dense_of_map(4, 4)), ("logit", DENSE)]):
        table.append(Entry(f"discriminator/{ours}/kernel", f"final_linear.{index}.weight", kernel))
        table.append(Entry(f"discriminator/{ours}/bias", f"final_linear.{index}.bias", SAME))
    return table


def generator_filters(image_size: int) -> dict[str, np.ndarray]:
    """Their buffers that hold the low-pass filter, times the four of an upsampling."""
    blocks = range(len(shared.sizes_up_to(image_size)) - 1)
    names = [name for index in blocks for name in (f"convs.{2 * index}.conv.blur.kernel", f"to_rgbs.{index}.upsample.kernel")]
    return dict.fromkeys(names, 4 * common.FILTER)


def discriminator_filters(image_size: int) -> dict[str, np.ndarray]:
    """The same of the discriminator, without the four."""
    blocks = range(1, len(shared.sizes_up_to(image_size)))
    return dict.fromkeys([f"convs.{index}.{part}.0.kernel" for index in blocks for part in ("conv2", "skip")], common.FILTER)


def _generator_options(tensors: Tensors) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Image size, and the constructor arguments of mapping network and generator."""
    widths = {4: common.shape_of(tensors, "conv1.conv.weight", 5)[1]}
    for index in common.numbers(tensors, r"to_rgbs\.(\d{1,2})\.bias$"):
        widths[8 * 2**index] = common.shape_of(tensors, f"convs.{2 * index + 1}.conv.weight", 5)[1]
    image_size = max(widths)
    shared.sizes_up_to(image_size)
    style_dim = common.shape_of(tensors, "style.1.weight", 2)[0]
    layers = len(common.numbers(tensors, r"style\.(\d{1,2})\.weight$"))
    mapping_network = {"latent_dim": style_dim, "style_dim": style_dim, "layers": layers, "lr_multiplier": 0.01}
    return image_size, mapping_network, {**shared.channel_options(widths), "architecture": "skip"}


def _discriminator_options(tensors: Tensors, image_size: int) -> dict[str, Any]:
    widths = {image_size: common.shape_of(tensors, "convs.0.0.weight", 4)[0]}
    for index, size in enumerate(shared.sizes_up_to(image_size)[:0:-1], 1):
        widths[size // 2] = common.shape_of(tensors, f"convs.{index}.conv2.1.weight", 4)[0]
    return {**shared.channel_options(widths), "architecture": "residual", "stddev_group": 4}


def read(data: Any) -> ImportedModel:
    """The averaged generator, the discriminator where the file has one, and the mean w, which is computed where it has none.

    Raises:
      UserError: it is not such a file, or its tensors are not those of a network that semgan can make.
    """
    ema = common.state_dict(data, "g_ema", WHOLE)
    image_size, mapping_network, generator = _generator_options(ema)
    discriminator = common.state_dict(data, "d", WHOLE) if "d" in data else None
    options = _discriminator_options(discriminator, image_size) if discriminator else None
    config = shared.config_of(image_size, mapping_network, generator, options)

    noisy = any(name.startswith("noises.") for name in ema)  # the first versions did not store them
    table = generator_table(image_size, mapping_network["layers"], noisy)
    shapes = common.expected_shapes(config, ("mapping_network", "generator"))
    if noisy:
        sizes = shared.sizes_up_to(image_size)
        shapes = {**shapes, **mapping.shapes_of({shared.NOISE_MAPS: shared.noise_maps({}, sizes)})}
    params = mapping.to_params(table, common.without_constants(ema, generator_filters(image_size)), shapes)
    if discriminator:
        shapes = common.expected_shapes(config, ("discriminator",))
        tensors = common.without_constants(discriminator, discriminator_filters(image_size))
        params |= mapping.to_params(discriminator_table(image_size), tensors, shapes)
    return ImportedModel(params, {"w_avg": _w_avg(data, mapping_network, params)}, config)


def _w_avg(data: Mapping[str, Any], options: Mapping[str, Any], params: Mapping[str, Any]) -> np.ndarray:
    latent_mean = data.get("latent_avg")
    if latent_mean is None:
        return shared.average_w(options, params["mapping_network"])
    if not isinstance(latent_mean, np.ndarray) or latent_mean.size != options["style_dim"]:
        raise UserError(f"its 'latent_avg' is not a tensor of {options['style_dim']} numbers: give {WHOLE}")
    return latent_mean.reshape(-1).astype(np.float32)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """`g_ema`, `latent_avg` and, where the model has its discriminator, `d`.

    Their classes have the widths of `channel_base` 32,768 (`channel_multiplier` 2) or 16,384 (1) with `max_channels` 512; for
    others their table `channels` has to be changed.

    Raises:
      UserError: their code has no such network.
    """
    common.check_algorithm(config, "stylegan2")
    networks = config["networks"]
    layout = "rosinality's stylegan2-pytorch"
    common.check_options(networks["generator"], {"architecture": "skip"}, layout)
    common.check_options(networks["mapping_network"], {"latent_dim": networks["mapping_network"]["style_dim"]}, layout)
    image_size = config["image_size"]
    noise = {shared.NOISE_MAPS: shared.noise_maps(params, shared.sizes_up_to(image_size))}
    table = generator_table(image_size, networks["mapping_network"]["layers"])
    data: dict[str, Any] = {"g_ema": mapping.to_tensors(table, {**params, **noise}) | generator_filters(image_size)}
    if "discriminator" in params:
        common.check_options(networks["discriminator"], {"architecture": "residual", "stddev_group": 4}, layout)
        data["d"] = mapping.to_tensors(discriminator_table(image_size), params) | discriminator_filters(image_size)
    return data | {"latent_avg": np.asarray(model_state["w_avg"])}


FORMAT = Format(read, write, "550000.pt")
