"""MTCNN's three small networks, which find faces and five landmarks, as pure functions of the weights that the package `mtcnn` ships.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks", 2016, arXiv 1604.02878. Layers, order
of weights and paddings are those of the package `mtcnn` 1.0.0 (MIT, Iván de Paz Centeno). The proposal network slides over a picture, the
other two look at one square of it at a time. Pictures are float32 RGB, normalised by `normalise`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Weights = Sequence[Array]

WINDOW, STRIDE = 12, 2
"""Side of the window that the proposal network judges, and the step from one to the next, in pixels."""
REFINEMENT_SIZE, OUTPUT_SIZE = 24, 48
"""Sides of the squares that the refinement network and the output network look at, in pixels."""

_CONV_1, _CONV_2, _CONV_3 = ((3, 3, 3, 10), (10,), (1, 1, 10)), ((3, 3, 10, 16), (16,), (1, 1, 16)), ((3, 3, 16, 32), (32,), (1, 1, 32))
PROPOSAL_SHAPES = (*_CONV_1, *_CONV_2, *_CONV_3, *((1, 1, 32, 4), (4,), (1, 1, 32, 2), (2,)))
"""Shapes of the proposal network's weights in their order: kernel, bias and slopes of three layers, then kernel and bias of two heads."""
REFINEMENT_SHAPES = (
    *((3, 3, 3, 28), (28,), (1, 1, 28), (3, 3, 28, 48), (48,), (1, 1, 48), (2, 2, 48, 64), (64,), (1, 1, 64)),
    *((576, 128), (128,), (128,), (128, 4), (4,), (128, 2), (2,)),
)
OUTPUT_SHAPES = (
    *((3, 3, 3, 32), (32,), (1, 1, 32), (3, 3, 32, 64), (64,), (1, 1, 64), (3, 3, 64, 64), (64,), (1, 1, 64)),
    *((2, 2, 64, 128), (128,), (1, 1, 128), (1152, 256), (256,), (256,), (256, 4), (4,), (256, 10), (10,), (256, 2), (2,)),
)

_OUTSIDE = -1e9  # less than any activation, and far from the end of float32


class Proposals(NamedTuple):
    """The judgement of every window.

    Attributes:
      face: probability that the window shows a face.
      offsets: of the face's left, top, right and bottom from those of the window, in fractions of its side.
    """

    face: Float[Array, "batch rows columns"]
    offsets: Float[Array, "batch rows columns 4"]


class Squares(NamedTuple):
    """The judgement of whole squares.

    Attributes:
      face: probability that it is a face.
      offsets: of the face's left, top, right and bottom from the square's, in fractions of its side.
      landmarks: (x, y) in fractions of the square: the eye at the image's left, the other, nose, left and right corner of the mouth.
    """

    face: Float[Array, "batch"]
    offsets: Float[Array, "batch 4"]
    landmarks: Float[Array, "batch 5 2"] | None = None


def normalise(images: Array) -> Array:
    """Maps 0..255 to about -1..1, as the networks were trained."""
    return (images - 127.5) / 128


def propose(weights: Weights, images: Float[Array, "batch height width 3"], sizes: Int[Array, "batch 2"]) -> Proposals:
    """Judges every window of `WINDOW` pixels; the window in row i and column j starts at pixel (STRIDE i, STRIDE j).

    Args:
      sizes: (height, width) of each picture, which may be padded at its right and bottom: its first `window_count` rows and columns
        are those of the picture by itself, the others mean nothing.
    """
    x = _convolve(images, weights[0:3])
    rows = jnp.arange(x.shape[1])[None, :, None, None] < sizes[:, 0, None, None, None] - 2
    columns = jnp.arange(x.shape[2])[None, None, :, None] < sizes[:, 1, None, None, None] - 2
    x = _pool(jnp.where(rows & columns, x, _OUTSIDE), 2, "SAME")
    x = _convolve(_convolve(x, weights[3:6]), weights[6:9])
    return Proposals(_face(_linear(x, weights[11][0, 0], weights[12])), _linear(x, weights[9][0, 0], weights[10]))


def window_count(side: int) -> int:
    """Returns the number of windows along a side of so many pixels, 0 where none fits; the last may reach one pixel beyond it."""
    return max((side - 1) // 2 - 4, 0)


def refine(weights: Weights, squares: Float[Array, "batch 24 24 3"]) -> Squares:
    """Judges squares of `REFINEMENT_SIZE` pixels."""
    x = _pool(_convolve(squares, weights[0:3]), 3, "SAME")
    x = _pool(_convolve(x, weights[3:6]), 3, "VALID")
    x = _dense(_flatten(_convolve(x, weights[6:9])), weights[9:12])
    return Squares(_face(_linear(x, *weights[14:16])), _linear(x, *weights[12:14]))


def locate(weights: Weights, squares: Float[Array, "batch 48 48 3"]) -> Squares:
    """Judges squares of `OUTPUT_SIZE` pixels, and finds the landmarks."""
    x = _pool(_convolve(squares, weights[0:3]), 3, "SAME")
    x = _pool(_convolve(x, weights[3:6]), 3, "VALID")
    x = _pool(_convolve(x, weights[6:9]), 2, "SAME")
    x = _dense(_flatten(_convolve(x, weights[9:12])), weights[12:15])
    landmarks = _linear(x, *weights[17:19])  # five x, then five y
    places = jnp.stack([landmarks[:, :5], landmarks[:, 5:]], -1)
    return Squares(_face(_linear(x, *weights[19:21])), _linear(x, *weights[15:17]), places)


def _convolve(x: Array, weights: Weights) -> Array:
    """Convolves without padding, adds the bias and applies PReLU with a slope per channel."""
    kernel, bias, slope = weights
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return _prelu(y + bias.reshape(1, 1, 1, -1), slope)


def _dense(x: Array, weights: Weights) -> Array:
    kernel, bias, slope = weights
    return _prelu(_linear(x, kernel, bias), slope)


def _linear(x: Array, kernel: Array, bias: Array) -> Array:
    return x @ kernel + bias.reshape(*[1] * (x.ndim - 1), -1)


def _prelu(x: Array, slope: Array) -> Array:
    """He et al., 2015, arXiv 1502.01852, equation 1."""
    return jnp.maximum(x, 0) + slope.reshape(*[1] * (x.ndim - 1), -1) * jnp.minimum(x, 0)


def _pool(x: Array, size: int, padding: str) -> Array:
    """The maximum of every second window of `size` pixels; padding counts as minus infinity, and the odd pixel of it lies at the end."""
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, size, size, 1), (1, 2, 2, 1), padding)


def _flatten(x: Array) -> Array:
    """Columns before rows, as in the MATLAB that the networks were trained in."""
    return x.transpose(0, 2, 1, 3).reshape(len(x), -1)


def _face(logits: Array) -> Array:
    """The probability of the second of two classes."""
    return jax.nn.softmax(logits)[..., 1]
