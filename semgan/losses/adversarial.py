"""Adversarial objectives: elementwise and unreduced; the caller takes the mean."""

import jax
from jaxtyping import Array, Float

Logits = Float[Array, "*shape"]


def real_loss(logits: Logits) -> Logits:
    """Binary cross-entropy with logits against 1: -log sigmoid(D(x)) (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).

    As the generator's loss on fakes this is the non-saturating form of the paper's section 3.
    """
    return jax.nn.softplus(-logits)


def fake_loss(logits: Logits) -> Logits:
    """Binary cross-entropy with logits against 0: -log(1 - sigmoid(D(G(z))))."""
    return jax.nn.softplus(logits)
