"""MTCNN's networks against loops over pixels in NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks import mtcnn
from tests.faces import fake_weights


def on_device(weights):
    return [jnp.asarray(each) for each in weights]


def convolve(image, kernel, bias, slope):
    size = kernel.shape[0]
    height, width = image.shape[0] - size + 1, image.shape[1] - size + 1
    result = np.zeros((height, width, kernel.shape[3]))
    for y in range(height):
        for x in range(width):
            result[y, x] = np.einsum("hwc,hwco->o", image[y : y + size, x : x + size], kernel) + bias
    return np.where(result > 0, result, result * slope)


def pool(image, size, same):
    """Every second window; with `same` a last one that is cut short counts."""
    count = [-(-side // 2) if same else (side - size) // 2 + 1 for side in image.shape[:2]]
    before = [max((number - 1) * 2 + size - side, 0) // 2 if same else 0 for number, side in zip(count, image.shape[:2], strict=True)]
    result = np.zeros((*count, image.shape[2]))
    for y in range(count[0]):
        for x in range(count[1]):
            top, left = 2 * y - before[0], 2 * x - before[1]
            result[y, x] = image[max(top, 0) : top + size, max(left, 0) : left + size].max((0, 1))
    return result


def dense(x, kernel, bias, slope=1.0):
    y = x @ kernel + bias
    return np.where(y > 0, y, y * slope)


def softmax(logits):
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def columns_first(image):
    return np.concatenate([image[y, x] for x in range(image.shape[1]) for y in range(image.shape[0])])


def proposals(weights, image):
    x = convolve(convolve(pool(convolve(image, *weights[:3]), 2, True), *weights[3:6]), *weights[6:9])
    return softmax(x @ weights[11][0, 0] + weights[12])[..., 1], x @ weights[9][0, 0] + weights[10]


@pytest.mark.parametrize(("height", "width"), [(12, 12), (13, 16), (17, 14)])
def test_proposals_of_a_padded_picture_are_those_of_the_picture_alone(height, width):
    weights = fake_weights.weights().proposal
    image = np.random.default_rng(1).normal(size=(height, width, 3)).astype(np.float32)
    padded = np.full((1, 20, 20, 3), 7.0, np.float32)
    padded[0, :height, :width] = image
    face, offsets = proposals(weights, image)
    rows, columns = mtcnn.window_count(height), mtcnn.window_count(width)
    assert face.shape == (rows, columns)
    result = mtcnn.propose(on_device(weights), jnp.asarray(padded), jnp.array([[height, width]]))
    np.testing.assert_allclose(result.face[0, :rows, :columns], face, atol=1e-5)
    np.testing.assert_allclose(result.offsets[0, :rows, :columns], offsets, atol=1e-4)


def test_refinement_equals_plain_loops():
    weights = fake_weights.weights(2).refinement
    image = np.random.default_rng(3).normal(size=(24, 24, 3)).astype(np.float32)
    x = pool(pool_input := convolve(image, *weights[:3]), 3, True)
    assert pool_input.shape[0] == 22
    x = convolve(pool(convolve(x, *weights[3:6]), 3, False), *weights[6:9])
    x = dense(columns_first(x), *weights[9:12])
    result = mtcnn.refine(on_device(weights), jnp.asarray(image[None]))
    np.testing.assert_allclose(result.face[0], softmax(dense(x, *weights[14:16]))[1], atol=1e-5)
    np.testing.assert_allclose(result.offsets[0], dense(x, *weights[12:14]), atol=1e-4)


def test_output_network_equals_plain_loops_with_all_x_before_all_y():
    weights = fake_weights.weights(4).output
    image = np.random.default_rng(5).normal(size=(48, 48, 3)).astype(np.float32)
    x = pool(convolve(image, *weights[:3]), 3, True)
    x = pool(convolve(x, *weights[3:6]), 3, False)
    x = pool(convolve(x, *weights[6:9]), 2, True)
    x = dense(columns_first(convolve(x, *weights[9:12])), *weights[12:15])
    result = mtcnn.locate(on_device(weights), jnp.asarray(image[None]))
    places = dense(x, *weights[17:19])
    np.testing.assert_allclose(result.landmarks[0, :, 0], places[:5], atol=1e-4)
    np.testing.assert_allclose(result.landmarks[0, :, 1], places[5:], atol=1e-4)
    np.testing.assert_allclose(result.offsets[0], dense(x, *weights[15:17]), atol=1e-4)
    np.testing.assert_allclose(result.face[0], softmax(dense(x, *weights[19:21]))[1], atol=1e-5)


def test_normalisation_maps_the_middle_to_zero():
    np.testing.assert_allclose(mtcnn.normalise(jnp.array([0.0, 127.5, 255.5])), [-127.5 / 128, 0, 1])
