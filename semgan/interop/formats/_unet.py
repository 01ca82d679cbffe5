"""The U-Net of the official pix2pix and CycleGAN: nested modules, the outermost at the picture's own resolution."""

import re
from collections.abc import Mapping
from typing import Any

from semgan.errors import UserError
from semgan.interop.formats import _common as common
from semgan.interop.formats._translation import Official, layer, scale_and_bias, statistics
from semgan.torch_files.mapping import TRANSPOSED_CONVOLUTION, Tensors

LEAST_LEVELS = 5
"""The number of levels that a U-Net of theirs has at least."""


def is_unet(tensors: Tensors, name: str) -> bool:
    """Returns whether the state dict `name` is a U-Net, and not a ResNet."""
    return f"{name}.model.model.0.weight" in tensors


def unet_norm(tensors: Tensors, name: str) -> str:
    """The kind of normalisation: with "batch" the convolutions have no bias, with "instance" they do."""
    return "instance" if f"{_prefix(name, 1)}.1.bias" in tensors else "batch"


def unet_levels(tensors: Tensors, name: str) -> int:
    """The number of times that it halves the resolution, down to one pixel.

    Raises:
      UserError: it is not a U-Net, or has fewer levels than their code makes.
    """
    if not is_unet(tensors, name):
        raise UserError(f"its {name!r} is not a U-Net (it has no tensor model.model.0.weight): give another file or another format")
    pattern = re.compile(rf"{re.escape(name)}\.model\.model\.1\.model((?:\.3\.model)*)\.1\.weight")
    depths = [match[1].count("3") for key in tensors if (match := pattern.fullmatch(key))]
    levels = max(depths, default=-1) + 2
    if levels < LEAST_LEVELS:
        raise UserError(f"its U-Net has {levels} levels, but no fewer than {LEAST_LEVELS} are possible: give a whole file of this format")
    common.check_size(2**levels, 2**LEAST_LEVELS)
    return levels


def unet_options(tensors: Tensors, name: str, dropout_layers: int) -> dict[str, Any]:
    """Constructor arguments of `semgan.networks.unet.UNetGenerator`."""
    return {
        "base_channels": common.shape_of(tensors, f"{name}.model.model.0.weight", 4)[0],
        "norm": unet_norm(tensors, name),
        "dropout_layers": dropout_layers,
        "dropout_start": 1,  # the innermost level drops nothing in their code; in the paper it does
        "initializer": "normal",
    }


def unet(name: str, ours: str, options: Mapping[str, Any], levels: int) -> Official:
    """The generator from the outermost level to the innermost, the ways down and up of each beside one another."""
    batch, base = options["norm"] == "batch", options["base_channels"]
    table, unread = layer(f"{ours}/down0", f"{name}.model.model.0", bias=not batch), {}
    for level in range(1, levels):
        place, innermost = _prefix(name, level), level == levels - 1
        up = 3 if innermost else 5
        table += layer(f"{ours}/down{level}", f"{place}.1", bias=not batch)
        table += layer(f"{ours}/up{level}", f"{place}.{up}", TRANSPOSED_CONVOLUTION, bias=not batch)
        norms = {f"up_norm{level}": (up + 1, level - 1)} | ({} if innermost else {f"down_norm{level}": (2, level)})
        for norm, (number, width) in norms.items() if batch else ():
            table += scale_and_bias(f"{ours}/{norm}", f"{place}.{number}")
            unread |= statistics(f"{place}.{number}", base * min(2**width, 8))
    return Official(table + layer(f"{ours}/to_rgb", f"{name}.model.model.3", TRANSPOSED_CONVOLUTION), unread=unread)


def check_levels(image_size: int) -> int:
    """The levels of a U-Net for pictures of this size; UserError where theirs cannot have so few."""
    levels = image_size.bit_length() - 1
    if levels < LEAST_LEVELS:
        raise UserError(f"the model is of {image_size} px, but the official U-Net has {2**LEAST_LEVELS} at least: it cannot be written so")
    return levels


def _prefix(name: str, level: int) -> str:
    """The modules of a level below the outermost."""
    return f"{name}.model.model.1.model" + ".3.model" * (level - 1)
