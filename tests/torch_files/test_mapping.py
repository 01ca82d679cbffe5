"""Tables of another project's tensors, read both ways."""

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.torch_files import mapping
from semgan.torch_files.mapping import Entry

TABLE = [
    Entry("d/conv/kernel", "conv.weight", mapping.CONVOLUTION),
    Entry("d/up/kernel", "up.weight", mapping.TRANSPOSED_CONVOLUTION),
    Entry("d/dense/kernel", "fc.weight", mapping.DENSE),
    Entry("d/map/kernel", "flat.weight", mapping.dense_of_map(2, 3)),
    Entry("d/map/bias", "flat.bias", mapping.SAME),
]
SHAPES = {"conv.weight": (5, 4, 3, 2), "up.weight": (4, 5, 3, 2), "fc.weight": (7, 6), "flat.weight": (8, 4 * 6), "flat.bias": (8,)}
EXPECTED = {
    "d/conv/kernel": (3, 2, 4, 5),
    "d/up/kernel": (3, 2, 4, 5),
    "d/dense/kernel": (6, 7),
    "d/map/kernel": (24, 8),
    "d/map/bias": (8,),
}


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def test_there_and_back_is_the_same_bits(tensors):
    params = mapping.to_params(TABLE, tensors, EXPECTED)
    assert mapping.shapes_of(params) == EXPECTED
    back = mapping.to_tensors(TABLE, params)
    assert list(back) == list(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(back[name], tensor)


def test_a_dense_layer_on_a_map_sees_the_same_pixels(tensors):
    picture = np.random.default_rng(1).normal(size=(2, 3, 4))  # height, width, channel
    kernel = mapping.to_params(TABLE, tensors, EXPECTED)["d"]["map"]["kernel"]
    np.testing.assert_allclose(picture.reshape(-1) @ kernel, tensors["flat.weight"] @ picture.transpose(2, 0, 1).reshape(-1), rtol=1e-5)


def test_missing_extra_and_misshapen_tensors_are_named(tensors):
    missing = {name: tensor for name, tensor in tensors.items() if name != "fc.weight"}
    with pytest.raises(UserError, match=r"1 of its tensors is missing: fc\.weight"):
        mapping.to_params(TABLE, missing, EXPECTED)
    with pytest.raises(UserError, match=r"2 of its tensors are not known: fc\.bias, fc\.scale"):
        mapping.to_params(TABLE, tensors | {"fc.bias": np.zeros(7), "fc.scale": np.zeros(1)}, EXPECTED)
    mapping.to_params(TABLE, tensors | {"fc.bias": np.zeros(7)}, EXPECTED, ignored=["*.bias"])
    with pytest.raises(UserError, match=r"1 of its tensors has another shape: fc\.weight \(6, 7\) \(not \(7, 6\)\)"):
        mapping.to_params(TABLE, tensors | {"fc.weight": tensors["fc.weight"].T}, EXPECTED)
    with pytest.raises(UserError, match=r"conv\.weight \(5, 4, 3\)"):
        mapping.to_params(TABLE, tensors | {"conv.weight": np.zeros((5, 4, 3))}, EXPECTED)
