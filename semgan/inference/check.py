"""Whether what a snapshot holds is what this version of semgan makes of its config."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from semgan.inference import domain_guess
from semgan.inference.snapshot import MODEL_STATE
from semgan.types import HEADS, Algorithm


def example_batch(image_size: int) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes of one example with all that an algorithm may ask for."""
    image, number = jax.ShapeDtypeStruct((1, image_size, image_size, 3), np.float32), jax.ShapeDtypeStruct((1,), np.int32)
    shapes = {"image": image, "reference": image, "reference2": image}
    return shapes | {"domain": number, "target_domain": number, "position": number}


def sample_kinds(algorithm: Algorithm, params: Any, model_state: Any, image_size: int) -> frozenset[str]:
    """Names of what `algorithm.sample` gives, without running it."""
    return frozenset(jax.eval_shape(algorithm.sample, params, model_state, example_batch(image_size), jax.random.key(0)))


def check_shapes(algorithm: Algorithm, params: dict[str, Any], model_state: dict[str, Any], image_size: int) -> None:
    """ValueError, naming the first difference, unless the averaged networks and the kept state are those that the algorithm makes.

    The semantic heads and what they look through may be absent, as in snapshots from before they were kept: only regions of styles need
    them.
    """
    made, made_state = jax.eval_shape(algorithm.init, jax.random.key(0), example_batch(image_size))
    later = () if HEADS in params else (HEADS, "discriminator")
    expected = _shapes({name: made[name] for name in algorithm.averaged if name not in later or name in params})
    found = _shapes({name: params[name] for name in algorithm.averaged if name in params})
    expected |= _shapes({MODEL_STATE: {name: made_state[name] for name in algorithm.kept}})
    found |= _shapes({MODEL_STATE: model_state})
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ValueError(f"{name} has the shape {found.get(name)}, not {expected.get(name)}")


def _shapes(tree: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)}


def check_domains(names: Any, trained: Sequence[str], guess_kernel: np.ndarray | None) -> None:
    """ValueError unless the domains' names are as many as the networks and the guess know."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("meta.domains is not a list of names")
    if len(names) != len(trained):
        raise ValueError(f"meta.domains names {len(names)}, but config.data.domains {len(trained)}")
    if guess_kernel is not None and guess_kernel.shape[1:] != (len(names),):
        raise ValueError(f"{domain_guess.NAME}/kernel has the shape {guess_kernel.shape}, not (features + 1, {len(names)})")


def check_mask_classes(names: Any, algorithm: Algorithm, params: Mapping[str, Any]) -> None:
    """ValueError unless the mask's classes, where there are names for them, are as many as the semantic heads tell apart."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("meta.mask_classes is not a list of names")
    told = algorithm.networks[HEADS].heads.mask_classes if HEADS in params else 0
    if names and len(names) != told:
        raise ValueError(f"meta.mask_classes names {len(names)}, but {HEADS} tells {told}")
