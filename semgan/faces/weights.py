"""The weights that the package `mtcnn` ships, read from its files without importing it: that would start TensorFlow.

The files are lists of arrays as joblib pickles them (a record for each array, its bytes right behind it), in an LZ4 frame. The
unpickler here knows three names, all of which stand for passive records, and no others.
"""

import functools
import importlib.metadata
import io
import math
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from semgan.errors import UserError
from semgan.networks.mtcnn import OUTPUT_SHAPES, PROPOSAL_SHAPES, REFINEMENT_SHAPES

_FOLDER = "mtcnn/assets/weights"
_MOST_BYTES = 2**24  # of an unpacked file; the largest has 1.6 million
_FAULTS = (pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, RuntimeError, OSError)


class DetectorWeights(NamedTuple):
    """float32 arrays of the three networks, in the order of `semgan.networks.mtcnn`'s shapes."""

    proposal: tuple[np.ndarray, ...]
    refinement: tuple[np.ndarray, ...]
    output: tuple[np.ndarray, ...]


@functools.cache
def installed_weights() -> DetectorWeights:
    """Reads the weights of the installed package.

    Raises:
      UserError: the extra `faces` is not installed, or the package's files are not as those of version 1.0.
    """
    try:
        distribution = importlib.metadata.distribution("mtcnn")
    except importlib.metadata.PackageNotFoundError as error:
        raise missing_error() from error
    return read_weights(Path(str(distribution.locate_file(_FOLDER))))


def missing_error() -> UserError:
    """The error that says what to install."""
    return UserError("finding faces needs the packages mtcnn, joblib and lz4, which are not all there: pip install 'semgan[faces]'")


def read_weights(folder: Path) -> DetectorWeights:
    """Reads `pnet.lz4`, `rnet.lz4` and `onet.lz4` of a folder; UserError where they are missing or not as version 1.0 has them."""
    shapes = {"pnet": PROPOSAL_SHAPES, "rnet": REFINEMENT_SHAPES, "onet": OUTPUT_SHAPES}
    return DetectorWeights(*(_read(folder / f"{name}.lz4", expected) for name, expected in shapes.items()))


def _read(path: Path, shapes: tuple[tuple[int, ...], ...]) -> tuple[np.ndarray, ...]:
    try:
        import lz4.frame  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise missing_error() from error
    if not path.is_file():
        raise UserError(f"{path} does not exist, where mtcnn 1.0 has its weights: pip install --force-reinstall 'mtcnn>=1.0,<2'")
    try:
        with lz4.frame.open(path) as file:
            arrays = _Unpickler(io.BytesIO(file.read(_MOST_BYTES))).load_arrays()  # pyright: ignore[reportArgumentType]
        if [array.shape for array in arrays] != list(shapes):
            raise ValueError("the arrays have other shapes")
    except _FAULTS as error:
        raise UserError(f"{path} is damaged or not of mtcnn 1.0 ({error}): pip install --force-reinstall 'mtcnn>=1.0,<2'") from error
    return tuple(arrays)


class _Float32:
    """The one type of number that the files have, `numpy.dtype("f4")`."""

    def __init__(self, name: str, *_: Any):
        if name != "f4":
            raise pickle.UnpicklingError(f"numbers of type {name}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] != "<":
            raise pickle.UnpicklingError("numbers in another byte order")


class _Unpickler(pickle.Unpickler):
    """Reads a list of joblib's array records."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file)

        class Record:
            """joblib's `NumpyArrayWrapper`; the bytes of its array follow in the file where its state ends."""

            def __setstate__(self, state: dict[str, Any]) -> None:
                self.array = _array(file, state)

        self._names = {
            ("joblib.numpy_pickle", "NumpyArrayWrapper"): Record,
            ("numpy", "dtype"): _Float32,
            ("numpy", "ndarray"): np.ndarray,
        }

    def find_class(self, module: str, name: str) -> Any:
        """The record of a name; UnpicklingError for a name that is not on the list."""
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"needs {module}.{name}")
        return self._names[module, name]

    def load_arrays(self) -> list[np.ndarray]:
        """The arrays of the file's list."""
        return [record.array for record in self.load()]


def _array(file: io.BytesIO, state: dict[str, Any]) -> np.ndarray:
    """The array whose bytes come next, behind padding whose length is their first byte."""
    shape = tuple(state["shape"])
    if not isinstance(state["dtype"], _Float32) or state["order"] != "C" or any(type(length) is not int for length in shape):
        raise pickle.UnpicklingError("an array of another kind")
    if state["numpy_array_alignment_bytes"] is not None:
        file.seek(file.read(1)[0], io.SEEK_CUR)
    contents = file.read(4 * math.prod(shape))
    return np.frombuffer(contents, "<f4").reshape(shape).astype(np.float32)
