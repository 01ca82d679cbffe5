"""The snapshot of a model that has been adapted."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from semgan import domain_guess
from semgan.adaptation.few_shot_pictures import Pixels
from semgan.checkpoint import UNFITTED
from semgan.data.augment import to_float
from semgan.data.dataset import Dataset
from semgan.inference.model import Model
from semgan.inference.recipe import Recipe
from semgan.snapshot import DOMAIN_GUESS, STYLE_RECIPE, write_snapshot
from semgan.types import Params


@partial(jax.jit, static_argnums=(0, 1))
def _run(encoder: Any, method: str, params: Params, *inputs: Any) -> jax.Array:
    return encoder.apply({"params": params}, *inputs, method=method)


def guess_kernel(encoder: Any, params: Params, dataset: Dataset) -> np.ndarray:
    """The kernel of `domain_guess` with these parameters of the style encoder, fitted to all of the dataset's pictures."""
    return domain_guess.fit_for(partial(_run, encoder, "features", params), dataset, count=len(dataset.rows))


def nearest_domain(encoder: Any, params: Params, old: Dataset, new: Pixels) -> int:
    """The number of the old domain that most of the new pictures are taken for."""
    kernel = guess_kernel(encoder, params, old)
    features = _run(encoder, "features", params, to_float(new))
    return int(np.bincount(domain_guess.predict(kernel, np.asarray(features))).argmax())


def recipe_with(source: Recipe, code: np.ndarray) -> Recipe:
    """The recipe with a domain of which no attribute was learned: its style is the mean code (style,) of its pictures."""
    row = np.zeros_like(source.kernel[:1])
    row[:, -1] = code
    mean, covariance = (np.concatenate([values, np.zeros_like(values[:1])]) for values in (source.mean, source.covariance))
    return Recipe(source.attributes, np.concatenate([source.kernel, row]), mean, covariance)


def write(
    path: Path, model: Model, encoder: Any, params: Params, config: Mapping[str, Any], dataset: Dataset, note: Mapping[str, Any]
) -> None:
    """Writes the adapted model.

    Args:
      model: before.
      encoder, params, config: the style encoder with one more domain, all parameters, and the config with the new domain.
      dataset: pictures of all domains, the new one last.
      note: on the adaptation, for `meta["adapted"]`.
    """
    params = dict(jax.device_get(params))
    params[DOMAIN_GUESS] = {"kernel": guess_kernel(encoder, params["style_encoder"], dataset)}
    if model.recipe is not None:
        number = len(dataset.domains) - 1
        new = to_float(dataset.images[dataset.rows[dataset.domain == number]])
        codes = _run(encoder, "__call__", params["style_encoder"], new, np.full(len(new), number, np.int32))
        larger = recipe_with(model.recipe, np.asarray(codes).mean(0))
        params[STYLE_RECIPE] = larger.arrays()
    before = {name: value for name, value in model.meta.items() if name != UNFITTED}
    meta = before | {"domains": list(dataset.domains), "adapted": [*before.get("adapted", ()), dict(note)]}
    write_snapshot(path, params, config, meta)
