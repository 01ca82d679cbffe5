"""Adversarial objectives: elementwise and unreduced; the caller takes the mean.

An algorithm picks one by name, `objective(config.losses.objective)`; there is one logit per image or per patch.
"""

import difflib
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from semgan.errors import UserError

Logits = Float[Array, "*shape"]


class Objective(NamedTuple):
    """The two losses of an adversarial game.

    Attributes:
      discriminator: `(real_logits, fake_logits) -> loss`, all of one shape.
      generator: `(fake_logits, real_logits) -> loss`; only the relativistic objective looks at the real ones.
    """

    discriminator: Callable[[Logits, Logits], Logits]
    generator: Callable[[Logits, Logits], Logits]


def objective(name: str) -> Objective:
    """The objective of that name; UserError, with the nearest name, when there is none."""
    if name not in OBJECTIVES:
        near = difflib.get_close_matches(name, OBJECTIVES, n=1, cutoff=0)
        raise UserError(f"config.losses.objective is {name!r}, which does not exist: did you mean {near[0]!r}? There are {[*OBJECTIVES]}.")
    return OBJECTIVES[name]


def signs(real_logits: Logits, fake_logits: Logits) -> dict[str, Float[Array, ""]]:
    """Mean signs of the logits, the usual gauge of the discriminator's balance (StyleGAN2-ADA, arXiv 2006.06676, equation 1)."""
    return {"real_sign": jnp.sign(real_logits).mean(), "fake_sign": jnp.sign(fake_logits).mean()}


def _cross_entropy(real: Logits, fake: Logits) -> Logits:
    """-log sigmoid(D(x)) - log(1 - sigmoid(D(G(z)))) (Goodfellow et al. 2014, arXiv 1406.2661, equation 1)."""
    return jax.nn.softplus(-real) + jax.nn.softplus(fake)


OBJECTIVES = {
    # Goodfellow et al. 2014: the generator maximises log D(G(z)) (section 3), or minimises log(1 - D(G(z))) (equation 1).
    "non_saturating": Objective(_cross_entropy, lambda fake, real: jax.nn.softplus(-fake)),
    "minimax": Objective(_cross_entropy, lambda fake, real: -jax.nn.softplus(fake)),
    # Lim and Ye 2017, arXiv 1705.02894.
    "hinge": Objective(lambda real, fake: jax.nn.relu(1 - real) + jax.nn.relu(1 + fake), lambda fake, real: -fake),
    # Mao et al. 2017, arXiv 1611.04076, equation 9 without its halves, as CycleGAN has it.
    "least_squares": Objective(lambda real, fake: jnp.square(real - 1) + jnp.square(fake), lambda fake, real: jnp.square(fake - 1)),
    # Arjovsky et al. 2017, arXiv 1701.07875: a critic, to be kept Lipschitz by a penalty.
    "wasserstein": Objective(lambda real, fake: fake - real, lambda fake, real: -fake),
    # Jolicoeur-Martineau 2018, arXiv 1807.00734; R3GAN (arXiv 2501.05441, equation 2): real and fake logits in pairs.
    "relativistic": Objective(lambda real, fake: jax.nn.softplus(fake - real), lambda fake, real: jax.nn.softplus(real - fake)),
}
"""The objectives by name, as `config.losses.objective` gives it."""
