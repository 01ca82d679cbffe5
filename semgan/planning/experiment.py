"""An experiment as shapes alone: what training would build from its config, with no data and no parameters in memory."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from semgan import algorithms
from semgan.data.augment import augment
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.training.state import init_state
from semgan.training.step import Step, make_step
from semgan.types import HEADS, OF_REFERENCE, Algorithm, TrainState

UNKNOWN_DOMAINS = ("A", "B")
"""Taken where a config leaves the domains to the data."""
UNKNOWN_SIZES = {"mask_classes": 7, "landmarks": 5, "categories": 10, "boxes": 4}
"""Taken where a config leaves to the data how much semantic heads have to tell; masks and landmarks as `drawn_faces` has them."""

Shapes = dict[str, jax.ShapeDtypeStruct]


class Experiment(NamedTuple):
    """What a step is made of.

    Attributes:
      config: with everything filled in that training takes from the data.
      algorithm: of a growing one, its last and largest stage.
      transforms: the optimizers by network.
      prepare: of a batch, before the phases.
    """

    config: ConfigDict
    algorithm: Algorithm
    transforms: Mapping[str, optax.GradientTransformationExtraArgs]
    prepare: Callable[[Any], Any]

    def batch(self, count: int) -> Shapes:
        """A batch of `count` examples as the loader would give it."""
        return batch_shapes(self.config, self.algorithm.annotations, count)

    def prepared(self, count: int) -> Shapes:
        """The same batch as the phases see it."""
        return jax.eval_shape(self.prepare, self.batch(count))

    def state(self) -> TrainState:
        """The train state's shapes."""

        def initial(batch) -> TrainState:
            return init_state(self.algorithm, self.transforms, jax.random.key(0), batch)

        return jax.eval_shape(initial, self.prepared(1))

    def step(self, algorithm: Algorithm | None = None, axis_name: str | None = None) -> Step:
        """The step that training compiles, without accumulation; of another algorithm where one is given."""
        config = self.config
        return make_step(
            algorithm or self.algorithm,
            self.transforms,
            seed=config.seed,
            ema_decay=ema_decay(config.ema_half_life_kimg, config.ema_ramp, config.ema_burn_in_kimg),
            prepare=self.prepare,
            axis_name=axis_name,
        )


def open_experiment(config: ConfigDict) -> Experiment:
    """The experiment that a config describes; UserError as training would raise it."""
    config = filled(config)
    algorithm = algorithms.make(config)
    transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)
    prepare = partial(augment, seed=config.seed, paired=config.data.pairing == "paired", **config.augment)
    return Experiment(config, algorithm.at(config.total_kimg), transforms, prepare)


def filled(config: ConfigDict) -> ConfigDict:
    """A copy in which nothing is left to the data."""
    config = config.copy_and_resolve_references()
    config.data.domains = config.data.domains or UNKNOWN_DOMAINS
    if HEADS in config.networks:
        heads = config.networks[HEADS]
        heads.update({name: heads[name] or size for name, size in UNKNOWN_SIZES.items()})
    return config


def batch_shapes(config: ConfigDict, annotations: Mapping[str, tuple[str, ...]], count: int) -> Shapes:
    """See `semgan.data.loader.make_batch`."""
    side = config.image_size
    shapes: dict[str, tuple[tuple[int, ...], Any]] = {}
    shapes |= dict.fromkeys(("image", "reference", "reference2"), ((side, side, 3), jnp.uint8))
    shapes |= dict.fromkeys(("position", "domain", "target_domain"), ((), jnp.int32))
    for name, columns in annotations.items():
        shapes[name] = _annotation(config, name.removeprefix(OF_REFERENCE), columns)
    return {name: jax.ShapeDtypeStruct((count, *shape), dtype) for name, (shape, dtype) in shapes.items()}


def _annotation(config: ConfigDict, name: str, columns: tuple[str, ...]) -> tuple[tuple[int, ...], Any]:
    if name == "mask":
        return (config.image_size, config.image_size), jnp.uint8
    if name == "category":
        return (), jnp.int32
    if name in ("landmarks", "boxes"):
        return (config.networks[HEADS][name], 2 if name == "landmarks" else 4), jnp.float32
    return (len(columns),), jnp.int8
