"""A model's parameters with one more domain, and those of them that an adaptation changes, apart from the rest."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from flax import traverse_util
from jaxtyping import Array

from semgan.adaptation.subsets import holds
from semgan.types import Params

Tuned = dict[str, Array]
"""Parameters by path; of one that has an entry per domain, either all entries or the new domain's alone, (1, ...)."""


def grow(params: Params, shapes: Mapping[str, Any], nearest: int) -> Params:
    """Adds a domain to the parameters, which starts as a copy of the domain `nearest`.

    Args:
      shapes: the parameters' shapes with one more domain, by which those with an entry per domain are recognised.
    """
    flat, wanted = _by_path(params), _by_path({name: shapes[name] for name in params})
    larger = {path: _repeat(leaf, wanted[path].shape, nearest) for path, leaf in flat.items()}
    return traverse_util.unflatten_dict(larger, sep="/")


def _by_path(params: Params) -> dict[str, Any]:
    return traverse_util.flatten_dict(params, sep="/")


def _repeat(leaf: Array, shape: tuple[int, ...], entry: int) -> Array:
    """Enlarges the array to the larger shape by a copy of one entry, along the axis where the shapes differ."""
    for axis, (length, wanted) in enumerate(zip(leaf.shape, shape, strict=True)):
        if length != wanted:
            leaf = jnp.concatenate([leaf, jnp.take(leaf, jnp.array([entry]), axis)], axis)
    return leaf


def tuned_of(params: Params, larger: Params, subset: str) -> Tuned:
    """The parameters of the subset, as they are before the adaptation.

    Args:
      params, larger: before and after a domain was added.
    """
    before, tuned = _by_path(params), {}
    for path, leaf in _by_path(larger).items():
        of_domains = leaf.shape != before[path].shape
        if holds(subset, path, of_domains):
            tuned[path] = leaf[-1:] if of_domains and subset != "all" else leaf
    return tuned


def join(larger: Params, tuned: Tuned) -> Params:
    """The parameters by network with the tuned ones in their places; the others are the very same."""
    flat = _by_path(larger)
    for path, leaf in tuned.items():
        whole = leaf.shape == flat[path].shape
        flat[path] = leaf if whole else jnp.concatenate([flat[path][:-1], leaf])
    return traverse_util.unflatten_dict(flat, sep="/")
