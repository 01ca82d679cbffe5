"""Files of the networks that measure pictures (judges, matchers), which are trained once for data and settings and then kept.

One safetensors file each, whose header holds the rest as JSON, with a SHA-256 of all of it; complete or not there at all.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semgan.data.dataset import Dataset
from semgan.files import write_whole
from semgan.sealed import content_digest

Tree = dict[str, Any]
"""Arrays by name, or further trees."""


def network_name(version: int, dataset: Dataset, held_out: Dataset, **settings: int) -> str:
    """16 hexadecimal digits of a hash of the data and the settings that a network comes from.

    Args:
      version: of the network and its training, raised when they change, so that older networks are not taken for these.
    """
    recipe = json.dumps([version, dataset.fingerprint, held_out.fingerprint, dataset.images.shape[1], sorted(settings.items())])
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def weights_digest(tree: Tree) -> str:
    """SHA-256 of a network's arrays with their names and shapes."""
    digest = hashlib.sha256()
    for path, values in jax.tree_util.tree_leaves_with_path(tree):
        digest.update(f"{jax.tree_util.keystr(path)} {np.shape(values)}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def save_network(path: Path, kind: str, tree: Tree, about: Tree) -> None:
    """Writes the arrays of a network, and what `about` says of it, which JSON can hold.

    Args:
      kind: the key of the header that holds `about`, such as "judge".
    """
    tensors = {name: np.ascontiguousarray(values) for name, values in _flatten(tree).items()}
    text = json.dumps(about, sort_keys=True)
    write_whole(path, save(tensors, metadata={kind: text, "sha256": content_digest(text, tensors)}))


def load_network(path: Path, kind: str) -> tuple[Tree, Tree] | None:
    """Returns what `save_network` wrote, or None where the file is something else (cut short, bits changed, of another kind)."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (the file is not a mapping)
    except (SafetensorError, OSError):
        return None
    text = metadata.get(kind, "")
    if not tensors or metadata.get("sha256") != content_digest(text, tensors):
        return None
    return _unflatten(tensors), json.loads(text)


def _flatten(tree: Tree, prefix: str = "") -> dict[str, np.ndarray]:
    flat = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}/") if isinstance(value, dict) else {prefix + key: np.asarray(value)}
    return flat


def _unflatten(flat: dict[str, np.ndarray]) -> Tree:
    tree: Tree = {}
    for name, value in flat.items():
        *parents, leaf = name.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree
