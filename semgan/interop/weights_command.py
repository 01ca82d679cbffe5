"""`semgan import` and `semgan export --format pytorch`: other projects' weights to a snapshot, and back."""

import difflib
import hashlib
import importlib
import re
from pathlib import Path
from typing import Any

from semgan.checkpoint import read_model
from semgan.errors import UserError
from semgan.files import check_writable
from semgan.inference.model import load
from semgan.interop.format import Format, ImportedModel
from semgan.run_files import model_path
from semgan.snapshot import MODEL_STATE, write_snapshot
from semgan.torch_files import reader, writer

FORMATS = {
    "stargan-v2": "stargan_v2",
    "cyclegan": "cyclegan",
    "pix2pix": "pix2pix",
    "cut": "cut",
    "stylegan2": "stylegan2",
    "stylegan2-ada": "stylegan2_ada",
    "progan": "progan",
    "r3gan": "r3gan",
}
"""Names that users give, and the modules of `semgan/interop/formats/`."""
LAYOUTS = {
    "stargan_v2": "stargan-v2",
    "cyclegan": "cyclegan",
    "pix2pix": "pix2pix",
    "cut": "cut",
    "stylegan2": "stylegan2",
    "progan": "progan",
    "r3gan": "r3gan",
}
"""The layout in which an algorithm's snapshots are exported unless another is named, by algorithm."""


def import_weights(name: str, weights: Path, out: Path, domains: str = "") -> str:
    """Reads `weights` in the format `name` and writes a snapshot; returns what was made, in a sentence.

    Args:
      weights: a file, or a folder with one network per file (`latest_net_G_A.pth`, `latest_net_G_B.pth`, ...).
      domains: names for the model's domains, separated by commas, in its own order; empty: what the format calls them.

    Raises:
      UserError: an unknown format, a file that is not of it, or a path that cannot be written to.
    """
    weights_format = format_of(name)
    check_writable(out)
    data = _read_folder(weights) if weights.is_dir() else reader.read(weights)
    try:
        imported = _with_domains(weights_format.read(data), domains)
    except UserError as error:
        raise UserError(f"{weights}: {error}") from error
    params = imported.params | ({MODEL_STATE: imported.model_state} if imported.model_state else {})
    meta = {
        "domains": list(imported.config["data"]["domains"]),
        "step": 0,
        "kimg": float(imported.config.get("total_kimg", 0.0)),
        "imported": {"format": name, "file": weights.name, "sha256": _digest(weights)},
        "scores": {},
    }
    write_snapshot(out, params, imported.config, meta)
    model = load(out)
    products = "samples" if "sample" in model.kinds else f"translations between {', '.join(model.domains)}"
    return f"{out}: {imported.config['algorithm']} at {model.image_size} px, for {products}"


def export_weights(model: Path, out: Path, layout: str = "") -> str:
    """Writes a snapshot's networks as a file that the layout's own code loads; returns what was made, in a sentence.

    Args:
      layout: a format's name; empty: the usual one for the model's algorithm.

    Raises:
      UserError: the layout does not have such models, or the file cannot be written.
    """
    check_writable(out)
    params, config, _ = read_model(model_path(model))
    model_state = params.pop(MODEL_STATE, {})
    layout = layout or LAYOUTS.get(config["algorithm"], "")
    if not layout:
        raise UserError(f"{model} is a {config['algorithm']}, for which no other project has a layout: use the snapshot itself")
    weights_format = format_of(layout)
    if weights_format.write is None:
        raise UserError(f"the format {layout} can be read but not written: choose one of {', '.join(LAYOUTS.values())}")
    try:
        data = weights_format.write(params, model_state, config)
    except UserError as error:
        raise UserError(f"{model}: {error}") from error
    writer.write(out, data)
    return f"{out}: {config['algorithm']} in the layout of {layout}"


def format_of(name: str) -> Format:
    """The format of that name; raises a UserError, with the nearest name, for one that does not exist."""
    if name not in FORMATS:
        near = difflib.get_close_matches(name.lower().replace("_", "-"), FORMATS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"{name!r} is not a format that semgan reads: {hint}there are {', '.join(FORMATS)}")
    return importlib.import_module(f"semgan.interop.formats.{FORMATS[name]}").FORMAT


def _read_folder(folder: Path) -> dict[str, Any]:
    """The folder's networks by their short names: `latest_net_G_A.pth` is "G_A"."""
    files = {match[1]: path for path in sorted(folder.iterdir()) if (match := re.fullmatch(r"latest_net_(\w+)\.pth", path.name))}
    if not files:
        raise UserError(f"{folder} holds no latest_net_NAME.pth: give a file, or the folder that the project saved its networks in")
    return {name: reader.read(path) for name, path in files.items()}


def _with_domains(imported: ImportedModel, domains: str) -> ImportedModel:
    names = [name.strip() for name in domains.split(",")] if domains else []
    before = list(imported.config["data"]["domains"])
    if not names:
        return imported
    if len(names) != len(before) or not all(names) or len(set(names)) != len(names):
        raise UserError(f"it has {len(before)} domains, for which --domains {domains!r} gives no {len(before)} different names")
    data = {**imported.config["data"], "domains": names}
    return imported._replace(config={**imported.config, "data": data})


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files one after another, as hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(path.glob("latest_net_*.pth")) if path.is_dir() else [path]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
