"""`semgan project`: the latent codes whose picture comes nearest to a given one.

The projection of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958, appendix D): Adam on w from the mean of 10,000 mapped latents, with
noise on w that fades and a learning rate that rises and falls. Two things are simpler here. The paper's image distance, LPIPS, needs
the weights of another network, which semgan does not include: a distance of pixels at every scale takes its place. And the
generator's noise inputs are off rather than optimized, so that the codes alone make the picture.
"""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from semgan.data.augment import to_float, to_uint8
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.files import write_whole
from semgan.inference.model import Model, load
from semgan.pictures.read import read
from semgan.pictures.write import check_writable_suffix, grid, write
from semgan.progress import Progress
from semgan.types import Images, Key, Scalar

SPACES = ("w", "w+")
_LATENTS = 10_000
_LEARNING_RATE = 0.1
_RISE, _FALL = 0.05, 0.25  # shares of all steps
_NOISE, _NOISE_SHARE = 0.05, 0.75
_CHUNK = 25
_SMALLEST = 4
"""Pixels: the coarsest scale at which pictures are compared."""

Codes = Float[Array, "1 ws dim"]


class Projection(NamedTuple):
    """The projection of one picture.

    Attributes:
      image: uint8 (size, size, 3), the generator's picture of the codes.
      codes: float32 (num_ws, dim), one row per layer; all rows are equal in the space "w".
      distance: of that picture from the target, as `distance` measures it; of the mean w's picture in `first_distance`.
    """

    image: np.ndarray
    codes: np.ndarray
    distance: float
    first_distance: float


class _State(NamedTuple):
    codes: Float[Array, "1 rows dim"]
    opt_state: Any


def project_file(snapshot: Path, image: Path, out: Path, *, space: str = "w", steps: int = 500, seed: int = 0) -> None:
    """Writes the target and, beside it, its reconstruction to `out`, and the codes to `out` with the suffix .npz (array "w")."""
    check_writable_suffix(out)
    target = read(image)
    if out.resolve() == image.resolve():
        raise UserError(f"{out} is the input and would be overwritten: write to another place")
    model = load(snapshot)
    target = fit(target, model.image_size)
    projection = project_picture(model, target, space=space, steps=steps, seed=seed)
    write(out, grid(np.stack([target, projection.image])))
    codes = out.with_suffix(".npz")
    encoded = io.BytesIO()
    np.savez(encoded, w=projection.codes)
    try:
        write_whole(codes, encoded.getvalue())
    except OSError as error:
        raise UserError(f"{codes} cannot be written ({error.strerror or error}): choose another place or free the disk") from error
    print(f"wrote {out} and {codes}: distance {projection.distance:.4f}, from {projection.first_distance:.4f} of the mean")


def project_picture(model: Model, target: np.ndarray, *, space: str = "w", steps: int = 500, seed: int = 0) -> Projection:
    """Projects uint8 (size, size, 3), at the model's size.

    Args:
      space: "w": one code for all layers, whose picture stays among what the model knows; "w+": a code for each layer, which comes
        nearer to the target.
      steps: at least 1.
      seed: of the mapped latents and of the noise.

    Raises:
      UserError: the model has no style codes, or no such space.
    """
    if space not in SPACES:
        raise UserError(f"the space is {space!r}: give one of {', '.join(SPACES)}")
    networks, params = model.algorithm.networks, model.params
    generator, mapping = networks.get("generator"), networks.get("mapping_network")
    num_ws = getattr(generator, "num_ws", None)
    if generator is None or mapping is None or num_ws is None:
        raise UserError(f"a projection takes the style codes of a model such as stylegan2, which {model.config['algorithm']} does not have")

    rng = jax.random.key(seed)
    w = _map_latents(mapping, params["mapping_network"], jax.random.fold_in(rng, 0))
    mean, deviation = w.mean(0), jnp.sqrt(jnp.mean(jnp.sum((w - w.mean(0)[None]) ** 2, -1)))
    goal = jnp.asarray(to_float(target[None]))

    def draw(params: Any, codes: Array) -> Images:
        return generator.apply({"params": params}, jnp.broadcast_to(codes, (1, num_ws, codes.shape[-1])), None)

    run = functools.partial(_optimize, draw, params["generator"], goal, deviation, steps)
    codes = jnp.broadcast_to(mean, (1, num_ws if space == "w+" else 1, len(mean)))
    draw_and_compare = jax.jit(lambda params, codes: (images := draw(params, codes), distance(images, goal)))
    _, first = draw_and_compare(params["generator"], codes)
    state = _State(codes, _TX.init(codes))
    with Progress("projecting", steps) as progress:
        for start in range(0, steps, _CHUNK):
            stop = min(start + _CHUNK, steps)
            state = jax.block_until_ready(run(state, start, stop, rng))
            progress.advance(stop - start)
    image, last = draw_and_compare(params["generator"], state.codes)
    rows = np.broadcast_to(np.asarray(state.codes[0]), (num_ws, len(mean))).copy()
    return Projection(np.asarray(to_uint8(image[0])), rows, float(last), float(first))


_TX = optax.scale_by_adam(b1=0.9, b2=0.999)
"""Adam, whose updates are multiplied by the learning rate of the step."""


@functools.partial(jax.jit, static_argnums=0)
def _map_latents(mapping: Any, params: Any, rng: Key) -> Float[Array, "count dim"]:
    return mapping.apply({"params": params}, jax.random.normal(rng, (_LATENTS, mapping.latent_dim)))


@functools.partial(jax.jit, static_argnums=(0, 4))
def _optimize(
    draw: Callable[..., Images], params: Any, goal: Images, deviation: Scalar, steps: int, state: _State, start: int, stop: int, rng: Key
) -> _State:
    """Updates `start` to `stop` of `steps`."""

    def update(step: Any, state: _State) -> _State:
        share = step / steps
        noise = jax.random.normal(jax.random.fold_in(rng, step + 1), state.codes.shape)
        amount = deviation * _NOISE * jnp.maximum(0, 1 - share / _NOISE_SHARE) ** 2
        gradient = jax.grad(lambda codes: distance(draw(params, codes + amount * noise), goal))(state.codes)
        updates, opt_state = _TX.update(gradient, state.opt_state)
        return _State(state.codes - learning_rate(share) * updates, opt_state)  # pyright: ignore[reportOperatorIssue]

    return jax.lax.fori_loop(start, stop, update, state)


def learning_rate(share: Scalar) -> Scalar:
    """A rate that rises linearly over the first twentieth of the steps and falls along a cosine over the last quarter; `share`: share."""
    fall = 0.5 - 0.5 * jnp.cos(jnp.pi * jnp.minimum(1, (1 - share) / _FALL))
    return _LEARNING_RATE * fall * jnp.minimum(1, share / _RISE)


def distance(images: Images, goal: Images) -> Scalar:
    """Mean over the scales (full size, half, quarter, ... down to 4 pixels) of the mean absolute plus the mean squared difference."""
    difference, terms = images - goal, []
    while True:
        terms.append(jnp.mean(jnp.abs(difference)) + jnp.mean(difference**2))
        if difference.shape[1] % 2 or difference.shape[1] <= _SMALLEST:
            return jnp.mean(jnp.stack(terms))
        difference = nn.avg_pool(difference, (2, 2), strides=(2, 2))
