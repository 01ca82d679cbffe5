"""An experiment: a config and its data, wired once for training, adaptation, planning, benchmarks and tests.

Whoever takes steps takes these: the same augmentation, optimizers, averages, spike guard and noise.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan import algorithms
from semgan.data.augment import augment_batch
from semgan.data.dataset import Dataset
from semgan.data.shapes import BatchShapes, batch_shapes
from semgan.training.optimizers import ema_decay, make_transforms
from semgan.training.state import init_state
from semgan.training.step import Step, Transforms, make_step
from semgan.types import HEADS, Algorithm, Batch, TrainState

ASSUMED_DOMAINS = ("A", "B")
"""The domains to assume where a config leaves them to data that are absent."""
ASSUMED_SIZES = {"mask_classes": 7, "landmarks": 5, "categories": 10, "boxes": 4}
"""The sizes of semantic heads to assume where a config leaves them to data that are absent; masks and landmarks as in `drawn_faces`."""


class Experiment(NamedTuple):
    """The parts of a training step.

    Attributes:
      config: with everything filled in that the data decide.
      algorithm: as the config makes it.
      transforms: the optimizers by network.
      prepare: turns a batch of the loader's into what the phases see; runs inside the step.
    """

    config: ConfigDict
    algorithm: Algorithm
    transforms: Transforms
    prepare: Callable[[Batch], Batch]

    @classmethod
    def of(cls, config: ConfigDict, data: Dataset | None = None) -> "Experiment":
        """The experiment that a config describes on these data; without data, `ASSUMED_DOMAINS` and `ASSUMED_SIZES` fill its gaps.

        Raises:
          UserError: what the algorithm or the optimizers refuse.
        """
        config = fill(config, data)
        algorithm = algorithms.make(config)
        transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)
        prepare = partial(augment_batch, seed=config.seed, paired=config.data.pairing == "paired", **config.augment)
        return cls(config, algorithm, transforms, prepare)

    def at(self, kimg: float) -> "Experiment":
        """The experiment with the program that its algorithm runs at this many thousand images; the same one unless it grows."""
        return self._replace(algorithm=self.algorithm.at(kimg))

    def step(self, *, axis_name: str | None = None, accumulate: int | None = None, rollbacks: int = 0) -> Step:
        """Makes the step that training takes.

        Args:
          axis_name: the mapped axis of the devices (`semgan.training.parallel.axis_name`); None on a single device.
          accumulate: micro-batches of a device; None: the config's.
          rollbacks: returns to an earlier state so far; each changes the noise.
        """
        config = self.config
        return make_step(
            self.algorithm,
            self.transforms,
            seed=seed_after(config.seed, rollbacks),
            ema_decay=ema_decay(config.ema_half_life_kimg, config.ema_ramp, config.ema_burn_in_kimg),
            prepare=self.prepare,
            accumulate=config.accumulate if accumulate is None else accumulate,
            axis_name=axis_name,
            spike_factor=config.spike_factor,
        )

    def initial(self, batch: Batch | None = None) -> Callable[[], TrainState]:
        """`() -> state` before the first step, compiled at its first call; `jax.eval_shape` gives its shapes without that.

        `batch` is one that `prepare` takes, of any size: only its shapes count. By default it has the shapes of the loader's.
        """
        prepared = jax.eval_shape(self.prepare, self.batch_shapes(1) if batch is None else batch)
        empty = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), prepared)
        config = self.config

        def initial() -> TrainState:
            # "rbg" draws each array by one operation: threefry, unrolled a hundred times, takes 20 s to compile on a CPU
            key = jax.random.key(config.seed, impl="rbg")
            return init_state(self.algorithm, self.transforms, key, empty, spike_guard=config.spike_factor > 0)

        return jax.jit(initial)

    def state_shapes(self) -> TrainState:
        """The shapes and types of the train state; no array is made."""
        return jax.eval_shape(self.initial())

    def batch_shapes(self, count: int) -> BatchShapes:
        """The shapes and types of a batch of `count` examples as the loader gives it."""
        return batch_shapes(count, self.config.image_size, self.algorithm.annotations, self.config.networks.get(HEADS, {}))

    def prepared_shapes(self, count: int) -> BatchShapes:
        """The same batch as the phases see it."""
        return jax.eval_shape(self.prepare, self.batch_shapes(count))


def seed_after(seed: int, rollbacks: int) -> int:
    """The seed of the noise after this many returns to an earlier state: another each time, so that a failed step is not repeated."""
    return int(np.random.SeedSequence((seed, rollbacks)).generate_state(1)[0]) if rollbacks else seed


def fill(config: ConfigDict, data: Dataset | None = None) -> ConfigDict:
    """A copy in which what the data decide is filled in: the domains, and how much of each annotation networks have to learn.

    Without data, what the config leaves open is assumed.
    """
    config = config.copy_and_resolve_references()
    config.data.domains = data.domains if data else config.data.domains or ASSUMED_DOMAINS
    for network in config.networks.values():
        sizes = _sizes(data) if data else {name: network.get(name) or size for name, size in ASSUMED_SIZES.items()}
        network.update({name: size for name, size in sizes.items() if name in network})
    return config


def _sizes(data: Dataset) -> dict[str, int]:
    """The size of each annotation in the data."""
    sizes = {"mask_classes": len(data.names.get("mask", ())), "categories": len(data.names.get("category", ()))}
    return sizes | {name: data.annotations[name].shape[1] for name in ("landmarks", "boxes") if name in data.annotations}
