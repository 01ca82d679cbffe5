"""Writes the snapshots of a run: averaged weights, and the linear models fitted to them for users."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from semgan import domain_guess, trained_model
from semgan.errors import UserError
from semgan.inference import recipe
from semgan.inference.recipe import Recipe
from semgan.progress import say
from semgan.run_files import BEST_SNAPSHOT, SNAPSHOT
from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, Snapshot, write_snapshot
from semgan.trained_model import TrainedModel
from semgan.training.training_job import TrainingJob, model_of
from semgan.types import TrainState


def write(job: TrainingJob, state: TrainState) -> Path:
    """Writes the model of a state with all that `semgan translate` needs to know about it, and returns its path.

    Where it cannot be written, training goes on with a warning and the snapshot before.
    """
    _write_if_possible(job.workdir / SNAPSHOT, fit(job, model_of(job, state), {}))
    return job.workdir / SNAPSHOT


def write_last(job: TrainingJob, fitted: Snapshot) -> Path:
    """Writes the model that a run ends with, and returns its path; UserError where it cannot be written."""
    write_snapshot(job.workdir / SNAPSHOT, *fitted)
    return job.workdir / SNAPSHOT


def write_best(job: TrainingJob, fitted: Snapshot) -> bool:
    """Writes the model of the best evaluation; returns whether that was possible, with a warning and the one before where it was not."""
    return _write_if_possible(job.workdir / BEST_SNAPSHOT, fitted)


def fit(job: TrainingJob, model: TrainedModel, scores: Mapping[str, float | None]) -> Snapshot:
    """Fits to a model what its users need to know about it.

    Args:
      scores: of the model, by name; empty where none were taken.
    """
    params, meta = dict(model.params), {**model.meta, "scores": dict(scores)}
    if trained_model.has_features(model):
        params[DOMAIN_GUESS] = {"kernel": domain_guess.fit_for(partial(trained_model.features, model), job.train)}
        if fitted := _style_recipe(job, model):
            params[STYLE_RECIPE], meta[recipe.ATTRIBUTES] = fitted.arrays(), list(fitted.attributes)
    if model.model_state:
        params[MODEL_STATE] = model.model_state
    return Snapshot(params, dict(model.config), meta)


def _style_recipe(job: TrainingJob, model: TrainedModel) -> Recipe | None:
    """Fits what the style's attributes mean to the style encoder; None where the data have none."""
    encode = partial(trained_model.apply, model, "style_encoder")
    return recipe.fit_for(encode, job.train, recipe.kept_of_content(model.config))


def _write_if_possible(path: Path, fitted: Snapshot) -> bool:
    try:
        write_snapshot(path, *fitted)
    except UserError as error:
        say(f"semgan: warning: {error}; TRAINING GOES ON")
        return False
    return True
