"""Contrast between the patches of one image (CUT: Park et al. 2020, arXiv 2007.15651)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Patches = Float[Array, "batch patch feature"]

_EXCLUDED = -10.0  # the similarity that stands for a patch as its own negative


def patch_nce(queries: Patches, keys: Patches, temperature: float) -> Float[Array, "batch patch"]:
    """Cross-entropy of finding each query's own key among those of the same image (PatchNCE, equations 3 and 4), float32.

    Both are scaled to unit length; no gradient reaches the keys. As in the authors' code, the negatives are all patches of the image
    and the query's own is among them with similarity -10, set before the division by the temperature.
    """
    queries, keys = _unit(queries), jax.lax.stop_gradient(_unit(keys))
    similarity = jnp.einsum("bqf,bkf->bqk", queries, keys, precision=jax.lax.Precision.HIGHEST)
    positive = (queries * keys).sum(-1, keepdims=True)
    negatives = jnp.where(jnp.eye(keys.shape[1], dtype=bool), _EXCLUDED, similarity)
    logits = jnp.concatenate([positive, negatives], -1) / temperature
    return jax.nn.logsumexp(logits, -1) - logits[..., 0]


def _unit(x: Patches) -> Patches:
    x = x.astype(jnp.float32)
    return x * jax.lax.rsqrt(jnp.square(x).sum(-1, keepdims=True) + 1e-14)
