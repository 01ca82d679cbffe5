"""Reads vision transformers from the user's files: DINO's as its authors publish it, CLIP's as openai or Hugging Face name it, and CSD's.

The sizes (width, depth, patches, pictures) are those of the arrays in the file.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.evaluation.extractors import weight_files
from semgan.evaluation.extractors.vit import EXPANSION
from semgan.evaluation.extractors.weight_files import WHERE, WeightFile, parameters, read_weights, refuse_other
from semgan.torch_files.mapping import CONVOLUTION, DENSE, SAME, Entry, Layout, Tensors


class _Names(NamedTuple):
    """The names that a family's files have.

    Attributes:
      content: a key of `weight_files.WHERE`.
      blocks: what comes before a block's number.
      layers: of each layer in a block, up to "weight" or "bias".
      outside: of each array outside the blocks, by its path in our parameters.
    """

    content: str
    blocks: str
    layers: Mapping[str, str]
    outside: Mapping[str, tuple[str, Layout]]


_TOKEN = Layout(lambda x: x.reshape(-1), lambda x: x.reshape(1, 1, -1))
"""(1, 1, width) <-> (width,)."""
_CODES = Layout(lambda x: x.reshape(x.shape[1:]), lambda x: x[None])
"""(1, token, width) <-> (token, width)."""

_DINO = _Names(
    weight_files.DINO,
    "blocks.",
    {"norm1": "norm1.", "qkv": "attn.qkv.", "out": "attn.proj.", "norm2": "norm2.", "expand": "mlp.fc1.", "contract": "mlp.fc2."},
    {
        "patches/kernel": ("patch_embed.proj.weight", CONVOLUTION),
        "patches/bias": ("patch_embed.proj.bias", SAME),
        "class_token": ("cls_token", _TOKEN),
        "positions": ("pos_embed", _CODES),
        "norm_after/scale": ("norm.weight", SAME),
        "norm_after/bias": ("norm.bias", SAME),
    },
)
_CLIP_LAYERS = {
    "norm1": "ln_1.",
    "qkv": "attn.in_proj_",
    "out": "attn.out_proj.",
    "norm2": "ln_2.",
    "expand": "mlp.c_fc.",
    "contract": "mlp.c_proj.",
}


def _clip_names(content: str, before: str, projection: str) -> _Names:
    """Returns openai's names of the half for pictures, which stand behind `before`, and that of its projection."""
    outside = {
        "patches/kernel": ("conv1.weight", CONVOLUTION),
        "class_token": ("class_embedding", SAME),
        "positions": ("positional_embedding", SAME),
        "norm_before/scale": ("ln_pre.weight", SAME),
        "norm_before/bias": ("ln_pre.bias", SAME),
        "norm_after/scale": ("ln_post.weight", SAME),
        "norm_after/bias": ("ln_post.bias", SAME),
    }
    named = {ours: (before + theirs, layout) for ours, (theirs, layout) in outside.items()}
    return _Names(content, f"{before}transformer.resblocks.", _CLIP_LAYERS, named | {"projection": (projection, SAME)})


_CLIP = _clip_names(weight_files.CLIP, "visual.", "visual.proj")
_CSD = _clip_names(weight_files.CSD, "backbone.", "last_layer_style")


def dino_params(path: str | Path) -> tuple[WeightFile, dict[str, Any]]:
    """DINO's vision transformer, from a file of the backbone or from a training's checkpoint, of which the teacher is taken.

    Raises:
      UserError: the file cannot be read, or does not hold the network whole.
    """
    file = read_weights(path, _DINO.content, inside=("teacher",))
    tensors = {name.removeprefix("module.").removeprefix("backbone."): value for name, value in file.tensors.items()}
    return file, _params(path, file, {name: value for name, value in tensors.items() if not name.startswith("head.")}, _DINO)


def clip_params(path: str | Path) -> tuple[WeightFile, dict[str, Any]]:
    """The visual half of openai's CLIP, a vision transformer; the half for text is left out.

    Raises:
      UserError: as `dino_params`; or it is a CLIP with a ResNet, which is not supported.
    """
    file = read_weights(path, _CLIP.content)
    tensors = _from_hugging_face(file.tensors)
    if "visual.layer1.0.conv1.weight" in tensors:
        raise UserError(f"{path} holds a CLIP with a ResNet: give one with a vision transformer, such as ViT-B/32 or ViT-L/14")
    return file, _params(path, file, {name: value for name, value in tensors.items() if name.startswith("visual.")}, _CLIP)


def csd_params(path: str | Path) -> tuple[WeightFile, dict[str, Any]]:
    """CSD's backbone with its style head as the projection; its content head is left out.

    Raises:
      UserError: as `dino_params`.
    """
    file = read_weights(path, _CSD.content, inside=("model_state_dict",))
    tensors = {name.removeprefix("module."): value for name, value in file.tensors.items()}
    return file, _params(path, file, {name: value for name, value in tensors.items() if not name.startswith("last_layer_content")}, _CSD)


def _params(path: str | Path, file: WeightFile, tensors: Tensors, names: _Names) -> dict[str, Any]:
    refuse_other(path, file, {names.content})
    shapes = _shapes(path, tensors, names)
    return parameters(path, [_entry(ours, names) for ours in shapes], tensors, shapes)


def _shapes(path: str | Path, tensors: Tensors, names: _Names) -> dict[str, tuple[int, ...]]:
    """Shapes of our parameters by path, for the sizes that the file's arrays have."""
    for ours, ranks in (("projection", (2,)), ("patches/kernel", (4,)), ("positions", (2, 3))):
        theirs = names.outside.get(ours, ("", SAME))[0]
        if theirs and (theirs not in tensors or tensors[theirs].ndim not in ranks):
            raise UserError(f"{path} does not hold {names.content} ({theirs} is missing): give {WHERE[names.content]}")
    width, _, patch, _ = tensors[names.outside["patches/kernel"][0]].shape
    count = tensors[names.outside["positions"][0]].shape[-2]
    if count < 2 or math.isqrt(count - 1) ** 2 != count - 1:
        raise UserError(f"{path} has {count} position codes, not one and a square number: give {WHERE[names.content]}")
    outside = {"patches/kernel": (patch, patch, 3, width), "positions": (count, width)}
    if "projection" in names.outside:
        outside["projection"] = (width, tensors[names.outside["projection"][0]].shape[1])
    shapes = {ours: outside.get(ours, (width,)) for ours in names.outside}
    for number in range(_depth(tensors, names)):
        for layer, (inputs, outputs) in {"qkv": (1, 3), "out": (1, 1), "expand": (1, EXPANSION), "contract": (EXPANSION, 1)}.items():
            shapes[f"blocks/{number}/{layer}/kernel"] = (inputs * width, outputs * width)
            shapes[f"blocks/{number}/{layer}/bias"] = (outputs * width,)
        for layer in ("norm1", "norm2"):
            shapes |= {f"blocks/{number}/{layer}/{leaf}": (width,) for leaf in ("scale", "bias")}
    return shapes


def _depth(tensors: Tensors, names: _Names) -> int:
    numbers = [match[1] for name in tensors if (match := re.match(rf"{re.escape(names.blocks)}(\d{{1,4}})\.", name))]
    return 1 + max(map(int, numbers), default=0)


def _entry(ours: str, names: _Names) -> Entry:
    if ours in names.outside:
        return Entry(ours, *names.outside[ours])
    _, number, layer, leaf = ours.split("/")
    theirs = f"{names.blocks}{number}.{names.layers[layer]}{'bias' if leaf == 'bias' else 'weight'}"
    return Entry(ours, theirs, DENSE if leaf == "kernel" else SAME)


_HUGGING_FACE = (
    (re.compile(r"vision_model\.embeddings\.class_embedding"), "visual.class_embedding"),
    (re.compile(r"vision_model\.embeddings\.patch_embedding\.weight"), "visual.conv1.weight"),
    (re.compile(r"vision_model\.embeddings\.position_embedding\.weight"), "visual.positional_embedding"),
    (re.compile(r"vision_model\.pre_layrnorm\.(\w+)"), r"visual.ln_pre.\1"),  # their spelling
    (re.compile(r"vision_model\.post_layernorm\.(\w+)"), r"visual.ln_post.\1"),
    (re.compile(r"vision_model\.encoder\.layers\.(\d+)\.layer_norm(\d)\.(\w+)"), r"visual.transformer.resblocks.\1.ln_\2.\3"),
    (re.compile(r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.out_proj\.(\w+)"), r"visual.transformer.resblocks.\1.attn.out_proj.\2"),
    (re.compile(r"vision_model\.encoder\.layers\.(\d+)\.mlp\.fc1\.(\w+)"), r"visual.transformer.resblocks.\1.mlp.c_fc.\2"),
    (re.compile(r"vision_model\.encoder\.layers\.(\d+)\.mlp\.fc2\.(\w+)"), r"visual.transformer.resblocks.\1.mlp.c_proj.\2"),
)
_QUERY = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.q_proj\.(\w+)")


def _from_hugging_face(tensors: Tensors) -> dict[str, np.ndarray]:
    """Renames Hugging Face's names of the visual half to openai's, and joins queries, keys and values; other names stay."""
    renamed = {}
    for name, value in tensors.items():
        for pattern, openai in _HUGGING_FACE:
            if match := pattern.fullmatch(name):
                renamed[match.expand(openai)] = value
                break
        else:
            renamed[name] = value
    for query in [name for name in tensors if _QUERY.fullmatch(name)]:
        parts = [query.replace("q_proj", part) for part in ("q_proj", "k_proj", "v_proj")]
        shapes = {tensors[part].shape if part in tensors else () for part in parts}
        if len(shapes) == 1 and shapes != {()}:
            joined = _QUERY.sub(r"visual.transformer.resblocks.\1.attn.in_proj_\2", query)
            renamed[joined] = np.concatenate([tensors[part] for part in parts])
    if (projection := tensors.get("visual_projection.weight")) is not None:
        renamed["visual.proj"] = projection.T
    return renamed
