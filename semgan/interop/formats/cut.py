"""CUT and FastCUT as taesungp/contrastive-unpaired-translation saves them: `latest_net_G.pth`, and `..._F.pth` and `..._D.pth` with it.

A lone file is the generator; with a patch sampler or a discriminator the caller gives {"G": ..., "F": ..., "D": ...}. A file does not
say at which size it was trained, nor what its domains are called: they become 256 px, A and B.
"""

from collections.abc import Mapping
from typing import Any

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _translation as shared
from semgan.interop.formats._resnet import resnet, resnet_options
from semgan.interop.formats._translation import Official
from semgan.torch_files.mapping import DENSE, Tensors

WHOLE = "a generator's file, such as latest_net_G.pth, with F and D or alone"
NETWORKS = {"G": "generator", "F": "patch_sampler", "D": "discriminator"}
LAYERS = (0, 4, 8, 12, 16)
"""The generator's modules whose features are compared, by their numbers in the official code."""


def read(data: Any) -> ImportedModel:
    """The generator and, where they are given, the patch sampler and the discriminator.

    Raises:
      UserError: it is not such a file, or its tensors are not those of a network that semgan can make.
    """
    return read_one_way(shared.state_dicts(_by_name(data), ["G"], ["F", "D"], WHOLE), "xavier")


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The generator's state dict or, where the model has more networks, state dicts by the official names.

    Raises:
      UserError: the model is of another algorithm.
    """
    common.check_algorithm(config, "cut")
    officials = _officials(config)
    states = shared.to_states({name: officials[name] for name, ours in NETWORKS.items() if ours in params}, params)
    return states if len(states) > 1 else states["G"]


def read_one_way(states: Mapping[str, Tensors], initializer: str) -> ImportedModel:
    """A model that translates from A to B: a CUT, or one half of a CycleGAN."""
    tensors = shared.flat(states)
    generator = resnet_options(tensors, "G", initializer)
    antialiased = generator["antialiased"]
    layers = _layers(tensors, 10 + 2 * antialiased + generator["blocks"])
    channels = common.shape_of(tensors, "F.mlp_0.0.weight", 2)[0] if "F" in states else 256
    networks = {
        "generator": generator,
        "patch_sampler": {"channels": channels, "initializer": initializer},
        "discriminator": shared.patchgan_options(tensors, "D", "instance", antialiased, initializer),
    }
    config = shared.config_of("cut", shared.SIZE, networks, {"objective": "least_squares", "nce_layers": layers})
    return shared.import_model(config, _officials(config), NETWORKS, states)


def _by_name(data: Any) -> Any:
    return {"G": data} if shared.is_one_state_dict(data) else data


def _layers(tensors: Tensors, count: int) -> list[int]:
    """The generator's layers that are compared: the official ones, or as many as the patch sampler has parts for."""
    possible = [layer for layer in LAYERS if layer < count]
    parts = common.numbers(tensors, r"F\.mlp_(\d+)\.")
    if len(parts) > len(possible):
        raise UserError(
            f"its 'F' has parts for {len(parts)} layers, but only {common.in_words(possible)} are known: give a model with these"
        )
    return possible[: len(parts)] if parts else possible


def _officials(config: Mapping[str, Any]) -> dict[str, Official]:
    networks = config["networks"]
    sampler = []
    for index in range(len(config["losses"]["nce_layers"])):
        sampler += shared.layer(f"patch_sampler/hidden{index}", f"F.mlp_{index}.0", DENSE)
        sampler += shared.layer(f"patch_sampler/out{index}", f"F.mlp_{index}.2", DENSE)
    return {
        "G": resnet("G", "generator", networks["generator"]),
        "F": Official(sampler),
        "D": shared.patchgan("D", "discriminator", networks["discriminator"], config["image_size"]),
    }


FORMAT = Format(read, write, "latest_net_G.pth")
