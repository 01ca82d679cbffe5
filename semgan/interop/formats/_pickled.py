"""Networks in pickles of whole modules: their tensors by name, whether the file holds the module or its state dict."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from semgan.interop.formats._common import state_dict
from semgan.torch_files import reader


class Network(NamedTuple):
    """One network of a file.

    Attributes:
      tensors: parameters and buffers by their dotted names.
      attributes: what else the modules hold, by the dotted name of the module; empty where the file has a state dict.
    """

    tensors: dict[str, np.ndarray]
    attributes: dict[str, Mapping[str, Any]]


def network(data: Any, name: str, whole: str) -> Network:
    """The network that the file holds under `name`, as a module or as a state dict.

    Raises:
      UserError: the file does not hold that network; it says to give `whole` instead.
    """
    value = data.get(name) if isinstance(data, Mapping) else None
    if isinstance(value, reader.Module):
        return Network(dict(reader.module_tensors(value)), dict(_attributes(value, "")))
    return Network(state_dict(data, name, whole), {})


def _attributes(module: reader.Module, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield name, module.state
    parts = module.state.get("_modules")
    for part, inner in parts.items() if isinstance(parts, Mapping) else ():
        if isinstance(inner, reader.Module):
            yield from _attributes(inner, f"{name}.{part}" if name else f"{part}")
