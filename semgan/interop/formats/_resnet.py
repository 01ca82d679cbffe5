"""The residual generator of the official CycleGAN and CUT, whose modules' numbers shift with antialiased resampling."""

from collections.abc import Mapping
from typing import Any

from semgan.errors import UserError
from semgan.interop.formats import _common as common
from semgan.interop.formats._translation import Official, blur_filter, last_number, layer
from semgan.torch_files.mapping import TRANSPOSED_CONVOLUTION, Tensors


def is_antialiased(tensors: Tensors, name: str) -> bool:
    """Returns whether the state dict `name` has filters to resample with."""
    return any(key.startswith(f"{name}.") and key.endswith(".filt") for key in tensors)


def resnet_options(tensors: Tensors, name: str, initializer: str) -> dict[str, Any]:
    """Constructor arguments of `semgan.networks.resnet.ResNetGenerator`.

    Raises:
      UserError: it is not a ResNet, or has dropout or batch norm, which ours does not have.
    """
    if f"{name}.model.1.weight" not in tensors:
        raise UserError(f"its {name!r} is not a ResNet generator (it has no tensor model.1.weight): give another file or another format")
    if f"{name}.model.1.bias" not in tensors:
        raise UserError(f"its {name!r} is a ResNet with batch norm, but semgan's has instance norm: give another model")
    if any(key.endswith(".conv_block.6.weight") for key in tensors if key.startswith(f"{name}.")):
        raise UserError(f"its {name!r} is a ResNet with dropout, which semgan's does not have: give one trained with --no_dropout")
    antialiased = is_antialiased(tensors, name)
    first = _first_block(antialiased)
    last = last_number(tensors, rf"{name}\.model\.(\d+)\.conv_block\.", f"{name}.model.{first}.conv_block.1.weight")
    return {
        "base_channels": common.shape_of(tensors, f"{name}.model.1.weight", 4)[0],
        "blocks": max(last + 1 - first, 1),
        "antialiased": antialiased,
        "initializer": initializer,
    }


def resnet(name: str, ours: str, options: Mapping[str, Any]) -> Official:
    """The generator in the order of its modules."""
    antialiased, base, blocks = options["antialiased"], options["base_channels"], options["blocks"]
    table = layer(f"{ours}/encoder/from_rgb", f"{name}.model.1")
    fixed, place = {}, 4
    for index in range(2):
        table += layer(f"{ours}/encoder/halve_{index}", f"{name}.model.{place}")
        if antialiased:
            fixed[f"{name}.model.{place + 3}.filt"] = blur_filter((1, 2, 1), base * 2 ** (index + 1))
        place += 3 + antialiased
    for index in range(blocks):
        for number, inner in ((1, 1), (2, 5)):
            table += layer(f"{ours}/encoder/block_{index}/conv{number}", f"{name}.model.{place + index}.conv_block.{inner}")
    place += blocks
    for index in range(2):
        if antialiased:
            fixed[f"{name}.model.{place}.filt"] = blur_filter((1, 3, 3, 1), base * 2 ** (2 - index), gain=4)
            table += layer(f"{ours}/double_{index}", f"{name}.model.{place + 1}")
        else:
            table += layer(f"{ours}/double_{index}", f"{name}.model.{place}", TRANSPOSED_CONVOLUTION)
        place += 3 + antialiased
    return Official(table + layer(f"{ours}/to_rgb", f"{name}.model.{place + 1}"), fixed)


def _first_block(antialiased: bool) -> int:
    return 12 if antialiased else 10
