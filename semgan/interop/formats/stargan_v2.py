"""StarGAN v2 as clovaai/stargan-v2 saves it: `100000_nets_ema.ckpt`, and `100000_nets.ckpt` with the discriminator.

Of the high-pass branch (CelebA-HQ) come the weight, by the filter, and the heat-map network `fan`, which makes its masks. The 1x1
convolutions that its decoder holds and never runs are kept. A file does not say what its domains are called: they become domain0,
domain1, ... in the order of its heads, which is that of their folders' names.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from semgan.errors import UserError
from semgan.interop.format import Format, ImportedModel
from semgan.interop.formats import _common as common
from semgan.interop.formats import _translation as shared
from semgan.interop.formats._fan import OURS as HEAT_MAPS
from semgan.interop.formats._fan import fan
from semgan.interop.formats._translation import Official, layer, scale_and_bias
from semgan.torch_files.mapping import DENSE, SAME, Entry, Layout, Shapes, Tensors

WHOLE = "a file such as 100000_nets_ema.ckpt"
LAYOUT = "clovaai/stargan-v2"
NETWORKS = {name: name for name in ("generator", "mapping_network", "style_encoder", "discriminator")} | {"fan": HEAT_MAPS}
LEAST, FILTER = 32, "generator.hpf.filter"
HEADS = (*(f"mapping_network/{name}" for name in ("unshared0", "unshared1", "unshared2", "style")), "style_encoder/heads")
"""Our layers that hold a layer of theirs for each domain."""

POINTWISE = Layout(lambda x: x[:, :, 0, 0].T, lambda x: x.T[:, :, None, None])
"""(out, in, 1, 1) <-> (in, out)."""


def read(data: Any) -> ImportedModel:
    """The three averaged networks and, where the file has them, the discriminator and the heat maps' network.

    Raises:
      UserError: it is not such a file, or its tensors are not those of a network that semgan can make.
    """
    states = shared.state_dicts(data, ["generator", "mapping_network", "style_encoder"], ["discriminator", "fan"], WHOLE)
    tensors = shared.flat(states)
    config = _config(tensors)
    ours = [NETWORKS[name] for name in states]
    expected = _by_domain(common.expected_shapes(config, ours))
    official = shared.join(_officials(config)[name] for name in states)
    params = shared.to_params(official, tensors, expected, ["fan.*.num_batches_tracked"])
    for _, node in _heads(params):
        for leaf, parts in node.items():
            node[leaf] = np.stack([parts[str(domain)] for domain in range(len(parts))])
    return ImportedModel(params, {}, config)


def write(params: Mapping[str, Any], model_state: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """State dicts by the official names, of all networks that the model has.

    Their classes have 2^14 / image size channels at full resolution and 512 at most; for other widths `dim_in` has to be changed there.

    Raises:
      UserError: the model is of another algorithm, or no network of theirs.
    """
    common.check_algorithm(config, "stargan_v2")
    common.check_options(config["networks"]["generator"], {"bottleneck_size": 16, "bottleneck_blocks": 2, "patch_size": 1}, LAYOUT)
    for name in ("style_encoder", "discriminator"):
        common.check_options(config["networks"][name], {"patch_size": 1}, LAYOUT)
    params = _copy({name: params[name] for name in NETWORKS.values() if name in params})
    for _, node in _heads(params):
        for leaf, whole in node.items():
            node[leaf] = {str(domain): part for domain, part in enumerate(np.asarray(whole))}
    officials = _officials(config)
    return shared.to_states({name: officials[name] for name, ours in NETWORKS.items() if ours in params}, params)


def _config(tensors: Tensors) -> dict[str, Any]:
    """Derives the config from the shapes; the style encoder's number of blocks gives the image size."""
    blocks = shared.last_number(tensors, r"style_encoder\.shared\.(\d+)\.conv1\.weight", "style_encoder.shared.1.conv1.weight")
    image_size = 2 ** (min(blocks, 30) + 2)
    common.check_size(image_size, LEAST)
    weight = _high_pass_weight(tensors)
    if weight and "fan.l0.weight" not in tensors:
        raise UserError("its generator has the high-pass branch, but there is no 'fan', which makes its masks: give " + WHOLE)
    _check_size(tensors, image_size, weight > 0)
    style_dim = common.shape_of(tensors, "mapping_network.unshared.0.6.weight", 2)[0]
    hidden_channels, latent_dim = common.shape_of(tensors, "mapping_network.shared.0.weight", 2)
    domains = shared.last_number(tensors, r"mapping_network\.unshared\.(\d+)\.", "mapping_network.unshared.0.0.weight") + 1
    generator = _widths(tensors, "generator.from_rgb", f"generator.encode.{_levels(image_size, weight) + 1}")
    generator |= {"bottleneck_size": 16, "bottleneck_blocks": 2, "high_pass_weight": weight}
    encoder = _widths(tensors, "style_encoder.shared.0", f"style_encoder.shared.{blocks}")
    discriminator = encoder
    if "discriminator.main.0.weight" in tensors:
        discriminator = _widths(tensors, "discriminator.main.0", f"discriminator.main.{blocks}")
    networks: dict[str, Any] = {
        "generator": {**generator, "style_dim": style_dim, "patch_size": 1},
        "mapping_network": {"style_dim": style_dim, "latent_dim": latent_dim, "hidden_channels": hidden_channels},
        "style_encoder": {**encoder, "style_dim": style_dim, "patch_size": 1},
        "discriminator": {**discriminator, "patch_size": 1},
    }
    if "fan.l0.weight" in tensors:
        networks[HEAT_MAPS] = {"channels": common.shape_of(tensors, "fan.l0.weight", 4)[1]}
    names = [f"domain{number}" for number in range(domains)]
    return shared.config_of("stargan_v2", image_size, networks, {"objective": "non_saturating"}, domains=names, pairing="any")


def _check_size(tensors: Tensors, image_size: int, high_pass: bool) -> None:
    """Raises a UserError unless the generator is of the style encoder's image size."""
    last = shared.last_number(tensors, r"generator\.encode\.(\d+)\.conv1\.weight", "generator.encode.0.conv1.weight")
    generator_size = 2 ** (min(last, 30) - 1 + 4 - high_pass)
    if generator_size != image_size:
        raise UserError(
            f"its generator has the blocks of {generator_size} px, but its style encoder those of {image_size}: "
            "give a whole file of this format"
        )


def _widths(tensors: Tensors, first: str, widest: str) -> dict[str, int]:
    base = common.shape_of(tensors, f"{first}.weight", 4)[0]
    return {"base_channels": base, "max_channels": common.shape_of(tensors, f"{widest}.conv2.weight", 4)[0]}


def _high_pass_weight(tensors: Tensors) -> float:
    """The divisor of the high frequencies; 0 without the branch."""
    if FILTER not in tensors:
        return 0.0
    common.shape_of(tensors, FILTER, 2)
    centre = float(tensors[FILTER].flat[tensors[FILTER].size // 2])
    if not 0 < centre < float("inf"):
        raise UserError(f"its filter {FILTER} is not a high-pass filter: give another model")
    return 8 / centre


def _high_pass_filter(weight: float) -> np.ndarray:
    return (np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / weight).astype(np.float32)


def _levels(image_size: int, weight: float) -> int:
    """The number of times that the generator halves the resolution."""
    return image_size.bit_length() - 5 + (weight > 0)


def _officials(config: Mapping[str, Any]) -> dict[str, Official]:
    networks, size, domains = config["networks"], config["image_size"], len(config["data"]["domains"])
    officials = {
        "generator": _generator(networks["generator"], size),
        "mapping_network": Official(_mapping_network(domains)),
        "style_encoder": Official(_style_encoder(networks["style_encoder"], size, domains)),
        "discriminator": Official(_discriminator(networks["discriminator"], size)),
    }
    return officials | ({"fan": fan("fan")} if HEAT_MAPS in networks else {})


def _generator(options: Mapping[str, Any], size: int) -> Official:
    """`decode` is filled from its front, so that its first block is the innermost; its blocks have a width in and a width out."""
    weight = options["high_pass_weight"]
    widths = _doubled_channels(options, size, _levels(size, weight))
    inward, outward = [*widths, widths[-1], widths[-1]], [widths[-1], widths[-1], *widths[::-1]]
    table = layer("generator/from_rgb", "generator.from_rgb")
    for index, (inputs, outputs) in enumerate(pairwise(inward)):
        table += _block(f"generator/encode{index}", f"generator.encode.{index}", inputs != outputs)
        for norm in ("norm1", "norm2"):
            table += scale_and_bias(f"generator/encode{index}/{norm}", f"generator.encode.{index}.{norm}")
    for index, (inputs, outputs) in enumerate(pairwise(outward)):
        table += _block(f"generator/decode{index}", f"generator.decode.{index}", inputs != outputs)
        for norm in ("norm1", "norm2"):
            table += layer(f"generator/decode{index}/{norm}/style", f"generator.decode.{index}.{norm}.fc", DENSE)
    table += scale_and_bias("generator/norm", "generator.to_rgb.0") + layer("generator/to_rgb", "generator.to_rgb.2")
    return Official(table, {FILTER: _high_pass_filter(weight)} if weight else {})


def _mapping_network(domains: int) -> list[Entry]:
    table = []
    for index in range(4):
        table += layer(f"mapping_network/shared{index}", f"mapping_network.shared.{2 * index}", DENSE)
    for domain in range(domains):
        for index, ours in enumerate(HEADS[:4]):
            table += _head(ours, f"mapping_network.unshared.{domain}.{2 * index}", domain)
    return table


def _style_encoder(options: Mapping[str, Any], size: int, domains: int) -> list[Entry]:
    table = _trunk("style_encoder/trunk", "style_encoder.shared", options, size)
    for domain in range(domains):
        table += _head(HEADS[4], f"style_encoder.unshared.{domain}", domain)
    return table


def _discriminator(options: Mapping[str, Any], size: int) -> list[Entry]:
    """A domain's logit is a channel of one last 1x1 convolution."""
    last = size.bit_length() - 3 + 4
    return [
        *_trunk("discriminator/trunk", "discriminator.main", options, size),
        *layer("discriminator/logits", f"discriminator.main.{last}", POINTWISE),
    ]


def _trunk(ours: str, theirs: str, options: Mapping[str, Any], size: int) -> list[Entry]:
    blocks = size.bit_length() - 3
    widths = _doubled_channels(options, size, blocks)
    table = layer(f"{ours}/from_rgb", f"{theirs}.0")
    for index in range(blocks):
        table += _block(f"{ours}/block{index}", f"{theirs}.{index + 1}", widths[index] != widths[index + 1])
    return table + layer(f"{ours}/collect", f"{theirs}.{blocks + 2}")


def _block(ours: str, theirs: str, shortcut: bool) -> list[Entry]:
    table = layer(f"{ours}/conv1", f"{theirs}.conv1") + layer(f"{ours}/conv2", f"{theirs}.conv2")
    return table + (layer(f"{ours}/shortcut", f"{theirs}.conv1x1", bias=False) if shortcut else [])


def _doubled_channels(options: Mapping[str, Any], size: int, levels: int) -> list[int]:
    base = options["base_channels"] or 2**14 // size
    return [min(base * 2**level, options["max_channels"]) for level in range(levels + 1)]


def _head(ours: str, theirs: str, domain: int) -> list[Entry]:
    """One domain's share of a layer."""
    return [
        Entry(f"{ours}/kernel/{domain}", f"{theirs}.weight", DENSE),
        Entry(f"{ours}/bias/{domain}", f"{theirs}.bias", SAME),
    ]


def _by_domain(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes with one path for each domain's share."""
    split = {}
    for path, shape in shapes.items():
        heads = path.rpartition("/")[0] in HEADS
        split |= {f"{path}/{domain}": shape[1:] for domain in range(shape[0])} if heads else {path: shape}
    return split


def _heads(params: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The layers of the parameters that hold one of theirs for each domain."""
    for path in HEADS:
        network, name = path.split("/")
        yield path, params[network][name]


def _copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copy(value) if isinstance(value, Mapping) else value for name, value in tree.items()}


FORMAT = Format(read, write, "100000_nets_ema.ckpt")
