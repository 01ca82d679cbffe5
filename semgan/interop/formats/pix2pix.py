"""pix2pix as junyanz/pytorch-CycleGAN-and-pix2pix saves it: `latest_net_G.pth`, a U-Net, and `latest_net_D.pth` with it.

A lone file is the generator; with the discriminator the caller gives {"G": ..., "D": ...}. Their code translates with each picture's
own statistics and with dropout; so does ours, and running statistics are not read (written, they are those of an untrained network).
A file does not say what was translated into what: A is the input, B the output, whatever `--direction` called them.
"""

from collections.abc import Mapping
from typing import Any

from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _translation as shared
from semgan.interop.formats._translation import Official
from semgan.interop.formats._unet import LEAST_LEVELS, check_levels, unet, unet_levels, unet_options

WHOLE = "a generator's file, such as latest_net_G.pth, with D or alone"
NETWORKS = {"G": "generator", "D": "discriminator"}


def read(data: Any) -> ImportedModel:
    """The generator and, where it is given, the discriminator.

    Raises:
      UserError: it is not such a file, or its tensors are not those of a network that semgan can make.
    """
    nets = {"G": data} if shared.is_one_state_dict(data) else data
    states = shared.state_dicts(nets, ["G"], ["D"], WHOLE)
    tensors = shared.flat(states)
    levels = unet_levels(tensors, "G")
    generator = unet_options(tensors, "G", dropout_layers=levels - LEAST_LEVELS)
    networks = {
        "generator": generator,
        "discriminator": shared.patchgan_options(tensors, "D", generator["norm"], False, "normal"),
    }
    config = shared.config_of("pix2pix", 2**levels, networks, {"objective": "non_saturating"}, pairing="paired")
    return shared.import_model(config, _officials(config), NETWORKS, states)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The generator's state dict or, where the model has its discriminator, both by the official names.

    Raises:
      UserError: the model is of another algorithm, or too small for their U-Net.
    """
    common.check_algorithm(config, "pix2pix")
    officials = _officials(config)
    states = shared.to_states({name: officials[name] for name, ours in NETWORKS.items() if ours in params}, params)
    return states if len(states) > 1 else states["G"]


def _officials(config: Mapping[str, Any]) -> dict[str, Official]:
    networks, size = config["networks"], config["image_size"]
    return {
        "G": unet("G", "generator", networks["generator"], check_levels(size)),
        "D": shared.patchgan("D", "discriminator", networks["discriminator"], size),
    }


FORMAT = Format(read, write, "latest_net_G.pth")
