"""ProGAN as akanimax/pro_gan_pytorch (3.3 and later) stores it: `shadow_generator` or `generator`, and `discriminator`.

A network is stored as `{"conf": constructor arguments, "state_dict": tensors}`. Theirs differs from the paper in what follows, and
all but the last is folded into the weights here, exactly up to float32's rounding, and undone on writing.

- The first layer, a transposed convolution of one pixel, is scaled by sqrt(2 / inputs): four times ours.
- The layers without an activation (to RGB, and the discriminator's last) have the gain sqrt 2 too.
- There is no pixel norm after the first layer: the config has `normalize_first` false.

A file says of a network that is still growing neither that it is nor how far it has come; the model is taken to be fully grown, which
is what a snapshot says whose `kimg` is the config's `total_kimg`.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.networks.progan import full_depth
from semgan.torch_files import mapping
from semgan.torch_files.mapping import CONVOLUTION, SAME, Entry, Layout, Tensors

WHOLE = "a model of pro_gan_pytorch, such as depth_8_epoch_60.bin"
LEAST = 8
"""Pixels, of the smallest model."""
LOSSES = {"objective": "wasserstein", "gradient_penalty_weight": 10.0, "drift_weight": 0.001, "phase_kimg": 600.0}
"""The file does not hold what it was trained with; these are the paper's values."""


def scale(layout: Layout, factor: float) -> Layout:
    """`layout`, our values being `factor` times theirs; rounded once each way."""

    def times(x: np.ndarray, by: float) -> np.ndarray:
        return (x.astype(np.float64) * by).astype(x.dtype)

    return Layout(lambda x: times(layout.to_ours(x), factor), lambda x: times(layout.to_theirs(x), 1 / factor))


def _first_to_ours(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 2, 3, 1).reshape(1, 1, len(x), -1)


def _first_to_theirs(x: np.ndarray) -> np.ndarray:
    return x.reshape(x.shape[2], 4, 4, -1).transpose(0, 3, 1, 2)


FROM_Z = scale(Layout(_first_to_ours, _first_to_theirs), 4.0)
"""(in, out, 4, 4) <-> (1, 1, in, 16 out), a transposed convolution of one pixel as a convolution of it."""
LINEAR = scale(CONVOLUTION, math.sqrt(2))
"""A convolution without an activation."""
ON_MAP = Layout(
    lambda x: mapping.dense_of_map(4, 4).to_ours(x.reshape(len(x), -1)),
    lambda x: mapping.dense_of_map(4, 4).to_theirs(x).reshape(x.shape[-1], -1, 4, 4),
)
"""(out, in, 4, 4) <-> (16 in, out): a convolution that one pixel is left of is a dense layer."""
LOGIT = scale(Layout(lambda x: x[:, :, 0, 0].T, lambda x: x.T[:, :, None, None]), math.sqrt(2))
"""(1, in, 1, 1) <-> (in, 1)."""


def _layer(ours: str, theirs: str, kernel: Layout = CONVOLUTION) -> list[Entry]:
    return [Entry(f"{ours}/kernel", f"{theirs}.weight", kernel), Entry(f"{ours}/bias", f"{theirs}.bias", SAME)]


def generator_table(depth: int) -> list[Entry]:
    """The table of the generator that ends at 4 * 2^depth pixels."""
    table = [
        Entry("generator/from_z/kernel", "layers.0.conv_1.weight", FROM_Z),
        Entry("generator/from_z_bias", "layers.0.conv_1.bias", SAME),
    ]
    for level in range(depth + 1):
        table += _layer(f"generator/first_{level}", f"layers.{level}.conv_1") if level else []
        table += _layer(f"generator/second_{level}", f"layers.{level}.conv_2")
        table += _layer(f"generator/to_rgb_{level}", f"rgb_converters.{level}", LINEAR)
    return table


def discriminator_table(depth: int) -> list[Entry]:
    """The table of the discriminator; both of its lists go from the full size down."""
    table = []
    for level in range(depth + 1):
        theirs = f"layers.{depth - level}"
        table += _layer(f"discriminator/from_rgb_{level}", f"from_rgb.{depth - level}.0")
        table += _layer(f"discriminator/first_{level}", f"{theirs}.conv_1")
        table += _layer(f"discriminator/second_{level}", f"{theirs}.conv_2") if level else []
    table += _layer("discriminator/dense", f"layers.{depth}.conv_2", ON_MAP)
    return table + _layer("discriminator/logit", f"layers.{depth}.conv_3", LOGIT)


def _width_options(widths: list[int]) -> dict[str, int]:
    """`base_channels` and `max_channels` of these widths, of the full size first; UserError where none give them."""
    base, largest = widths[0], max(widths)
    if any(min(base * 2**index, largest) != width for index, width in enumerate(widths)):
        raise UserError(
            f"its layers are {common.in_words(widths)} wide from the full size down, but semgan's ProGAN doubles a width at every halving "
            "of the size up to a largest one: give a model of such widths"
        )
    return {"base_channels": base, "max_channels": largest}


def _state_dict(data: Any, *names: str) -> dict[str, np.ndarray]:
    """The state dict of the first of these networks that the file has; UserError where it has none, or not of equalised layers."""
    name = next((name for name in names if isinstance(data, Mapping) and name in data), names[-1])
    saved = data.get(name) if isinstance(data, Mapping) else None
    tensors = common.state_dict(saved, "state_dict", WHOLE)
    conf = saved.get("conf") if isinstance(saved, Mapping) else None
    if isinstance(conf, Mapping) and not conf.get("use_eql", True):
        raise UserError(f"its {name} was made without the equalised learning rate (use_eql), which semgan's ProGAN has: give another model")
    return tensors


def _generator_options(tensors: Tensors) -> tuple[int, dict[str, Any]]:
    """Depth and constructor arguments."""
    common.shape_of(tensors, "rgb_converters.0.weight", 4)
    depth = len(common.numbers(tensors, r"rgb_converters\.(\d{1,2})\.weight$")) - 1
    common.check_size(4 * 2**depth, LEAST)
    widths = [common.shape_of(tensors, f"layers.{level}.conv_2.weight", 4)[0] for level in range(depth, -1, -1)]
    latent_dim = common.shape_of(tensors, "layers.0.conv_1.weight", 4)[0]
    return depth, {"latent_dim": latent_dim, "normalize_first": False, **_width_options(widths)}


def _discriminator_options(tensors: Tensors, depth: int) -> dict[str, Any]:
    common.refuse_conditional(tensors, ".label_embedder.")
    widths = [common.shape_of(tensors, f"layers.{index}.conv_1.weight", 4)[0] for index in range(depth + 1)]
    return _width_options([*widths, common.shape_of(tensors, f"layers.{depth}.conv_2.weight", 4)[0]])


def read(data: Any) -> ImportedModel:
    """The averaged generator where the file has one, or else the one that is trained; and the discriminator where the file has it.

    Raises:
      UserError: it is not such a file, conditional, not equalised, or its tensors are not those of a network that semgan can make.
    """
    generator = _state_dict(data, "shadow_generator", "generator")
    depth, options = _generator_options(generator)
    discriminator = _state_dict(data, "discriminator") if "discriminator" in data else None
    widths = {name: options[name] for name in ("base_channels", "max_channels")}
    d_options = _discriminator_options(discriminator, depth) if discriminator else widths
    kimg = 2 * depth * LOSSES["phase_kimg"]
    networks = {"generator": options, "discriminator": d_options}
    config = common.plain_config("progan", 4 * 2**depth, networks, LOSSES, total_kimg=kimg)
    params = mapping.to_params(generator_table(depth), generator, common.expected_shapes(config, ("generator",)))
    if discriminator:
        params |= mapping.to_params(discriminator_table(depth), discriminator, common.expected_shapes(config, ("discriminator",)))
    return ImportedModel(params, {"growing": {"kimg": np.asarray(kimg, np.float32)}}, config)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The generator as `shadow_generator` and, where the model has it, the `discriminator`, each with its constructor arguments.

    Their classes have 2^14 / 2^stage channels, up to 512, with 4x4 pixels at stage 1; for other widths their function `nf` has to be
    changed.

    Raises:
      UserError: their code has no such network.
    """
    common.check_algorithm(config, "progan")
    networks = config["networks"]
    common.check_options({"normalize_first": True, **networks["generator"]}, {"normalize_first": False}, "pro_gan_pytorch")
    depth = full_depth(config["image_size"])
    conf = {"depth": depth + 2, "num_channels": 3, "use_eql": True}
    latent_dim = networks["generator"]["latent_dim"]
    data: dict[str, Any] = {"shadow_generator": _saved_file(generator_table(depth), params, {**conf, "latent_size": latent_dim})}
    if "discriminator" in params:
        table = discriminator_table(depth)
        saved = _saved_file(table, params, {**conf, "latent_size": 0, "num_classes": None})
        saved["conf"]["latent_size"] = len(saved["state_dict"][f"layers.{depth}.conv_2.weight"])
        data["discriminator"] = saved
    return data


def _saved_file(table: list[Entry], params: Mapping[str, Any], conf: dict[str, Any]) -> dict[str, Any]:
    return {"conf": conf, "state_dict": mapping.to_tensors(table, params)}


FORMAT = Format(read, write, "depth_8_epoch_60.bin")
