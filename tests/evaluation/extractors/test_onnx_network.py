"""Networks in ONNX files: the convention of inputs and outputs, with models of one or two operations."""

import sys

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.extractors.onnx_network import load_identity, load_landmarks

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def save(path, nodes, taken, given, kind=FLOAT, **weights):
    """Writes a model with the input x and the output y, of these shapes."""
    inputs = [helper.make_tensor_value_info("x", kind, taken)]
    constants = [
        helper.make_tensor(name, FLOAT if value.dtype == np.float32 else onnx.TensorProto.INT64, value.shape, value.ravel())
        for name, value in weights.items()
    ]
    graph = helper.make_graph(nodes, "toy", inputs, [helper.make_tensor_value_info("y", kind, given)], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def means(path, taken, axes=(2, 3), outputs=3):
    """A model that gives the channels' means, repeated in order for more outputs."""
    matrix = np.eye(3, dtype=np.float32)[:, np.arange(outputs) % 3]
    nodes = [helper.make_node("ReduceMean", ["x"], ["m"], axes=axes, keepdims=0), helper.make_node("MatMul", ["m", "w"], ["y"])]
    return save(path, nodes, taken, [None, outputs], w=matrix)


@pytest.fixture
def pictures():
    """Of one colour each, which no resizing changes."""
    values = np.random.default_rng(0).integers(0, 256, (5, 1, 1, 3), np.uint8)
    return values.repeat(40, 1).repeat(40, 2)


@pytest.mark.parametrize(
    ("taken", "axes", "size", "batch"),
    [
        (["n", 3, 8, 6], (2, 3), "8 x 6", 16),
        (["n", 10, 12, 3], (1, 2), "10 x 12", 16),
        ([2, 3, "h", "w"], (2, 3), "112 x 112", 2),
        ([1, 3, 112, 112], (2, 3), "112 x 112", 1),
    ],
)
def test_layout_size_and_batch_are_the_models(tmp_path, pictures, taken, axes, size, batch):
    network = load_identity(means(tmp_path / "face.onnx", taken, axes))
    np.testing.assert_allclose(network.predict(pictures), (pictures[:, 0, 0].astype(float) - 127.5) / 127.5, atol=1e-4)
    assert (network.identity()["resize"], network.batch_size) == (f"antialiased bicubic to {size}, rounded", batch)
    assert network.identity()["network"] == "ONNX, identity"


@pytest.mark.parametrize(
    ("scaling", "want"),
    [
        ("", lambda x: x / 127.5 - 1),
        ("unit", lambda x: x / 255),
        ("bytes", lambda x: x),
        ("imagenet", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
    ],
)
def test_scalings(tmp_path, pictures, scaling, want):
    network = load_identity(means(tmp_path / "face.onnx", ["n", 3, 8, 8]), scaling)
    np.testing.assert_allclose(network.predict(pictures), want(pictures[:, 0, 0].astype(float)), atol=1e-4)
    assert network.identity()["protocol"] == (scaling or "signed")


def test_landmarks_are_read_flat_and_as_points(tmp_path, pictures):
    flat = load_landmarks(means(tmp_path / "flat.onnx", ["n", 3, 8, 8], outputs=6), "bytes").predict(pictures)
    red, green, blue = pictures[:, 0, 0].astype(float).T
    want = np.stack([np.stack(point, -1) for point in ((red, green), (blue, red), (green, blue))], 1)
    np.testing.assert_allclose(flat, want, atol=1e-4)
    reshape = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=(2, 3), keepdims=0),
        helper.make_node("MatMul", ["m", "w"], ["f"]),
        helper.make_node("Reshape", ["f", "s"], ["y"]),
    ]
    weights = {"w": np.eye(3, dtype=np.float32)[:, [0, 1, 2, 0, 1, 2]], "s": np.array([-1, 3, 2])}
    path = save(tmp_path / "points.onnx", reshape, ["n", 3, 8, 8], [None, 3, 2], **weights)
    np.testing.assert_array_equal(load_landmarks(path, "bytes").predict(pictures), flat)


@pytest.mark.parametrize("channels_first", [True, False])
def test_heat_maps_give_the_centres_of_their_largest_cells_in_pixels_of_the_input(tmp_path, channels_first):
    """The pictures are the maps: a red, a green and a blue dot; each cell is two pixels high and four wide."""
    image = np.zeros((1, 8, 8, 3), np.uint8)
    for channel, (row, column) in enumerate(((0, 0), (2, 5), (7, 3))):
        image[0, row, column, channel] = 255
    taken, window = (["n", 3, 8, 8], [1, 1, 2, 4]) if channels_first else (["n", 8, 8, 3], [1, 2, 4, 1])
    nodes = [helper.make_node("Slice", ["x", "starts", "ends", "axes", "steps"], ["m"])]
    if channels_first:
        nodes = [helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=window[2:], strides=window[2:])]
    else:
        nodes = [
            helper.make_node("Transpose", ["x"], ["t"], perm=(0, 3, 1, 2)),
            helper.make_node("MaxPool", ["t"], ["p"], kernel_shape=window[1:3], strides=window[1:3]),
            helper.make_node("Transpose", ["p"], ["y"], perm=(0, 2, 3, 1)),
        ]
    network = load_landmarks(save(tmp_path / "maps.onnx", nodes, taken, [None] * 4))
    np.testing.assert_array_equal(network.predict(image)[0], [[2, 1], [6, 3], [2, 7]])


def test_an_embedding_with_places_of_one_pixel_is_flat(tmp_path, pictures):
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["y"])]
    assert load_identity(save(tmp_path / "face.onnx", nodes, ["n", 3, 8, 8], [None, 3, 1, 1])).predict(pictures).shape == (5, 3)


def test_unfit_models_are_refused_in_one_sentence(tmp_path):
    same = [helper.make_node("Identity", ["x"], ["y"])]
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    cases = [
        (load_identity, path, "is not an ONNX model that onnxruntime"),
        (load_identity, tmp_path / "none.onnx", "is not a file: give a network as an ONNX file"),
        (load_identity, save(tmp_path / "rank.onnx", same, ["n", 3], ["n", 3]), r"takes x tensor\(float\) \['n', 3\], not one batch of"),
        (load_identity, save(tmp_path / "gray.onnx", same, ["n", 1, 8, 8], ["n", 1, 8, 8]), "not one batch of float32 pictures"),
        (load_identity, save(tmp_path / "half.onnx", same, ["n", 3, 8, 8], ["n", 3, 8, 8], onnx.TensorProto.FLOAT16), "not one batch of"),
        (load_identity, save(tmp_path / "maps.onnx", same, ["n", 3, 8, 8], ["n", 3, 8, 8]), r"gives \(16, 3, 8, 8\), not one embedding"),
        (load_landmarks, means(tmp_path / "odd.onnx", ["n", 3, 8, 8], outputs=5), r"gives \(16, 5\), not landmarks"),
        (load_landmarks, means(tmp_path / "one.onnx", ["n", 3, 8, 8], outputs=2), r"gives \(16, 2\), not landmarks"),
    ]
    for load, path, said in cases:
        with pytest.raises(UserError, match=said) as refusal:
            load(path)
        assert str(refusal.value).startswith(str(path))
        assert "\n" not in str(refusal.value)


def test_an_unknown_scaling_is_refused_with_the_choices(tmp_path):
    with pytest.raises(UserError, match="--landmarks-scaling: there is no scaling 'half': choose one of signed, unit, imagenet, bytes"):
        load_landmarks(tmp_path / "face.onnx", "half")


def test_a_missing_onnxruntime_is_said_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"--landmarks-onnx needs the package onnxruntime.*pip install 'semgan\[onnx-scores\]'"):
        load_landmarks(tmp_path / "face.onnx")
