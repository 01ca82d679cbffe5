"""Writes the snapshot of a run: the averaged weights, and the linear models fitted to them for users."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from semgan import domain_guess, trained_model
from semgan.errors import UserError
from semgan.inference import recipe
from semgan.inference.recipe import Recipe
from semgan.progress import say
from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, write_snapshot
from semgan.trained_model import TrainedModel
from semgan.training.training_job import TrainingJob, model_of
from semgan.types import TrainState

FILE = "snapshot.safetensors"


def write(job: TrainingJob, state: TrainState, scores: Mapping[str, float | None], *, last: bool = False) -> Path:
    """Writes the model of a state with all that `semgan translate` needs to know about it, and returns its path.

    Args:
      scores: of the model, by name; empty where none were taken.
      last: whether the run ends with it. Where any other cannot be written, training goes on with a warning and the snapshot before.

    Raises:
      UserError: the last one cannot be written.
    """
    model = model_of(job, state)
    params, meta = dict(model.params), {**model.meta, "scores": dict(scores)}
    if trained_model.has_features(model):
        params[DOMAIN_GUESS] = {"kernel": domain_guess.fit_for(partial(trained_model.features, model), job.train)}
        if fitted := _style_recipe(job, model):
            params[STYLE_RECIPE], meta[recipe.ATTRIBUTES] = fitted.arrays(), list(fitted.attributes)
    if model.model_state:
        params[MODEL_STATE] = model.model_state
    return _write_if_possible(job.workdir / FILE, params, model.config, meta, last)


def _style_recipe(job: TrainingJob, model: TrainedModel) -> Recipe | None:
    """Fits what the style's attributes mean to the style encoder; None where the data have none."""
    encode = partial(trained_model.apply, model, "style_encoder")
    return recipe.fit_for(encode, job.train, recipe.kept_of_content(model.config))


def _write_if_possible(path: Path, params: Mapping[str, Any], config: Mapping[str, Any], meta: Mapping[str, Any], last: bool) -> Path:
    try:
        write_snapshot(path, params, config, meta)
    except UserError as error:
        if last:
            raise
        say(f"semgan: warning: {error}; TRAINING GOES ON")
    return path
