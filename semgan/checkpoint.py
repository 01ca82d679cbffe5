"""Reads a model out of a checkpoint: the averaged weights in a full training state, as `semgan.training.checkpoints` writes it.

What is fitted to the weights with the training data, the guess of domains and the recipe, is in no checkpoint: it comes from a snapshot
of the same run that holds the very same weights, and is absent where there is none.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from semgan import manifest
from semgan.errors import UserError
from semgan.run_files import BEST_SNAPSHOT, CHECKPOINTS, CONFIG, SNAPSHOT, steps_of
from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, Snapshot, read_snapshot

STATE = "state"
"""The name of the folder inside a checkpoint that holds the arrays."""
MODEL = "model"
"""The entry of a checkpoint's `extra` that describes the model: its `config` and `meta`, as in a snapshot."""
UNFITTED = "unfitted"
"""The entry of `meta` that is true where nothing is fitted to the weights, because they come from a checkpoint."""
_AVERAGED = "ema_params"


def read_model(path: str | Path) -> Snapshot:
    """Reads a snapshot file or a checkpoint's folder.

    Raises:
      UserError: as `read_snapshot` and `read_checkpoint`.
    """
    path = Path(path)
    if path.is_dir() and (path.parent.name == CHECKPOINTS or (path / manifest.MANIFEST).is_file()):
        return read_checkpoint(path)
    return read_snapshot(path)


def read_checkpoint(folder: str | Path) -> Snapshot:
    """Reads and checks a checkpoint.

    Returns:
      As of a snapshot: the averaged networks and all of the model's state. `meta` has `step`, `kimg` and `domains`, and `UNFITTED` where
      no snapshot of the run holds these weights.

    Raises:
      UserError: it is damaged or of another format, or a folder of an older version has no config beside it.
    """
    folder = Path(folder)
    record = _verify(folder)
    params, model_state = _read_averaged(folder, record["arrays"])
    step, kimg = record["step"], record["position"] / 1000
    if twin := _same_in_snapshots(_run_of(folder), step, {**params, MODEL_STATE: model_state}):
        return twin
    config, meta = _description(folder, record["extra"])
    return Snapshot({**params, MODEL_STATE: model_state}, config, {**meta, "step": step, "kimg": kimg, UNFITTED: True})


def _run_of(folder: Path) -> Path:
    return folder.absolute().parent.parent


def _verify(folder: Path) -> dict[str, Any]:
    """Returns the manifest of a checkpoint that proved to be whole."""
    try:
        record = manifest.verify(folder, int(folder.name) if folder.name.isdecimal() else None)
    except manifest.DamagedError as damage:
        others = [str(step) for step in steps_of(folder.parent) if str(step) != folder.name] if folder.parent.name == CHECKPOINTS else []
        remedy = f"take another step ({', '.join(others)})" if others else "bring it back from a copy"
        raise UserError(f"{folder} is damaged ({damage}): {remedy}") from damage
    if record["format"] != manifest.FORMAT:
        raise UserError(f"{folder} has the format {record['format']!r}, not {manifest.FORMAT!r}: use the semgan version that wrote it")
    return record


def _read_averaged(folder: Path, arrays: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the averaged parameters and the model's state as nested dicts; no other array is read.

    Args:
      arrays: the manifest's, `"float32 (3, 4)"` by dotted path.
    """
    import jax  # here, as orbax: reading a snapshot does without
    import orbax.checkpoint as ocp

    shapes = {key: text.partition(" ") for key, text in arrays.items() if key.partition(".")[0] in (_AVERAGED, MODEL_STATE)}
    values = {key: np.empty(ast.literal_eval(shape), dtype) for key, (dtype, _, shape) in shapes.items()}
    wanted = {key: array for key, array in values.items() if array.size}  # empty ones have nothing saved
    options = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), wanted)
    process = jax.process_index()
    island = ocp.options.MultiprocessingOptions(
        primary_host=process, active_processes={process}, barrier_sync_key_prefix=f"reader_{process}"
    )
    with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(multiprocessing_options=island), multiprocessing_options=island) as reader:
        restored = reader.restore(
            folder.absolute() / STATE, args=ocp.args.PyTreeRestore(item=wanted, restore_args=options, partial_restore=True)
        )
    tree: dict[str, Any] = {_AVERAGED: {}, MODEL_STATE: {}}
    for key, array in (values | restored).items():
        *parents, leaf = key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = array
    return tree[_AVERAGED], tree[MODEL_STATE]


def _same_in_snapshots(run: Path, step: int, params: Mapping[str, Any]) -> Snapshot | None:
    """Returns that snapshot of the run which was written at the step and whose networks have the same bits; None without one."""
    for path in (run / SNAPSHOT, run / BEST_SNAPSHOT):
        try:
            snapshot = read_snapshot(path)
        except UserError:
            continue
        networks = {name: tree for name, tree in snapshot.params.items() if name not in (DOMAIN_GUESS, STYLE_RECIPE)}
        if snapshot.meta.get("step") == step and networks.keys() | {MODEL_STATE} == params.keys() and _is_within(networks, params):
            return snapshot
    return None


def _is_within(tree: Any, other: Any) -> bool:
    """Returns whether each array of the tree is in the other one too, at the same place."""
    if isinstance(tree, Mapping):
        return isinstance(other, Mapping) and all(name in other and _is_within(value, other[name]) for name, value in tree.items())
    return not isinstance(other, Mapping) and np.array_equal(tree, other)


def _description(folder: Path, extra: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the model's config and meta; checkpoints of older versions leave both to the files of their run."""
    if MODEL in extra:
        return extra[MODEL]["config"], extra[MODEL]["meta"]
    path = _run_of(folder) / CONFIG
    try:
        config = json.loads(path.read_text())
        data = config["data"]
        dataset = {"name": data["name"], "image_size": config["image_size"], "fingerprint": extra["fingerprint"]}
        meta = {"domains": list(data["domains"]), "dataset": dataset}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder} was trained by the config in {path}, which cannot be read ({error}): bring that file back") from error
    return config, {**_facts_of_data(_run_of(folder) / SNAPSHOT, dataset), **meta}


def _facts_of_data(path: Path, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a snapshot notes about these data, whatever its weights; nothing where it is absent or of other data."""
    try:
        meta = read_snapshot(path).meta
    except UserError:
        return {}
    return {name: meta[name] for name in ("mask_classes", "alignment") if name in meta} if meta.get("dataset") == dataset else {}
