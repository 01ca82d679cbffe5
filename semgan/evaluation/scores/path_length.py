"""The perceptual path length (Karras et al. 2019, arXiv 1812.04948, section 4.1): how fast pictures change along paths of latents."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float

from semgan.evaluation.scores.perceptual import Distance

Generate = Callable[[Float[np.ndarray, "batch *code"]], np.ndarray]
"""Maps codes to pictures; what else it depends on (noise) must be the same at every call with as many codes."""
EPSILON = 1e-4


def path_steps(
    generate: Generate,
    distance: Distance,
    *,
    latent_size: int,
    count: int,
    seed: int,
    to_w: Generate | None = None,
    path: Literal["full", "end"] = "full",
    epsilon: float = EPSILON,
    batch_size: int = 16,
) -> Float[np.ndarray, " {count}"]:
    """distance(G(t), G(t + epsilon)) / epsilon^2 at `count` points, each between two latents of its own.

    The perceptual path length is the mean of those that `trim` keeps.

    Args:
      generate: from w where `to_w` is given, else from z.
      distance: grows with the square of a small change, as LPIPS (with VGG16 in the paper's figures) does.
      latent_size: the length of z, which is drawn from the normal distribution.
      to_w: the mapping network: paths are then straight lines in w; without it they are arcs in z.
      path: "full": t is uniform in [0, 1]; "end": it is 0.
      batch_size: points at a time; all batches are of this size, so that there is one compilation.
    """
    rng = np.random.default_rng(seed)
    places = -(-count // batch_size) * batch_size
    first, second = rng.standard_normal((2, places, latent_size))
    t = rng.random(places) if path == "full" else np.zeros(places)
    steps = []
    for start in range(0, places, batch_size):
        batch = slice(start, start + batch_size)
        ends = first[batch], second[batch]
        if to_w is None:
            codes = [slerp(*ends, t[batch] + step) for step in (0.0, epsilon)]
        else:
            from_w, towards_w = (np.asarray(to_w(z.astype(np.float32)), np.float64) for z in ends)
            codes = [_lerp(from_w, towards_w, t[batch] + step) for step in (0.0, epsilon)]
        before, after = (generate(code.astype(np.float32)) for code in codes)
        steps.append(np.asarray(distance(before, after), np.float64) / epsilon**2)
    return np.concatenate(steps)[:count]


def trim(steps: Float[np.ndarray, " count"]) -> Float[np.ndarray, " kept"]:
    """Drops the steps outside the first and the last percentile, as StyleGAN's code does."""
    low, high = np.percentile(steps, 1, method="lower"), np.percentile(steps, 99, method="higher")
    return steps[(low <= steps) & (steps <= high)]


def slerp(
    a: Float[np.ndarray, "batch latent"], b: Float[np.ndarray, "batch latent"], t: Float[np.ndarray, " batch"]
) -> Float[np.ndarray, "batch latent"]:
    """The point at t on the arc from a's direction (t = 0) to b's (t = 1), at the length sqrt(latent) that normal latents have.

    StyleGAN's own code gives it length 1; its networks bring every latent to this length first.
    """
    a, b = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (a, b))
    cosine = np.sum(a * b, -1, keepdims=True)
    angle = t[:, None] * np.arccos(np.clip(cosine, -1, 1))
    across = b - cosine * a
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    return (a * np.cos(angle) + across * np.sin(angle)) * a.shape[-1] ** 0.5


def _lerp(a: np.ndarray, b: np.ndarray, t: Float[np.ndarray, " batch"]) -> np.ndarray:
    return a + (b - a) * t.reshape(-1, *[1] * (a.ndim - 1))
