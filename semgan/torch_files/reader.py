"""Reads the files of other projects, PyTorch's and pickled networks, without PyTorch and without running anything from them.

What can be read: `torch.save`'s zip format, its old format (before 1.6), and plain pickles of networks as StyleGAN2-ADA, StyleGAN3
and R3GAN release them. Tensors become NumPy arrays, bfloat16 becomes float32; modules become the passive `Module`. Any name in a file
that is not on the list of `semgan.torch_files.globals` is refused, with no fallback. Beyond the file's own bytes
reading allocates at most `MEMORY_FACTOR` times its size and `MEMORY_BASE` bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from semgan.errors import UserError
from semgan.torch_files.containers import PICKLE_START, ZIP_START, load
from semgan.torch_files.values import MEMORY_BASE, MEMORY_FACTOR, Budget, Module, Namespace, malformed_error, plain

__all__ = ["MEMORY_BASE", "MEMORY_FACTOR", "Module", "Namespace", "module_arguments", "module_tensors", "read", "read_bytes"]

_LONGEST_NAME = 256


def read(path: str | Path) -> Any:
    """Reads the file's contents as plain data.

    Returns:
      Nested dict, list, tuple, set, str, bytes, int, float, bool, None, `np.ndarray` (C-ordered, writable, in the machine's byte order),
      `Namespace` for an `argparse.Namespace` and `Module` for a network; keys are str, int, bool or None. Types and devices
      are texts: "bfloat16", "cuda:0". The data has no cycle, and a depth that allows recursion.

    Raises:
      UserError: there is no such file, it is of another kind, damaged, too large for its size, or needs what could run code.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a file of weights")
    if not path.exists():
        raise UserError(f"{path} does not exist: give a file of weights")
    if not path.is_file():
        raise UserError(f"{path} is not a regular file: give a file of weights")
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    return read_bytes(contents, path)


def read_bytes(contents: bytes, name: str | Path) -> Any:
    """Reads a file's bytes, as `read` does a file; `name` is for messages."""
    budget = Budget(len(contents))
    try:
        if not contents.startswith((ZIP_START, PICKLE_START)):
            raise UserError(_what_else(contents))
        return plain(load(contents, budget), budget)
    except UserError as error:
        raise UserError(f"{name} {error}") from error


def module_tensors(module: Module) -> dict[str, np.ndarray]:
    """The module's parameters and buffers by the names of its `state_dict()`: "synthesis.b4.conv1.weight".

    Buffers that PyTorch leaves out of a state dict are left out here.

    Raises:
      UserError: the module is not built as PyTorch builds modules; it does not name the file.
    """
    return dict(_walk(module, ""))


def module_arguments(module: Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and named arguments that a persistent class (StyleGAN2-ADA's way) was made with.

    Raises:
      UserError: the module keeps none; it does not name the file.
    """
    args, kwargs = module.state.get("_init_args"), module.state.get("_init_kwargs")
    if type(args) is not tuple or type(kwargs) is not dict:
        raise UserError(f"holds a {module.class_name} without the arguments it was made with: give a network as its project released it")
    return args, kwargs


def _walk(module: Module, prefix: str) -> Iterator[tuple[str, np.ndarray]]:
    if len(prefix) > _LONGEST_NAME:
        raise malformed_error("name of a tensor")
    skipped = module.state.get("_non_persistent_buffers_set", ())
    parameters, buffers, children = (_part(module, part) for part in ("_parameters", "_buffers", "_modules"))
    buffers = {name: value for name, value in buffers.items() if name not in skipped}
    for name, value in (parameters | buffers).items():
        if isinstance(value, np.ndarray):
            yield prefix + name, value
        elif value is not None:
            raise malformed_error(f"tensor {prefix + name}")
    for name, child in children.items():
        if isinstance(child, Module):
            yield from _walk(child, f"{prefix}{name}.")
        elif child is not None:
            raise malformed_error(f"module {prefix + name}")


def _part(module: Module, name: str) -> dict[str, Any]:
    part = module.state.get(name)
    if not isinstance(part, dict) or not all(type(key) is str for key in part):
        raise UserError(
            f"holds a {module.class_name} that is not a module of PyTorch (it has no {name}): give a network as its project released it"
        )
    return part


def _what_else(contents: bytes) -> str:
    """Returns the sentence for a file that is not a PyTorch file: what it is, and what to do."""
    advice = "give a .pth, .pt, .ckpt or .pkl file"
    if not contents:
        return "is empty: download it again"
    if contents.lstrip()[:1] == b"<":
        return "is a web page, not a file of weights: download it again"
    if contents.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, not the file itself: fetch it with git lfs pull"
    if contents.startswith(b"\x93NUMPY"):
        return f"is a NumPy array, not a PyTorch file: {advice}"
    if contents[8:9] == b"{" and int.from_bytes(contents[:8], "little") < len(contents):
        return f"is a safetensors file, not a PyTorch file: {advice}"
    if contents[257:262] == b"ustar":
        return "is a tar file; if it is PyTorch's format from before 2017, save it again with PyTorch 1.6 or newer"
    return f"is neither a PyTorch file nor a pickle of protocol 2 or newer: {advice}"
