"""Shared parts of the formats of networks that draw from noise: checks of a file's contents, and the config that describes it."""

import functools
import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from semgan.algorithms import make
from semgan.config import to_json
from semgan.errors import UserError
from semgan.settings import defaults
from semgan.torch_files import mapping
from semgan.torch_files.mapping import Shapes, Tensors
from semgan.trained_model import example_batch

LARGEST = 4096
"""Pixels; a file that claims more is not believed."""

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64
"""The low-pass filter of `semgan/layers/fir.py`, in two dimensions; exact in float32."""


_READ = (
    "precision",
    *(f"data.{name}" for name in ("name", "source", "domains", "pairing", "train_count", "test_count")),
    *(f"judge.{name}" for name in ("channels", "steps", "batch_size", "pairs", "samples")),
)
"""Keys of a config that sampling and evaluation read, whose defaults an imported model has."""


def state_dict(data: Any, name: str, whole: str) -> dict[str, np.ndarray]:
    """The state dict that the file holds under `name`.

    Args:
      whole: what to give instead, for the error message.

    Raises:
      UserError: there is none, or it does not hold tensors alone.
    """
    tensors = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(tensors, Mapping) or not tensors:
        there = ", ".join(map(str, list(data)[:8])) if isinstance(data, Mapping) else f"one {type(data).__name__}"
        raise UserError(f"it holds no state dict {name!r} (it holds {there or 'nothing'}): give {whole}")
    others = [str(key) for key, value in tensors.items() if not isinstance(value, np.ndarray) or not isinstance(key, str)]
    if others:
        raise UserError(f"its {name!r} holds more than tensors ({', '.join(others[:4])}): give {whole}")
    return dict(tensors)


def shape_of(tensors: Tensors, name: str, dimensions: int) -> tuple[int, ...]:
    """The shape of one tensor; UserError unless it is there, has that many dimensions, and none of them is 0."""
    if name not in tensors:
        raise UserError(f"its tensor {name} is missing: give a whole file of this format")
    shape = tensors[name].shape
    if len(shape) != dimensions or 0 in shape:
        raise UserError(f"its tensor {name} has the shape {shape}, which no file of this format has: give another file")
    return shape


def numbers(tensors: Tensors, pattern: str) -> list[int]:
    """The numbers that the pattern's one group matches in the tensors' names, in order; names are matched from their start."""
    return sorted({int(match[1]) for name in tensors if (match := re.match(pattern, name))})


def refuse_conditional(tensors: Tensors, *parts: str) -> None:
    """Raises a UserError if any name contains one of `parts`, which the networks without labels do not have."""
    labelled = [name for name in tensors if any(part in name for part in parts)]
    if labelled:
        raise UserError(f"it takes class labels (its tensor {labelled[0]}), which semgan's networks do not: give an unconditional model")


def check_size(size: int, least: int) -> None:
    """Raises a UserError unless networks that halve the resolution can work at this number of pixels."""
    if not least <= size <= LARGEST or size & (size - 1):
        raise UserError(f"its layers are those of {size} pixels: give a model of {least} to {LARGEST} pixels, a power of two")


def without_constants(tensors: Tensors, constants: Tensors) -> dict[str, np.ndarray]:
    """The tensors less those that have to be there with values known beforehand, such as filters.

    Raises:
      UserError: one of them is missing or has another value; it names the first.
    """
    for name, value in constants.items():
        if name not in tensors:
            raise UserError(f"its tensor {name} is missing: give a whole file of this format")
        if tensors[name].shape != value.shape or not np.allclose(tensors[name], value, rtol=1e-5, atol=0):
            raise UserError(f"its filter {name} is not the usual [1, 3, 3, 1], the only one that semgan has: give another model")
    return {name: value for name, value in tensors.items() if name not in constants}


def plain_config(algorithm: str, image_size: int, networks: Mapping[str, Any], losses: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A config as plain data with what `semgan.algorithms.make`, sampling and evaluation read.

    Args:
      networks: constructor arguments by network name.
      more: further keys.
    """
    base = to_json(defaults(_READ))
    return {
        "algorithm": algorithm,
        "image_size": image_size,
        "precision": base["precision"],
        "data": base["data"] | {"name": "folder", "pairing": "none"},
        "networks": {name: dict(options) for name, options in networks.items()},
        "losses": dict(losses),
        "judge": base["judge"],
        **more,
    }


def expected_shapes(config: Mapping[str, Any], networks: Collection[str]) -> Shapes:
    """Shapes of our parameters by path, of these networks alone."""
    return {name: shape for name, shape in _all_shapes(json.dumps(config)).items() if name.split("/")[0] in networks}


@functools.lru_cache(maxsize=8)
def _all_shapes(config: str) -> Shapes:
    """Shapes of all networks' parameters; kept, since they are asked for once per network and tracing takes a while."""
    plain = json.loads(config)
    algorithm = make(ConfigDict(plain))
    params, _ = jax.eval_shape(algorithm.init, jax.random.key(0), example_batch(algorithm, plain["image_size"]))
    return mapping.shapes_of(params)


def check_algorithm(config: Mapping[str, Any], algorithm: str) -> None:
    """Raises a UserError unless the model to be written is one of `algorithm`."""
    if config["algorithm"] != algorithm:
        raise UserError(f"the model is a {config['algorithm']}, but this format holds models of {algorithm} alone: choose another format")


def check_options(options: Mapping[str, Any], required: Mapping[str, Any], layout: str) -> None:
    """Raises a UserError unless a network's constructor arguments have the only values that the layout's own code knows."""
    for name, value in required.items():
        if options.get(name, value) != value:
            raise UserError(f"the model's {name} is {options[name]!r}, but {layout} has only {value!r}: it cannot be written so")


def in_words(values: Iterable[int]) -> str:
    """Numbers for a sentence."""
    return ", ".join(map(str, values))
