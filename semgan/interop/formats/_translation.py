"""Shared parts of the formats of networks that translate: files of one state dict or several, and tables of the networks in common.

Names in these tables begin with the state dict's own, "G_A.model.1.weight", so that errors tell which network they speak of.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import ImportedModel
from semgan.interop.formats import _common as common
from semgan.torch_files import mapping
from semgan.torch_files.mapping import CONVOLUTION, SAME, Entry, Layout, Shapes, Tensors

UNREAD = ("*.running_mean", "*.running_var", "*.num_batches_tracked")
"""Statistics of training that these networks do not use: they normalise every picture by its own."""
SIZE = 256
"""Pixels, of a model that works at any size: what the official code loads pictures at."""
DOMAINS = ["A", "B"]


class Official(NamedTuple):
    """One of their networks.

    Attributes:
      table: its tensors that are parameters of ours.
      fixed: its buffers that have one right value, such as filters.
      unread: its buffers that nothing of ours reads, with the values of an untrained network.
    """

    table: Sequence[Entry]
    fixed: Tensors = MappingProxyType({})
    unread: Tensors = MappingProxyType({})


def state_dicts(data: Any, required: Collection[str], optional: Collection[str], whole: str) -> dict[str, dict[str, np.ndarray]]:
    """The file's state dicts by name, without the "module." that parallel training puts before their tensors' names.

    Raises:
      UserError: one is missing, not known, or holds more than tensors.
    """
    names = [*required, *(name for name in optional if isinstance(data, Mapping) and name in data)]
    states = {name: common.state_dict(data, name, whole) for name in names}
    unknown = [str(name) for name in data if name not in names]
    if unknown:
        raise UserError(f"it holds {unknown[0]!r}, which is not a network of this format: give {whole}")
    return {name: {key.removeprefix("module."): tensor for key, tensor in state.items()} for name, state in states.items()}


def is_one_state_dict(data: Any) -> bool:
    """Returns whether the file is one network's state dict and not several by name."""
    return isinstance(data, Mapping) and bool(data) and all(isinstance(value, np.ndarray) for value in data.values())


def flat(states: Mapping[str, Tensors]) -> dict[str, np.ndarray]:
    """The tensors, named by the state dict's name, a dot, and their own."""
    return {f"{name}.{key}": tensor for name, state in states.items() for key, tensor in state.items()}


def to_params(official: Official, tensors: Tensors, expected: Shapes, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """Converts their tensors into our nested parameters, and checks their fixed buffers.

    Raises:
      UserError: tensors are missing, of another shape, not known, or fixed to something else.
    """
    for name, value in official.fixed.items():
        if common.shape_of(tensors, name, value.ndim) != value.shape or not np.allclose(tensors[name], value, rtol=1e-5, atol=1e-7):
            raise UserError(f"its filter {name} is not the usual one, which alone semgan has: give another model")
    return mapping.to_params(official.table, tensors, expected, ignored=[*ignored, *official.fixed])


def import_model(
    config: dict[str, Any], officials: Mapping[str, Official], networks: Mapping[str, str], states: Mapping[str, Tensors]
) -> ImportedModel:
    """The model of `config` with the file's networks.

    Args:
      officials, networks: by their names: how each lies, and what we call it.
      states: those that the file has.

    Raises:
      UserError: see `to_params`.
    """
    expected = common.expected_shapes(config, [networks[name] for name in states])
    return ImportedModel(to_params(join(officials[name] for name in states), flat(states), expected, UNREAD), {}, config)


def to_states(officials: Mapping[str, Official], params: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """The state dicts by name, whole, as the official code loads them strictly."""
    states = {}
    for name, official in officials.items():
        tensors = mapping.to_tensors(official.table, params) | dict(official.fixed) | dict(official.unread)
        states[name] = {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items()}
    return states


def join(officials: Iterable[Official]) -> Official:
    """Joins several networks into one."""
    officials = list(officials)
    fixed = {name: value for official in officials for name, value in official.fixed.items()}
    return Official([entry for official in officials for entry in official.table], fixed)


def layer(ours: str, theirs: str, layout: Layout = CONVOLUTION, bias: bool = True) -> list[Entry]:
    """A convolution or dense layer."""
    return [Entry(f"{ours}/kernel", f"{theirs}.weight", layout)] + [Entry(f"{ours}/bias", f"{theirs}.bias", SAME)] * bias


def scale_and_bias(ours: str, theirs: str) -> list[Entry]:
    """A normalisation's."""
    return [Entry(f"{ours}/scale", f"{theirs}.weight", SAME), Entry(f"{ours}/bias", f"{theirs}.bias", SAME)]


def statistics(theirs: str, channels: int) -> dict[str, np.ndarray]:
    """Buffers of a batch norm that has seen nothing."""
    zeros = np.zeros(channels, np.float32)
    buffers = {"running_mean": zeros, "running_var": zeros + 1, "num_batches_tracked": np.zeros((), np.int64)}
    return {f"{theirs}.{name}": value for name, value in buffers.items()}


def blur_filter(taps: Sequence[int], channels: int, gain: int = 1) -> np.ndarray:
    """CUT's resampling filter, the taps' outer product with themselves, once per channel; exact in float32."""
    square = np.outer(taps, taps).astype(np.float32)
    return np.tile(gain * square / square.sum(), (channels, 1, 1, 1))


def config_of(algorithm: str, image_size: int, networks: Mapping[str, Any], losses: Mapping[str, Any], **data: Any) -> dict[str, Any]:
    """The config as plain data; `data` changes what its block of that name says."""
    config = common.plain_config(algorithm, image_size, networks, losses)
    return config | {"data": {**config["data"], "domains": DOMAINS, "pairing": "other", **data}}


def last_number(tensors: Tensors, pattern: str, missing: str) -> int:
    """The largest number that the pattern's group matches; UserError naming the tensor `missing` where there is none."""
    values = common.numbers(tensors, pattern)
    if not values:
        raise UserError(f"its tensor {missing} is missing: give a whole file of this format")
    return values[-1]


def patchgan_layers(tensors: Tensors, name: str) -> int:
    """The number of layers of the discriminator `name` that halve the resolution: its convolutions less two."""
    pattern = re.compile(rf"{re.escape(name)}\.model\.\d+\.weight")
    count = sum(bool(pattern.fullmatch(key)) and value.ndim == 4 for key, value in tensors.items())
    if count < 3:
        raise UserError(f"its {name!r} is not a PatchGAN of two layers or more (it has {count} convolutions): give another discriminator")
    return count - 2


def patchgan_options(tensors: Tensors, name: str, norm: str, antialiased: bool, initializer: str) -> dict[str, Any]:
    """Constructor arguments of `semgan.networks.patchgan.PatchGAN`; the paper's where the file has no discriminator `name`."""
    options = {"base_channels": 64, "layers": 3, "norm": norm, "antialiased": antialiased, "initializer": initializer}
    if not any(key.startswith(f"{name}.") for key in tensors):
        return options
    width = common.shape_of(tensors, f"{name}.model.0.weight", 4)[0]
    return {**options, "base_channels": width, "layers": patchgan_layers(tensors, name)}


def patchgan(name: str, ours: str, options: Mapping[str, Any], image_size: int) -> Official:
    """The discriminator; with batch norm its convolutions but the first and the last have no bias."""
    layers = min(options["layers"], image_size.bit_length() - 3)  # as many as `PatchGAN` makes for pictures of this size
    antialiased, batch = options["antialiased"], options["norm"] == "batch"
    table, fixed, unread = layer(f"{ours}/conv0", f"{name}.model.0"), {}, {}
    place = 2
    for index in range(1, layers + 1):
        if antialiased:  # after the layer before
            fixed[f"{name}.model.{place}.filt"] = blur_filter((1, 2, 1), _width(options, index - 1))
            place += 1
        table += layer(f"{ours}/conv{index}", f"{name}.model.{place}", bias=not batch)
        if batch:
            table += scale_and_bias(f"{ours}/norm{index}", f"{name}.model.{place + 1}")
            unread |= statistics(f"{name}.model.{place + 1}", _width(options, index))
        place += 3
    return Official(table + layer(f"{ours}/logits", f"{name}.model.{place}"), fixed, unread)


def _width(options: Mapping[str, Any], index: int) -> int:
    return options["base_channels"] * min(2**index, 8)
