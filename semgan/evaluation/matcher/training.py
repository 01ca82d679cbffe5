"""The matcher's training: two changes of style of each picture, whose features have to agree place by place, and nowhere else.

Dense InfoNCE (van den Oord et al. 2018, arXiv 1807.03748, equation 4): a place of one view is told from the other places of the other
view, which makes features local, and from the same place of other pictures of the same domain, which makes them tell contents apart and
takes away what is true of a place in every picture. Pictures of other domains are no negatives, or features would tell domains apart.
"""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from semgan.data.augment import crop_matrices
from semgan.data.dataset import Dataset
from semgan.data.order import content_rows
from semgan.evaluation.judge.judge_training import initial_params, learning_rate
from semgan.layers.style_change import change_style
from semgan.networks.matcher import MatcherNetwork
from semgan.progress import track
from semgan.types import Images, Key, Scalar

SIZE = 64
"""Pixels of a side at which pictures are matched; others are resized."""
_TX = optax.flatten(optax.chain(optax.clip_by_global_norm(5.0), optax.adamw(1.0, b2=0.98, weight_decay=1e-4)))
_TEMPERATURE = 0.07
_ANCHORS = 128
"""The places of a picture that are compared at each step."""
_OTHERS = 8.0
"""How much the same place of another picture counts beside another place of the same picture: there are far fewer of them."""
_NEIGHBOUR = 0.3
"""How much an adjoining place counts: it shows nearly the same."""
_LEAST_AREA = 0.5
"""The least share of a picture that a crop shows."""

Features = Float[Array, "batch place feature"]


def train(dataset: Dataset, rows: np.ndarray, network: MatcherNetwork, *, steps: int, batch_size: int, seed: int) -> dict[str, Any]:
    """The network's parameters after `steps` updates (AdamW, one cosine cycle).

    Args:
      rows: places in the dataset's `rows` of the pictures to learn from.
    """
    params = initial_params(network, (SIZE, SIZE, 3), seed)
    opt_state = _TX.init(params)
    key = jax.random.key(seed, impl="rbg")  # compiles three times faster than the default
    for step in track(range(steps), "training the matcher", steps):
        chosen = rows[content_rows(np.arange(batch_size) + step * batch_size, len(rows), seed)]
        images, domain = dataset.images[dataset.rows[chosen]], dataset.domain[chosen]
        rate = learning_rate((step + 1) / steps)
        params, opt_state = _update(params, opt_state, images, domain, jax.random.fold_in(key, step), rate, network=network)
    return jax.device_get(params)


@functools.partial(jax.jit, static_argnames="network", donate_argnums=(0, 1))
def _update(
    params: Any, opt_state: Any, images: Array, domain: Int[Array, " batch"], key: Key, rate: float, *, network: MatcherNetwork
) -> tuple[Any, Any]:
    crop_key, first_key, second_key, place_key = jax.random.split(key, 4)
    images = crop_and_mirror(to_size(images), crop_key)
    views = 2 * jnp.concatenate([change_style(images, each) for each in (first_key, second_key)]) - 1

    def loss_of(params: Any) -> Scalar:
        features: Any = network.apply({"params": params}, views)
        first, second = jnp.split(features.reshape(len(features), -1, network.features), 2)
        return contrast(first, second, domain, place_key)

    updates, opt_state = _TX.update(jax.grad(loss_of)(params), opt_state, params)
    return optax.apply_updates(params, jax.tree.map(lambda update: rate * update, updates)), opt_state


def crop_and_mirror(images: Images, key: Key) -> Images:
    """Crops a box of each picture, enlarges it to the whole, and mirrors half of them."""
    draws = jax.random.uniform(key, (len(images), 6))
    rows, columns = crop_matrices(draws, images.shape[1], 1.0, (_LEAST_AREA, 1.0), 1.0)
    images = jnp.einsum("nox,nyxc->nyoc", columns, jnp.einsum("noy,nyxc->noxc", rows, images))
    return jnp.where(draws[:, 5, None, None, None] < 0.5, images[:, :, ::-1], images)


def to_size(images: Array) -> Float[Array, "batch {SIZE} {SIZE} 3"]:
    """Square uint8 pictures of any size as float32 in [0, 1] at `SIZE`: bilinear, antialiased."""
    return jax.image.resize(images.astype(jnp.float32) / 255, (len(images), SIZE, SIZE, 3), "linear")


def contrast(first: Features, second: Features, domain: Int[Array, " batch"], key: Key) -> Scalar:
    """Dense InfoNCE of features of two views, at random places that are the same in all pictures; see the module."""
    count, places, _ = first.shape
    anchors = jax.random.permutation(key, places)[:_ANCHORS]
    anchor, positive = first[:, anchors], second[:, anchors]
    agreement = jnp.einsum("bpf,bpf->bp", anchor, positive) / _TEMPERATURE
    within = jnp.einsum("bpf,bqf->bpq", anchor, second) / _TEMPERATURE + jnp.log(jnp.where(_adjoin(anchors, places), _NEIGHBOUR, 1))[None]
    across = jnp.einsum("bpf,cpf->bpc", anchor, positive) / _TEMPERATURE + math.log(_OTHERS)
    is_negative = (domain[:, None] == domain[None]) & ~jnp.eye(count, dtype=bool)
    across = jnp.where(is_negative[:, None, :], across, -jnp.inf)
    every = jnp.concatenate([within, across], -1)  # `within` holds the positive, so that no row is empty
    return (jax.nn.logsumexp(every, -1) - agreement).mean()


def _adjoin(anchors: Int[Array, " anchor"], places: int) -> Array:
    """Returns which places lie directly beside each anchor, bool (anchors, places)."""
    side = math.isqrt(places)
    (y, x), (anchor_y, anchor_x) = jnp.divmod(jnp.arange(places)[None], side), jnp.divmod(anchors[:, None], side)
    return jnp.maximum(jnp.abs(y - anchor_y), jnp.abs(x - anchor_x)) == 1
