"""The type of a reader of another project's weights: one value per format, in `semgan/interop/formats/`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class ImportedModel(NamedTuple):
    """A model as its snapshot holds it.

    Attributes:
      params: our parameters by network name; of the discriminators, too, where the file has them.
      model_state: what else sampling reads, by the names in `Algorithm.kept`.
      config: plain data that `semgan.algorithms.make` understands, `image_size` and `data.domains` included; worked out from the
        tensors' shapes.
    """

    params: dict[str, Any]
    model_state: dict[str, Any]
    config: dict[str, Any]


class Format(NamedTuple):
    """One project's layout.

    Attributes:
      read: what `torch_files.reader.read` gives, to a model. Raises UserError, which does not name the file (the caller does).
      write: `(params, model_state, config)`, to what `torch_files.writer.write` takes, in the layout that the project's own code loads
        strictly; None where there is no way back.
      example: a file name of theirs, for help texts.
    """

    read: Callable[[Any], ImportedModel]
    write: Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], Any] | None
    example: str
