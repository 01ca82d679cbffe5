"""A snapshot: one safetensors file with a model's averaged weights and, in its header, all else that using it takes.

Nothing in it is ever run: weights are arrays, the rest is JSON. The header's metadata holds `format`, `config` and `meta` (JSON
texts) and `sha256`, by which the file is sealed (`semgan.sealed`): safetensors itself does not notice changed bits.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from semgan.errors import UserError
from semgan.files import write_whole
from semgan.sealed import UNSEALED, is_intact, seal

FORMAT = "semgan-snapshot-1"
MODEL_STATE = "model_state"
"""The pseudo-network that holds what of the model's state its samples depend on, by name."""
DOMAIN_GUESS, STYLE_RECIPE = "domain_guess", "style_recipe"
"""The pseudo-networks that hold what is fitted to the trained ones: see `semgan.domain_guess` and `semgan.inference.recipe`."""
_MAX_HEADER = 16 * 2**20
"""Bytes of the longest header that is read: a foreign file's first bytes may claim any length."""


class Snapshot(NamedTuple):
    """The contents of the file: `params` as nested dicts of NumPy arrays by network name, `config` and `meta` as plain data."""

    params: dict[str, Any]
    config: dict[str, Any]
    meta: dict[str, Any]


def write_snapshot(path: str | Path, params: Mapping[str, Any], config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    """Writes the snapshot, complete or not at all; the same input gives the same bytes.

    Args:
      params: nested dicts of arrays; names must not contain "/".
      config, meta: plain data that JSON can hold (tuples come back as lists). Users expect `meta["domains"]`.

    Raises:
      UserError: the folder cannot be written to.
    """
    path = Path(path)
    metadata = {"format": FORMAT, "config": json.dumps(config), "meta": json.dumps(meta), "sha256": UNSEALED}
    contents = seal(_with_metadata(save(_flatten(params)), metadata))
    try:
        write_whole(path, contents)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): free the disk or choose another place") from error


def read_snapshot(path: str | Path) -> Snapshot:
    """Reads and checks a snapshot.

    Raises:
      UserError: there is no such file, it is not a snapshot, of a format that this version does not read, or damaged anywhere.
    """
    path = Path(path)
    _check_is_file(path)
    try:
        with path.open("rb") as file:
            metadata = _read_header(file, path)
            file.seek(0)
            contents = file.read()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): check its permissions") from error
    if not is_intact(contents):
        raise UserError(f"{path} is damaged or cut short (its SHA-256 does not match): copy or download it again")
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path} has the format {metadata.get('format')!r}, not {FORMAT!r}: use the semgan version that wrote it")
    try:
        tensors = load(contents)
        config, meta = json.loads(metadata["config"]), json.loads(metadata["meta"])
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not a well-formed snapshot ({error!r}): write it again with semgan") from error
    if not isinstance(config, dict) or not isinstance(meta, dict):
        raise UserError(f"{path} is not a well-formed snapshot (its config or meta is not an object): write it again with semgan")
    return Snapshot(_unflatten(tensors, path), config, meta)


@contextmanager
def blaming(path: str | Path) -> Iterator[None]:
    """Turns whatever goes wrong inside, as a model is made of a snapshot or of a checkpoint, a folder, into a UserError that names it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = "the config of its run, or this version of semgan" if Path(path).is_dir() else "this version of semgan"
        remedy = "use the config and the version" if Path(path).is_dir() else "use the version"
        raise UserError(f"{path} does not fit {what} ({error}): {remedy} that wrote it") from error


def _with_metadata(tensors: bytes, metadata: dict[str, str]) -> bytes:
    """The safetensors file with this metadata at the head of its header.

    Done here because safetensors writes metadata in an order that changes from run to run.
    """
    length = int.from_bytes(tensors[:8], "little")
    header = {"__metadata__": metadata, **json.loads(tensors[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors start at a multiple of 8 bytes
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(tensors)[8 + length :]))


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        inside = path / "snapshot.safetensors"
        raise UserError(f"{path} is a folder: give a snapshot file" + (f", such as {inside}" if inside.exists() else ""))
    if not path.exists():
        raise UserError(f"{path} does not exist: give the path of a snapshot, such as runs/NAME/snapshot.safetensors")
    if not path.is_file():
        raise UserError(f"{path} is not a regular file: give the path of a snapshot")


def _read_header(file: BinaryIO, path: Path) -> dict[str, str]:
    """Returns the metadata, after checks that cost little even for a large other file."""
    foreign = UserError(f"{path} is not a semgan snapshot, or is damaged: give a snapshot.safetensors that semgan wrote")
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(_MAX_HEADER, size - 8):
        raise foreign
    text = file.read(length)
    try:
        metadata = json.loads(text)["__metadata__"]
        digest = metadata["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise foreign from error
    if not isinstance(digest, str) or len(digest) != len(UNSEALED):
        raise foreign
    return metadata


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    flat: dict[str, np.ndarray] = {}
    for name, value in tree.items():
        if "/" in name:
            raise ValueError(f"the parameter name {prefix + name!r} contains a slash, which separates names in a snapshot")
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}/")
        else:
            flat[prefix + name] = np.asarray(value, order="C")
    return flat


def _unflatten(flat: dict[str, np.ndarray], path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in sorted(flat.items()):  # an array before what claims to lie in it
        *parents, leaf = name.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise UserError(f"{path} is not a well-formed snapshot ({name!r} lies in an array): write it again with semgan")
        node[leaf] = value
    return tree
