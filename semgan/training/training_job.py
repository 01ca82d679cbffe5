"""The fixed parts of a run, and the model that its state gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan import trained_model
from semgan.config import to_json
from semgan.data.alignment import alignment_of
from semgan.data.dataset import Dataset
from semgan.trained_model import TrainedModel
from semgan.training.signals import Stop
from semgan.types import HEADS, Algorithm, TrainState


class TrainingJob(NamedTuple):
    """The fixed parts of a run.

    Attributes:
      config: with the domains filled in.
      workdir: the run's folder.
      train, test: the splits.
      whole_train: the train split with what `config.data.left_out` leaves out of `train`: the judge's, and so the same for runs that
        leave out different pictures.
      algorithm: as the config makes it.
      kinds: names of what it samples (see `semgan.types.Algorithm`).
      start_time, deadline: `time.monotonic()` of the process's start, and when training has to stop by the clock.
      stop: whether a signal asked for the end.
    """

    config: ConfigDict
    workdir: Path
    train: Dataset
    test: Dataset
    whole_train: Dataset
    algorithm: Algorithm
    kinds: frozenset[str]
    start_time: float
    deadline: float | None
    stop: Stop


def model_of(job: TrainingJob, state: TrainState) -> TrainedModel:
    """Returns the averaged model at this state, without what is fitted to it only for snapshots."""
    return trained_model.from_state(job.config, meta_of(job), job.algorithm, state)


def meta_of(job: TrainingJob) -> dict[str, Any]:
    """Returns what is noted about the run's model at any state."""
    data = {"name": job.train.name, "image_size": job.config.image_size, "fingerprint": job.train.fingerprint}
    meta: dict[str, Any] = {"domains": list(job.train.domains), "dataset": data}
    if HEADS in job.algorithm.averaged or "mask" in job.algorithm.inputs:
        meta["mask_classes"] = list(job.train.names["mask"])
    if alignment := alignment_of(job.train):
        meta["alignment"] = alignment
    return meta


def describe_model(job: TrainingJob) -> dict[str, Any]:
    """Returns what a checkpoint notes about its model, see `semgan.checkpoint.MODEL`."""
    return {"config": to_json(job.config), "meta": meta_of(job)}


def sample(job: TrainingJob, model: TrainedModel, batch: Mapping[str, np.ndarray], stream: int = 0) -> dict[str, np.ndarray]:
    """Samples by the run's seed (see `trained_model.sample`); another stream gives other latents."""
    return trained_model.sample(model, batch, jax.random.fold_in(jax.random.key(job.config.seed), stream))
