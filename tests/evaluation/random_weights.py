"""Random weights in the layouts of the published files, at full size."""

import numpy as np

from semgan.evaluation.extractors import inception, lpips
from semgan.evaluation.extractors.inception_layers import convolutions


def _kernel(rng, shape):
    """Keeps the activations' scale through ReLUs."""
    return rng.standard_normal(shape, np.float32) * np.sqrt(2 / np.prod(shape[1:])).astype(np.float32)


def inception_tensors(variant, seed=0):
    """As pytorch-fid's file has them ("fid"); with an auxiliary head, as torchvision's does ("imagenet")."""
    rng, tensors = np.random.default_rng(seed), {}
    for path, inputs, layer in convolutions():
        tensors[f"{path}.conv.weight"] = _kernel(rng, (layer.features, inputs, *layer.kernel))
        for name, low, high in (("weight", 0.5, 1.5), ("bias", -0.3, 0.3), ("running_mean", -0.3, 0.3), ("running_var", 0.5, 1.5)):
            tensors[f"{path}.bn.{name}"] = rng.uniform(low, high, layer.features).astype(np.float32)
        tensors[f"{path}.bn.num_batches_tracked"] = np.asarray(1000)
    classes = inception.CLASSES[variant]
    tensors["fc.weight"] = _kernel(rng, (classes, 2048))
    tensors["fc.bias"] = rng.uniform(-1, 1, classes).astype(np.float32)
    if variant == "imagenet":
        tensors["AuxLogits.conv0.conv.weight"] = _kernel(rng, (128, 768, 1, 1))
    return tensors


def classifier_tensors(backbone, seed=0):
    """As torchvision's files have them, with a part of what follows the convolutions."""
    rng, tensors, inputs = np.random.default_rng(seed), {}, 3
    for layer in lpips.LAYERS[backbone]:
        tensors[f"{layer.path}.weight"] = _kernel(rng, (layer.features, inputs, layer.size, layer.size))
        tensors[f"{layer.path}.bias"] = rng.uniform(-0.1, 0.1, layer.features).astype(np.float32)
        inputs = layer.features
    return tensors | {"classifier.6.bias": np.zeros(1000, np.float32)}


def head_tensors(backbone, seed=1):
    """As the lpips package's files of version 0.1 have them; never negative, as they were trained to be."""
    rng = np.random.default_rng(seed)
    features = [layer.features for layer in lpips.LAYERS[backbone] if layer.compared]
    return {f"lin{at}.model.1.weight": rng.uniform(0, 1, (1, count, 1, 1)).astype(np.float32) for at, count in enumerate(features)}


def _layers(rng, names, width):
    """Layers (name up to "weight" or "bias", inputs, outputs; None inputs: a normalisation), all in widths."""
    tensors = {}
    for name, inputs, outputs in names:
        if inputs is None:
            tensors[f"{name}weight"] = rng.uniform(0.5, 1.5, width).astype(np.float32)
            tensors[f"{name}bias"] = rng.uniform(-0.3, 0.3, width).astype(np.float32)
        else:
            tensors[f"{name}weight"] = 2 * rng.standard_normal((outputs * width, inputs * width), np.float32) / np.float32(width) ** 0.5
            tensors[f"{name}bias"] = rng.uniform(-0.3, 0.3, outputs * width).astype(np.float32)
    return tensors


def dino_tensors(width=128, depth=2, patch=8, grid=3, seed=0):
    """As facebookresearch's files of the backbone have them; of the real networks `width` is 384 or 768, `depth` 12, `grid` 224 / patch."""
    rng = np.random.default_rng(seed)
    tensors = {
        "cls_token": rng.standard_normal((1, 1, width), np.float32),
        "pos_embed": rng.standard_normal((1, grid**2 + 1, width), np.float32),
        "patch_embed.proj.weight": _kernel(rng, (width, 3, patch, patch)),
        "patch_embed.proj.bias": rng.uniform(-0.3, 0.3, width).astype(np.float32),
    }
    for number in range(depth):
        names = [
            ("norm1.", None, 1),
            ("attn.qkv.", 1, 3),
            ("attn.proj.", 1, 1),
            ("norm2.", None, 1),
            ("mlp.fc1.", 1, 4),
            ("mlp.fc2.", 4, 1),
        ]
        tensors |= _layers(rng, [(f"blocks.{number}.{name}", inputs, outputs) for name, inputs, outputs in names], width)
    return tensors | _layers(rng, [("norm.", None, 1)], width)


def clip_tensors(width=128, depth=2, patch=8, grid=3, features=48, seed=0):
    """As openai's state dicts have them, with a part of the half for text."""
    rng = np.random.default_rng(seed)
    tensors = {
        "visual.class_embedding": rng.standard_normal(width, np.float32),
        "visual.positional_embedding": rng.standard_normal((grid**2 + 1, width), np.float32),
        "visual.conv1.weight": _kernel(rng, (width, 3, patch, patch)),
        "visual.proj": rng.standard_normal((width, features), np.float32),
    }
    for number in range(depth):
        names = [("ln_1.", None, 1), ("attn.in_proj_", 1, 3), ("attn.out_proj.", 1, 1)]
        names += [("ln_2.", None, 1), ("mlp.c_fc.", 1, 4), ("mlp.c_proj.", 4, 1)]
        own = [(f"visual.transformer.resblocks.{number}.{name}", inputs, outputs) for name, inputs, outputs in names]
        tensors |= _layers(rng, own, width)
    tensors |= _layers(rng, [("visual.ln_pre.", None, 1), ("visual.ln_post.", None, 1)], width)
    return tensors | {"logit_scale": np.array(4.6, np.float32), "transformer.resblocks.0.ln_1.bias": np.zeros(512, np.float32)}


def hugging_face_clip_tensors(openai):
    """The visual half of `clip_tensors` under Hugging Face's names, which has queries, keys and values apart."""
    fixed = {
        "class_embedding": "vision_model.embeddings.class_embedding",
        "conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "positional_embedding": "vision_model.embeddings.position_embedding.weight",
    }
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "out_proj": "self_attn.out_proj", "c_fc": "mlp.fc1", "c_proj": "mlp.fc2"}
    tensors = {
        "vision_model.embeddings.position_ids": np.arange(10)[None],
        "text_model.final_layer_norm.bias": np.zeros(512, np.float32),
        "logit_scale": np.array(4.6, np.float32),
        "visual_projection.weight": np.ascontiguousarray(openai["visual.proj"].T),
    }
    for name, value in openai.items():
        own = name.removeprefix("visual.")
        number, _, layer = own.removeprefix("transformer.resblocks.").partition(".")
        before = f"vision_model.encoder.layers.{number}."
        if own in fixed:
            tensors[fixed[own]] = value
        elif own.startswith("ln_"):
            tensors[own.replace("ln_pre", "vision_model.pre_layrnorm").replace("ln_post", "vision_model.post_layernorm")] = value
        elif "in_proj_" in own:
            leaf = own.rpartition("_")[2]
            tensors |= {f"{before}self_attn.{part}_proj.{leaf}": each for part, each in zip("qkv", np.split(value, 3), strict=True)}
        elif name.startswith("visual.transformer."):
            part, leaf = layer.split(".")[-2:]
            tensors[f"{before}{parts[part]}.{leaf}"] = value
    return tensors


def csd_tensors(openai, seed=5):
    """CSD's names and heads on the backbone of `clip_tensors`."""
    rng, projection = np.random.default_rng(seed), openai["visual.proj"]
    backbone = {name: value for name, value in openai.items() if name.startswith("visual.") and name != "visual.proj"}
    heads = {name: rng.standard_normal(projection.shape, np.float32) for name in ("last_layer_style", "last_layer_content")}
    return {name.replace("visual.", "backbone."): value for name, value in backbone.items()} | heads


def art_inception_tensors(seed=0):
    """As ArtFID's file has them: torchvision's convolutions, and a classifier of artists and one of styles."""
    rng, tensors = np.random.default_rng(seed + 1), inception_tensors("imagenet", seed)
    tensors = {name: value for name, value in tensors.items() if not name.startswith(("fc.", "AuxLogits"))}
    heads = {
        f"fc{number}.{leaf}": value for number in (1, 2) for leaf, value in (("weight", _kernel(rng, (9, 2048))), ("bias", rng.random(9)))
    }
    return tensors | heads | {f"AuxLogits{number}.fc.bias": np.zeros(9, np.float32) for number in (1, 2)}
