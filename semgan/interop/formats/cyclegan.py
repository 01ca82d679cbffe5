"""CycleGAN as junyanz/pytorch-CycleGAN-and-pix2pix saves it: `latest_net_G_A.pth`, `..._G_B.pth`, `..._D_A.pth`, `..._D_B.pth`.

For both directions the caller gives {"G_A": ..., "G_B": ...}, with "D_A" and "D_B" or without. A lone file is one generator: it
becomes a model that translates from A to B alone, as CUT does, whose generator without antialiasing is the same network; a lone
generator with its discriminator is {"G": ..., "D": ...}. A file does not say at which size a ResNet was trained, nor what its domains
are called: they become 256 px, A and B.
"""

from collections.abc import Mapping
from typing import Any

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _translation as shared
from semgan.interop.formats import cut
from semgan.interop.formats._resnet import is_antialiased, resnet, resnet_options
from semgan.interop.formats._translation import Official
from semgan.interop.formats._unet import check_levels, is_unet, unet, unet_levels, unet_options
from semgan.torch_files.mapping import Tensors

WHOLE = "a generator's file, such as latest_net_G_A.pth, or G_A and G_B together"
NETWORKS = {"G_A": "generator_ab", "G_B": "generator_ba", "D_A": "discriminator_b", "D_B": "discriminator_a"}
"""The networks' names here and there; their D_A judges what G_A makes, which is of domain B."""


def read(data: Any) -> ImportedModel:
    """Reads both directions, or one of them.

    Raises:
      UserError: it is not such a file, or its tensors are not those of a network that semgan can make.
    """
    if shared.is_one_state_dict(data) or (isinstance(data, Mapping) and "G" in data):
        nets = {"G": data} if shared.is_one_state_dict(data) else data
        states = shared.state_dicts(nets, ["G"], ["D"], WHOLE)
        _refuse_antialiased(shared.flat(states), "G")
        return cut.read_one_way(states, "normal")
    states = shared.state_dicts(data, ["G_A", "G_B"], ["D_A", "D_B"], WHOLE)
    tensors = shared.flat(states)
    networks = {NETWORKS[name]: _generator_options(tensors, name) for name in ("G_A", "G_B")}
    networks |= {NETWORKS[name]: shared.patchgan_options(tensors, name, "instance", False, "normal") for name in ("D_A", "D_B")}
    size = 2 ** unet_levels(tensors, "G_A") if is_unet(tensors, "G_A") else shared.SIZE
    config = shared.config_of("cyclegan", size, networks, {"objective": "least_squares", "pool_size": 50})
    return shared.import_model(config, _officials(config), NETWORKS, states)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """State dicts by the official names, or one generator's alone where the model translates in one direction.

    Raises:
      UserError: the model is of another algorithm, or no network of theirs.
    """
    if config["algorithm"] == "cut":
        if config["networks"]["generator"]["antialiased"]:
            raise UserError("the model's resampling is antialiased, which CycleGAN's is not: choose the format cut")
        return cut.write({name: value for name, value in params.items() if name != "patch_sampler"}, model_state, config)
    common.check_algorithm(config, "cyclegan")
    officials = _officials(config)
    return shared.to_states({name: officials[name] for name, ours in NETWORKS.items() if ours in params}, params)


def _generator_options(tensors: Tensors, name: str) -> dict[str, Any]:
    if not is_unet(tensors, name):
        _refuse_antialiased(tensors, name)
        return {"architecture": "resnet", **resnet_options(tensors, name, "normal")}
    options = unet_options(tensors, name, dropout_layers=0)
    if options["norm"] == "batch":
        raise UserError(f"its {name!r} is a U-Net with batch norm, which is pix2pix's and not CycleGAN's: choose the format pix2pix")
    return {"architecture": "unet", **options}


def _refuse_antialiased(tensors: Tensors, name: str) -> None:
    if is_antialiased(tensors, name):
        raise UserError(f"its {name!r} has antialiased resampling, which is CUT's and not CycleGAN's: choose the format cut")


def _officials(config: Mapping[str, Any]) -> dict[str, Official]:
    networks, size = config["networks"], config["image_size"]
    officials = {}
    for name, ours in NETWORKS.items():
        options = networks[ours]
        if "architecture" not in options:
            officials[name] = shared.patchgan(name, ours, options, size)
        elif options["architecture"] == "unet":
            officials[name] = unet(name, ours, options, check_levels(size))
        else:
            officials[name] = resnet(name, ours, options)
    return officials


FORMAT = Format(read, write, "latest_net_G_A.pth")
