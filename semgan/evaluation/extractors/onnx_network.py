"""A user's network in an ONNX file, run on pictures by onnxruntime on the CPU: predicted landmarks, and embeddings of faces.

The convention, read from the model where it says so: one float32 input of rank 4, (n, 3, height, width) or (n, height, width, 3); RGB;
its own height and width, or `DEFAULT_SIZE` where it leaves them open; the pictures are brought to that size whole, antialiased bicubic,
rounded, and then scaled in one of `SCALINGS`. Weights are in the file itself.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from semgan.errors import UserError
from semgan.evaluation.extractors import resize
from semgan.evaluation.extractors.batches import Pictures
from semgan.evaluation.extractors.weight_files import UNRECOGNISED

DEFAULT_SIZE = 112
"""Pixels on each side: ArcFace's (Deng et al. 2019, arXiv 1801.07698, section 3.1)."""
SCALINGS: Mapping[str, tuple[float | tuple[float, ...], float | tuple[float, ...]]] = {
    "signed": (127.5, 127.5),
    "unit": (0.0, 255.0),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "bytes": (0.0, 1.0),
}
"""What is subtracted from bytes, and what the difference is divided by: "signed" gives [-1, 1], "unit" [0, 1], "bytes" [0, 255]."""
_DEFAULT_SCALING = "signed"
_BATCH = 16
"""Pictures at a time, where the model leaves it open."""
_FEWEST_POINTS = 2

Outputs = list[np.ndarray]


class OnnxNetwork(NamedTuple):
    """A network in an ONNX file.

    Attributes:
      sha256: of the file.
      run: one batch of scaled pictures in the model's own layout to all of its outputs.
      batch_size: pictures that `run` takes at a time.
      height, width: of the pictures that it takes, in pixels.
      channels_first: whether pictures are (n, 3, height, width).
      scaling: a key of `SCALINGS`.
      read: all outputs of a batch to one array with a row per picture.
      task: what it predicts, for passports.
    """

    sha256: str
    run: Callable[[Float[np.ndarray, "batch ..."]], Outputs]
    batch_size: int
    height: int
    width: int
    channels_first: bool
    scaling: str
    read: Callable[["OnnxNetwork", Outputs], np.ndarray]
    task: str

    def predict(self, images: Pictures) -> np.ndarray:
        """Computes one row per uint8 picture: landmarks (points, 2), x before y, in pixels of the network's input; or an embedding."""
        rows = [self._batch(images[start : start + self.batch_size]) for start in range(0, len(images), self.batch_size)]
        return np.concatenate(rows)

    def identity(self) -> dict[str, str]:
        """Returns the network's part of a passport, like `Extractor.identity`."""
        way = f"antialiased bicubic to {self.height} x {self.width}, rounded"
        return {"extractor": UNRECOGNISED, "network": f"ONNX, {self.task}", "sha256": self.sha256, "protocol": self.scaling, "resize": way}

    def _batch(self, images: Pictures) -> np.ndarray:
        small = np.stack([resize.bicubic(np.asarray(image), self.height, self.width) for image in images])
        subtracted, divisor = (np.asarray(value, np.float32) for value in SCALINGS[self.scaling])
        scaled = (small.astype(np.float32) - subtracted) / divisor
        full = np.concatenate([scaled, np.repeat(scaled[-1:], self.batch_size - len(scaled), axis=0)])
        outputs = self.run(np.ascontiguousarray(full.transpose(0, 3, 1, 2)) if self.channels_first else full)
        return self.read(self, outputs)[: len(images)]


def load_landmarks(path: str | Path, scaling: str = "") -> OnnxNetwork:
    """A network that predicts landmarks: (n, points, 2), flat (n, 2 points), or one heat map per point, in the layout of the input.

    Args:
      scaling: a key of `SCALINGS`; "" for "signed".

    Raises:
      UserError: onnxruntime is not there, the file is not such a model, or it has no such output.
    """
    return _load(path, scaling, "landmarks", _points)


def load_identity(path: str | Path, scaling: str = "") -> OnnxNetwork:
    """A network that gives an embedding per face, (n, features) as ArcFace's; arguments and errors as `load_landmarks`."""
    return _load(path, scaling, "identity", _embedding)


def _load(path: str | Path, scaling: str, task: str, read: Callable[[OnnxNetwork, Outputs], np.ndarray]) -> OnnxNetwork:
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(f"--{task}-onnx needs the package onnxruntime, which is not there: pip install 'semgan[onnx-scores]'") from error
    if (scaling := scaling or _DEFAULT_SCALING) not in SCALINGS:
        raise UserError(f"--{task}-scaling: there is no scaling {scaling!r}: choose one of {', '.join(SCALINGS)}")
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not a file: give a network as an ONNX file; semgan downloads nothing")
    contents = path.read_bytes()
    try:
        session = onnxruntime.InferenceSession(contents, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no narrower class
        raise UserError(f"{path} is not an ONNX model that onnxruntime {onnxruntime.__version__} can run ({_first_line(error)})") from error
    network = _of_session(session, path, hashlib.sha256(contents).hexdigest(), scaling, task, read)
    try:
        network.predict(np.zeros((1, network.height, network.width, 3), np.uint8))
    except UserError as error:
        raise UserError(f"{path} {error}") from error
    except Exception as error:
        raise UserError(f"{path} cannot be run on a picture ({_first_line(error)})") from error
    return network


def _of_session(
    session: Any, path: Path, sha256: str, scaling: str, task: str, read: Callable[[OnnxNetwork, Outputs], np.ndarray]
) -> OnnxNetwork:
    inputs = session.get_inputs()
    shape = list(inputs[0].shape) if len(inputs) == 1 else []
    if len(shape) != 4 or inputs[0].type != "tensor(float)" or 3 not in (shape[1], shape[3]):
        signatures = ", ".join(f"{each.name} {each.type} {list(each.shape)}" for each in inputs)
        raise UserError(f"{path} takes {signatures}, not one batch of float32 pictures (n, 3, height, width) or (n, height, width, 3)")
    channels_first = shape[1] == 3
    height, width = (_length(size, DEFAULT_SIZE) for size in (shape[2:] if channels_first else shape[1:3]))
    name = inputs[0].name

    def run(batch: np.ndarray) -> Outputs:
        return [np.asarray(output) for output in session.run(None, {name: batch})]

    return OnnxNetwork(sha256, run, _length(shape[0], _BATCH), height, width, channels_first, scaling, read, task)


def _length(axis: Any, otherwise: int) -> int:
    """Returns an axis's length; `otherwise` where the model leaves it open (a name, None or at most 0)."""
    return axis if isinstance(axis, int) and axis > 0 else otherwise


def _points(network: OnnxNetwork, outputs: Outputs) -> Float[np.ndarray, "batch point 2"]:
    for output in (output for output in outputs if output.ndim > 1 and len(output) == network.batch_size):
        if output.ndim == 3 and output.shape[1] >= _FEWEST_POINTS and output.shape[2] == 2:
            return output.astype(np.float64)
        if output.ndim == 2 and output.shape[1] >= 2 * _FEWEST_POINTS and output.shape[1] % 2 == 0:
            return output.reshape(len(output), -1, 2).astype(np.float64)
        if output.ndim == 4 and output.shape[1 if network.channels_first else 3] >= _FEWEST_POINTS:
            return _peaks(output if network.channels_first else output.transpose(0, 3, 1, 2), network)
    raise _unfit(outputs, "landmarks (n, points, 2), flat (n, 2 points) or heat maps")


def _peaks(maps: Float[np.ndarray, "batch point height width"], network: OnnxNetwork) -> Float[np.ndarray, "batch point 2"]:
    """The centre of each map's largest cell, in pixels of the network's input."""
    rows, columns = np.divmod(maps.reshape(*maps.shape[:2], -1).argmax(-1), maps.shape[3])
    return np.stack([(columns + 0.5) * network.width / maps.shape[3], (rows + 0.5) * network.height / maps.shape[2]], -1)


def _embedding(network: OnnxNetwork, outputs: Outputs) -> Float[np.ndarray, "batch feature"]:
    for output in (output for output in outputs if output.ndim > 1 and len(output) == network.batch_size):
        if output[0].size == max(output.shape[1:]):
            return output.reshape(len(output), -1).astype(np.float64)
    raise _unfit(outputs, "one embedding (n, features)")


def _unfit(outputs: Outputs, wanted: str) -> UserError:
    return UserError(f"gives {', '.join(str(output.shape) for output in outputs)}, not {wanted}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
