"""The central types: an algorithm, its phases, and the state that training carries.

An algorithm is a NamedTuple of pure functions. It says *what* is minimised over *which* networks; how a step is taken is
written once, in `semgan/training/step.py`. `docs/glossary.md` defines the words used here: domain, reference, kind, position, phase, ...
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Float, Int

Params = dict[str, Any]
"""Trained parameters: a tree per network name, float32."""
ModelState = dict[str, Any]
"""Non-trained state (running statistics, image pools, controllers): a tree per name."""
Batch = Mapping[str, Array]
"""Arrays that share their first axis; keys as in the glossary (`image`, `domain`, `reference`, `position`, ...)."""
OF_REFERENCE = "reference_"
"""The prefix of an annotation's name in a batch where it is the reference's."""
HEADS = "semantic_heads"
"""The network that learns from real images alone to predict their annotations."""
Images = Float[Array, "batch height width channel"]
"""NHWC, float32 in [-1, 1]."""
Key = jax.Array
Scalar = Float[Array, ""]
Metrics = dict[str, Scalar]


class Aux(NamedTuple):
    """The second result of a loss, beside its value."""

    metrics: Metrics
    model_state: ModelState


Loss = Callable[[Params, ModelState, Batch, Key, Scalar], tuple[Scalar, Aux]]
"""`(params, model_state, batch, rng, kimg) -> (loss, aux)`; `kimg` is thousands of images seen, for schedules."""


class Phase(NamedTuple):
    """One update inside a step: minimise `loss` over the networks named in `updates`, every `every` steps."""

    name: str
    updates: tuple[str, ...]
    loss: Loss
    every: int = 1


class Algorithm(NamedTuple):
    """A GAN as pure functions.

    Attributes:
      init: `(rng, batch) -> (params, model_state)`, both in full: nothing is created later.
      phases: the updates of one step, in order.
      sample: `(params, model_state, batch, rng) -> {name: images}`, for pictures, evaluation and export alike. Kinds are left out that
        the batch has nothing for: "reference" without `reference` and `style`, "latent" without `position`.
      averaged: names of the networks whose parameters are averaged over time (EMA).
      networks: the modules by network name, so that one network can be run on raw arrays.
      kept: names of the model_state that `sample` reads; snapshots keep them.
      targets: numbers of the domains that it translates into; None: all.
      annotations: what its losses need annotated in a batch, by name, each with the columns wanted (see `data.loader.make_batch`).
      inputs: the annotations of the content that `sample` needs in a batch beside pictures, such as a mask, in the same form.
      stride: the number that heights and widths of contents have to be multiples of; None: contents are of the trained size alone.
      stages: for programs that change with the images seen; None: one program throughout.

    What `sample` names its images says what they are: "sample" (from noise, no content), "reference" and "latent" (the content
    in the style of a reference or of a latent), "translated" (the content in the target domain).
    """

    init: Callable[[Key, Batch], tuple[Params, ModelState]]
    phases: tuple[Phase, ...]
    sample: Callable[[Params, ModelState, Batch, Key], dict[str, Images]]
    averaged: tuple[str, ...]
    networks: Mapping[str, Any]
    kept: tuple[str, ...] = ()
    targets: tuple[int, ...] | None = None
    annotations: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    inputs: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    stride: int | None = None
    stages: "Stages | None" = None

    def at(self, kimg: float) -> "Algorithm":
        """Returns its program at `kimg` thousand images; the same object as long as the program stays the same."""
        return self.stages.at(kimg) if self.stages else self


class Stages(NamedTuple):
    """Progressive growing: which program runs is a function of the images seen alone; parameters hold every stage from the start.

    Attributes:
      at: kimg -> the algorithm from there on, the same object as long as its program stays the same.
      describe: kimg -> what to write on a picture, such as "16 px, fading in at 0.40".
    """

    at: Callable[[float], Algorithm]
    describe: Callable[[float], str]


class TrainState(NamedTuple):
    """The values that training carries from step to step, and that a checkpoint holds.

    Attributes:
      step: updates done; one step runs every phase once.
      position: examples seen, summed over all devices; the position in the data's order.
      params, ema_params: trained and averaged parameters; `ema_params` holds the averaged networks only.
      model_state, opt_state: dicts keyed by name and by network.
      skipped: steps without effect because a loss or gradient was not finite.
    """

    step: Int[Array, ""]
    position: Int[Array, ""]
    params: Params
    ema_params: Params
    model_state: ModelState
    opt_state: dict[str, Any]
    skipped: Int[Array, ""]
