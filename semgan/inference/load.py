"""Opens snapshots: `model = semgan.load(path)`."""

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from semgan.algorithms import make
from semgan.data.augment import to_float, to_uint8
from semgan.errors import UserError
from semgan.inference import domain_guess, recipe
from semgan.inference.check import check_domains, check_mask_classes, check_shapes, sample_kinds
from semgan.inference.model import Model
from semgan.inference.snapshot import MODEL_STATE, read_snapshot
from semgan.types import Algorithm

_PICTURES = ("image", "reference")


def load(path: str | Path) -> Model:
    """Reads a snapshot and makes its networks ready.

    Raises:
      UserError: the file is missing, damaged or no snapshot, or this version of semgan has no such model.
    """
    params, config, meta = read_snapshot(path)
    try:
        guess_kernel = params.pop(domain_guess.NAME, {}).get("kernel")
        style_recipe = recipe.read(params.pop(recipe.NAME, None), meta)
        model_state = params.pop(MODEL_STATE, {})
        algorithm = make(ConfigDict(config))
        if algorithm.stages is not None:
            algorithm = algorithm.stages.at(meta["kimg"])
        check_shapes(algorithm, params, model_state, config["image_size"])
        check_domains(meta.get("domains", []), config["data"]["domains"], guess_kernel)
        check_mask_classes(meta.get("mask_classes", []), algorithm, params)
        kinds = sample_kinds(algorithm, params, model_state, config["image_size"])
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not fit this version of semgan ({error}): use the version that wrote it") from error
    params, model_state = jax.tree.map(jnp.asarray, (params, model_state))
    run = functools.partial(jax.jit(functools.partial(_sample, algorithm), static_argnames="kind"), model_state)
    return Model(config, meta, algorithm, params, model_state, kinds, guess_kernel, style_recipe, run)


def _sample(
    algorithm: Algorithm, model_state: dict[str, Any], params: dict[str, Any], batch: dict[str, jax.Array], rng: jax.Array, kind: str
) -> jax.Array:
    """uint8 in, uint8 out; only one kind of images is computed, XLA drops the others."""
    floats = {name: to_float(batch[name]) for name in _PICTURES if name in batch}
    return to_uint8(algorithm.sample(params, model_state, {**batch, **floats}, rng)[kind])
