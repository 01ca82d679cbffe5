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
