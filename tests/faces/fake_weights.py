"""A weight file as joblib writes it, made without joblib, and small random weights of the official shapes."""

import pickle
import struct

import numpy as np

from semgan.faces.weights import DetectorWeights
from semgan.networks.mtcnn import OUTPUT_SHAPES, PROPOSAL_SHAPES, REFINEMENT_SHAPES


def weights(seed=0):
    rng = np.random.default_rng(seed)

    def network(shapes):
        return tuple((rng.normal(size=shape) / np.sqrt(max(np.prod(shape[:-1]), 1))).astype(np.float32) for shape in shapes)

    return DetectorWeights(network(PROPOSAL_SHAPES), network(REFINEMENT_SHAPES), network(OUTPUT_SHAPES))


def _text(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _number(value):
    return b"J" + struct.pack("<i", value)


def _array(array, name):
    """The operations for one record, then the padding and the bytes that joblib writes behind it."""
    shape = b"(" + b"".join(map(_number, array.shape)) + b"t"
    dtype = _text("numpy") + _text("dtype") + b"\x93" + _text("f4") + b"\x89\x88\x87R"
    dtype += b"(K\x03" + _text("<") + b"NNN" + _number(-1) + _number(-1) + b"K\x00tb"
    state = b"}(" + _text("subclass") + _text("numpy") + _text("ndarray") + b"\x93" + _text("shape") + shape + _text("order") + _text("C")
    state += _text("dtype") + dtype + _text("allow_mmap") + b"\x88" + _text("numpy_array_alignment_bytes") + b"K\x10u"
    module, kind = name
    return _text(module) + _text(kind) + b"\x93)\x81" + state + b"b" + b"\x05" + b"\xff" * 5 + array.tobytes()


def joblib_bytes(arrays, name=("joblib.numpy_pickle", "NumpyArrayWrapper")):
    return b"\x80\x04](" + b"".join(_array(array, name) for array in arrays) + b"e."


def hostile_bytes():
    """Would print when it is read by Python's own unpickler."""
    return pickle.dumps([print], protocol=4)
