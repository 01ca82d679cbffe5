"""A trained model as one value, and the few functions on it: sample a batch, run a network, guess a picture's domain.

It is made from a training state, a snapshot or a checkpoint. Pictures are uint8 at the edges and float32 inside, converted here alone.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from semgan import algorithms, domain_guess
from semgan.checkpoint import UNFITTED, read_model
from semgan.config import to_json
from semgan.data.alignment import MEAN
from semgan.data.annotations import LANDMARKS
from semgan.data.augment import STREAMS, to_float, to_uint8
from semgan.data.pieces import in_pieces
from semgan.data.shapes import BatchShapes, batch_shapes
from semgan.names import require
from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, blaming
from semgan.types import HEADS, Algorithm, Key, ModelState, Params, TrainState

PIECE = 16
"""Examples that are sampled at once, where the caller does not say otherwise."""
_ENCODER = "style_encoder"
_PICTURES = (*STREAMS, "own_picture")


class TrainedModel(NamedTuple):
    """A trained model.

    Attributes:
      config: the experiment's, as plain data.
      meta: `domains` (names), `step`, `kimg`, and what training noted, such as `mask_classes`, `dataset` and `scores`.
      algorithm: its networks and its `sample`, at the stage that training had reached.
      params: averaged weights by network name, and what a snapshot has learned about them under names that no network has
        (`domain_guess`, `style_recipe`).
      model_state: what else its samples depend on (`Algorithm.kept`), such as running statistics by network name.
    """

    config: Mapping[str, Any]
    meta: Mapping[str, Any]
    algorithm: Algorithm
    params: Params
    model_state: ModelState

    @property
    def image_size(self) -> int:
        """Width and height of its pictures, in pixels."""
        return self.config["image_size"]

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains; none for weights from elsewhere that have no names for them."""
        return tuple(self.meta.get("domains", ()))

    @property
    def mask_classes(self) -> tuple[str, ...]:
        """Names of the classes that it has learned from masks; none for a model that has seen no masks."""
        return tuple(self.meta.get("mask_classes", ()))

    @property
    def alignment(self) -> np.ndarray | None:
        """The mean landmarks of its training pictures, (5, 2) in fractions (see `semgan.data.alignment`); None where they had none."""
        noted = self.meta.get("alignment")
        return None if noted is None else np.asarray(noted[MEAN], np.float64)

    @property
    def mask_class_count(self) -> int:
        """The number of mask classes that the networks know; 0 where they know no masks."""
        networks = [network for name, network in self.algorithm.networks.items() if name in self.params]
        return max((getattr(getattr(network, "heads", network), "mask_classes", 0) for network in networks), default=0)

    @property
    def targets(self) -> tuple[int, ...]:
        """Numbers of the domains that it translates into."""
        targets = self.algorithm.targets
        return tuple(range(len(self.domains))) if targets is None else targets

    @property
    def networks(self) -> Params:
        """The weights of the networks alone."""
        return {name: weights for name, weights in self.params.items() if name not in (DOMAIN_GUESS, STYLE_RECIPE)}

    @property
    def is_unfitted(self) -> bool:
        """Returns whether its weights come from a checkpoint, so that nothing is fitted to them (see `semgan.checkpoint`)."""
        return bool(self.meta.get(UNFITTED))

    @property
    def guess_kernel(self) -> np.ndarray | None:
        """The kernel of `semgan.domain_guess`; None where the snapshot has none."""
        return self.params.get(DOMAIN_GUESS, {}).get("kernel")


def from_state(config: ConfigDict, meta: Mapping[str, Any], algorithm: Algorithm, state: TrainState) -> TrainedModel:
    """Makes the model of a training state, in memory that it does not share with it: the next step overwrites the state's.

    Args:
      config: with the domains filled in.
      meta: what is noted beside `step` and `kimg`.
      algorithm: as the config makes it; one that grows is taken at the state's stage.
    """
    state_entries = {name: state.model_state[name] for name in algorithm.kept}
    params, model_state = jax.tree.map(np.array, jax.device_get((state.ema_params, state_entries)))
    kimg = int(state.position) / 1000
    return TrainedModel(to_json(config), {**meta, "step": int(state.step), "kimg": kimg}, algorithm.at(kimg), params, model_state)


def from_snapshot(path: str | Path) -> TrainedModel:
    """Reads a snapshot, or a checkpoint's folder, and makes its networks ready.

    Raises:
      UserError: the file is missing, damaged or neither of the two, or this version of semgan has no such model.
    """
    params, config, meta = read_model(path)
    with blaming(path):
        model_state = params.pop(MODEL_STATE, {})
        algorithm = algorithms.make(ConfigDict(config))
        if UNFITTED in meta:  # a checkpoint has all of the state
            model_state = {name: model_state[name] for name in algorithm.kept if name in model_state}
        if algorithm.stages is not None:
            algorithm = algorithm.at(meta["kimg"])
        model = TrainedModel(config, meta, algorithm, params, model_state)
        _check_shapes(model)
        _check_domains(model)
        _check_mask_classes(model)
        _check_alignment(model)
        kinds(model)  # what `sample` cannot do with these weights shows here
        networks, model_state = jax.tree.map(jnp.asarray, (model.networks, model_state))
    return model._replace(params=params | networks, model_state=model_state)


def kinds(model: TrainedModel) -> frozenset[str]:
    """Returns the names of what it samples (see `semgan.types.Algorithm`), without running it; its arrays may be shapes alone."""
    batch = example_batch(model.algorithm, model.image_size)
    return frozenset(jax.eval_shape(_program(model.algorithm.sample), model.networks, model.model_state, batch, jax.random.key(0)))


def is_guided(model: TrainedModel) -> bool:
    """Returns whether a translation takes its style from a reference or a latent."""
    return bool(kinds(model) & {"reference", "latent"})


def sample(
    model: TrainedModel, batch: Mapping[str, np.ndarray], rng: Key, *, kind: str | None = None, size: int = PIECE
) -> dict[str, np.ndarray]:
    """Samples any number of examples, in pieces of one size, so that there is one compilation per size, stage and set of keys.

    Args:
      batch: arrays that share their first axis: pictures uint8, or float32 in [-1, 1], (b, size, size, 3); numbers int32 (b,); and the
        algorithm's `inputs` as `semgan.data.loader.take_inputs` gives them. Contents without a reference are their own.
      rng: a latent depends on it and on the example's `position`.
      kind: the one kind of images wanted, so that no other is computed; None: all.
      size: examples per piece.

    Returns:
      uint8 images (b, size, size, 3) by the names of their kinds.
    """
    if "image" in batch:
        batch = {"reference": batch["image"], **batch}
    run = functools.partial(_program(model.algorithm.sample), model.networks, model.model_state, kind=kind)
    parts = [{name: images[:count] for name, images in jax.device_get(run(piece, rng)).items()} for piece, count in in_pieces(batch, size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@functools.lru_cache(maxsize=16)
def _program(make_images: Any) -> Any:
    """Returns `Algorithm.sample` compiled for uint8 images, the same program for the same function; old ones are let go."""

    def run(params: Params, model_state: ModelState, batch: Mapping[str, Any], rng: Key, kind: str | None = None) -> dict[str, jax.Array]:
        images = make_images(params, model_state, {**batch, **floats(batch)}, rng)
        return {name: to_uint8(each) for name, each in images.items() if kind in (None, name)}

    return jax.jit(run, static_argnames="kind")


def floats(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the pictures of a batch, which are uint8 at the edges, as float32 in [-1, 1]."""
    return {name: to_float(batch[name]) for name in _PICTURES if name in batch and batch[name].dtype == np.uint8}


def apply(model: TrainedModel, network: str, *arrays: Any, method: str | None = None) -> Any:
    """Runs one network by its name on raw arrays (images NHWC float32 in [-1, 1]), or one of its other methods.

    Raises:
      UserError: the model has no such network.
    """
    name = require(network, [name for name in model.algorithm.networks if name in model.params], "network")
    variables = {"params": model.params[name]}
    if name in model.model_state:
        variables["batch_stats"] = model.model_state[name]
    return _apply(model.algorithm.networks[name], method, variables, arrays)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _apply(module: Any, method: str | None, variables: dict[str, Any], arrays: tuple[Any, ...]) -> Any:
    return module.apply(variables, *arrays, method=method)


def has_features(model: TrainedModel) -> bool:
    """Returns whether it has a style encoder whose `features` tell domains apart."""
    return hasattr(model.algorithm.networks.get(_ENCODER), "features")


def features(model: TrainedModel, images: Any) -> jax.Array:
    """Returns the style encoder's features (b, feature) of pictures, float32 in [-1, 1] (b, size, size, 3)."""
    return apply(model, _ENCODER, images, method="features")


def guess_domain(model: TrainedModel, images: np.ndarray) -> np.ndarray | None:
    """Guesses domains by how pictures look.

    Args:
      images: uint8 (b, size, size, 3), at the model's size.

    Returns:
      Numbers of domains, int (b,); None where the snapshot has not learned to tell.
    """
    if (kernel := model.guess_kernel) is None:
        return None
    return domain_guess.predict(kernel, np.asarray(features(model, to_float(images))))


def example_batch(algorithm: Algorithm, image_size: int) -> BatchShapes:
    """Returns the shapes of one example with all that the algorithm may ask for, pictures as floats."""
    shapes = batch_shapes(1, image_size, algorithm.inputs, {"landmarks": LANDMARKS})
    return shapes | {name: jax.ShapeDtypeStruct(shapes[name].shape, np.float32) for name in STREAMS}


def _check_shapes(model: TrainedModel) -> None:
    """Raises a ValueError that names the first difference between the networks' arrays and those that the algorithm makes.

    The semantic heads and what they look through may be absent, as in snapshots from before they were kept: only regions of styles need
    them.
    """
    algorithm, params = model.algorithm, model.params
    first, first_state = jax.eval_shape(algorithm.init, jax.random.key(0), example_batch(model.algorithm, model.image_size))
    later = () if HEADS in params else (HEADS, "discriminator")
    expected = _shapes({name: first[name] for name in algorithm.averaged if name not in later or name in params})
    expected |= _shapes({MODEL_STATE: {name: first_state[name] for name in algorithm.kept}})
    actual = _shapes({name: params[name] for name in algorithm.averaged if name in params} | {MODEL_STATE: model.model_state})
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            raise ValueError(f"{name} has the shape {actual.get(name)}, not {expected.get(name)}")


def _shapes(tree: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)}


def _check_domains(model: TrainedModel) -> None:
    """Raises a ValueError unless the domains' names are as many as the networks and the guess know."""
    names = _checked_names(model.meta, "domains")
    trained = model.config["data"]["domains"]
    if len(names) != len(trained):
        raise ValueError(f"meta.domains names {len(names)}, but config.data.domains {len(trained)}")
    kernel = model.guess_kernel
    if kernel is not None and kernel.shape[1:] != (len(names),):
        raise ValueError(f"{DOMAIN_GUESS}/kernel has the shape {kernel.shape}, not (features + 1, {len(names)})")


def _check_mask_classes(model: TrainedModel) -> None:
    """Raises a ValueError unless the mask's classes, where there are names for them, are as many as the networks know."""
    names, count = _checked_names(model.meta, "mask_classes"), model.mask_class_count
    if names and len(names) != count:
        raise ValueError(f"meta.mask_classes names {len(names)}, but the networks know {count}")


def _check_alignment(model: TrainedModel) -> None:
    """Raises a ValueError unless the mean landmarks, where they are noted, are five places."""
    try:
        mean = model.alignment
        valid = mean is None or (mean.shape == (5, 2) and bool(np.isfinite(mean).all()))
    except (KeyError, TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(f"meta.alignment has no mean of five landmarks, (x, y) each: {model.meta['alignment']}")


def _checked_names(meta: Mapping[str, Any], name: str) -> Sequence[str]:
    names = meta.get(name, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"meta.{name} is not a list of names")
    return names
