"""The judge's training: its examples, the changes that must not affect it, its loss and its steps."""

import functools
import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from semgan.data import annotations
from semgan.data.dataset import Dataset
from semgan.data.order import content_rows
from semgan.networks.judge import Heads, Judgement, JudgeNetwork
from semgan.progress import track
from semgan.types import Batch, Key, Scalar

_LEARNING_RATE = 1e-2
_TX = optax.flatten(optax.chain(optax.clip_by_global_norm(5.0), optax.adamw(1.0, b2=0.98, weight_decay=1e-4)))
"""All parameters as one vector: a quarter of the time to compile. Its updates are multiplied by the learning rate."""


def train(dataset: Dataset, heads: Heads, *, steps: int, batch_size: int, seed: int) -> dict[str, Any]:
    """The parameters of a judge of the dataset's pictures after `steps` updates (AdamW, one cosine cycle)."""
    params = initial_params(JudgeNetwork(heads), dataset.images.shape[1:], seed)
    opt_state = _TX.init(params)
    weights = class_weights(dataset, heads.mask_classes) if heads.mask_classes else None
    key = jax.random.key(seed, impl="rbg")  # compiles three times faster than the default
    for step in track(range(steps), "training the judge", steps):
        batch = _batch(dataset, step, batch_size, seed)
        rate = learning_rate((step + 1) / steps)
        params, opt_state = _update(params, opt_state, batch, weights, jax.random.fold_in(key, step), rate, heads=heads)
    return jax.device_get(params)


def learning_rate(share: float) -> float:
    """Rises linearly over the first tenth of the training, then falls to 0 along a cosine; `share` is the part of it that is done."""
    return _LEARNING_RATE * min(10 * share, 1.0) * 0.5 * (1 + math.cos(math.pi * share))


@functools.partial(jax.jit, static_argnames="heads", donate_argnums=(0, 1))
def _update(params: Any, opt_state: Any, batch: Batch, weights: Array | None, key: Key, rate: float, *, heads: Heads) -> tuple[Any, Any]:
    disturbed = disturb(batch, key)

    def loss_of(params: Any) -> Scalar:
        judgement: Any = JudgeNetwork(heads).apply({"params": params}, disturbed["image"])
        return loss(judgement, disturbed, weights)

    updates, opt_state = _TX.update(jax.grad(loss_of)(params), opt_state, params)
    return optax.apply_updates(params, jax.tree.map(lambda update: rate * update, updates)), opt_state


def initial_params(network: nn.Module, input_shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Normal kernels of variance 1 / fan-in, scales 1, biases 0; drawn by numpy: XLA takes 20 s to compile the same draws."""
    generator = np.random.default_rng(seed)
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, *input_shape)))["params"]

    def draw(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        if path[-1].key == "kernel":
            fan_in = np.prod(leaf.shape[:-1])
            return (generator.standard_normal(leaf.shape) / np.sqrt(fan_in)).astype(np.float32)
        return np.full(leaf.shape, 1 if path[-1].key == "scale" else 0, np.float32)

    return jax.tree_util.tree_map_with_path(draw, shapes)


def _batch(dataset: Dataset, step: int, batch_size: int, seed: int) -> dict[str, np.ndarray]:
    places = content_rows(np.arange(batch_size) + step * batch_size, len(dataset.rows), seed)
    rows = dataset.rows[places]
    truth = {name: values[rows] for name, values in dataset.annotations.items()}
    return {"image": dataset.images[rows], "domain": dataset.domain[places], **truth}


def class_weights(dataset: Dataset, classes: int) -> np.ndarray:
    """Weights of the mask's classes, float32 (classes,): the frequency to the power -1/2, 1 on average over the pixels.

    Small parts (eyes, mouth) count more than their few pixels, but not so much that they spread over their neighbours.
    """
    sample = dataset.annotations["mask"][dataset.rows[:: max(len(dataset.rows) // 1000, 1)]]
    frequency = np.bincount(sample.ravel(), minlength=classes)[:classes] / sample.size
    weights = 1 / np.sqrt(np.maximum(frequency, 1e-4))
    return (weights / np.sum(weights * frequency)).astype(np.float32)


def disturb(batch: Batch, rng: Key) -> dict[str, Array]:
    """The batch with float32 images in [-1, 1], mirrored, blurred, tinted and with noise, each by a random amount.

    A translated picture is softer and less clean than a real one; the judge is to see what is drawn there all the same.
    """
    scalar_key, tint_key, noise_key = jax.random.split(rng, 3)
    flip, blur, gain, noise = jax.random.uniform(scalar_key, (4, len(batch["image"]), 1, 1, 1))
    mirrored = flip.ravel() < 0.5
    result = annotations.mirror(batch, mirrored)
    image = jnp.where(mirrored[:, None, None, None], batch["image"][:, :, ::-1], batch["image"])
    image = image.astype(jnp.float32) / 127.5 - 1
    image = image + blur * (_blur(image) - image)
    image = (0.9 + 0.2 * gain) * image + 0.05 * jax.random.normal(tint_key, (len(image), 1, 1, 3))
    image = image + 0.1 * noise * jax.random.normal(noise_key, image.shape)
    return result | {"image": jnp.clip(image, -1, 1)}


def _blur(image: Array) -> Array:
    """Binomial [1, 2, 1] / 4 along the height and the width."""
    for axis in (1, 2):
        padded = jnp.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(4)], mode="edge")
        size = image.shape[axis]
        before, here, after = (jax.lax.slice_in_dim(padded, i, i + size, axis=axis) for i in range(3))
        image = (before + 2 * here + after) / 4
    return image


def loss(judgement: Judgement, batch: Batch, weights: Array | None) -> Scalar:
    """Sum of the heads' losses: cross-entropies (the mask's weighted by class, with its soft Dice) and landmark distance."""
    assert judgement.domain is not None, "every judge tells domains"
    total = optax.softmax_cross_entropy_with_integer_labels(judgement.domain, batch["domain"]).mean()
    if judgement.mask is not None and weights is not None:
        truth = batch["mask"].astype(jnp.int32)
        entropy = optax.softmax_cross_entropy_with_integer_labels(judgement.mask, truth)
        total += (weights[truth] * entropy).mean() + dice(judgement.mask, truth)
    if judgement.landmarks is not None:
        squared = jnp.sum((judgement.landmarks - batch["landmarks"]) ** 2, -1)
        total += 10 * jnp.sqrt(squared + 1e-4).mean()
    if judgement.attributes is not None:
        total += optax.sigmoid_binary_cross_entropy(judgement.attributes, batch["attributes"].astype(jnp.float32)).mean()
    return total


def dice(logits: Array, truth: Array) -> Scalar:
    """One minus the mean soft Dice coefficient of the classes over the batch (Milletari et al. 2016): close to the IoU."""
    share = jax.nn.softmax(logits)
    target = jax.nn.one_hot(truth, logits.shape[-1])
    overlap, total = (share * target).sum((0, 1, 2)), (share + target).sum((0, 1, 2))
    return 1 - jnp.mean((2 * overlap + 1) / (total + 1))
