"""The penalty by differences, of discriminators whose slopes are known. Those by gradients are in `test_losses`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses.penalties import finite_difference

SHAPE = (2, 3, 2)
SIZE = 12
RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(SIZE, 6))


def _float32(x):
    return jnp.asarray(x, jnp.float32)


def _linear(weights):
    """Logits of the flat images: (batch,) by one column of weights, (batch, 2, 3) by six."""
    rest = (2, 3) if weights.ndim == 2 else ()
    return lambda images: (images.reshape(len(images), -1) @ _float32(weights)).reshape(len(images), *rest)


def _penalty(logits_of, images, noise):
    images, noise = _float32(images), _float32(noise)
    return finite_difference(logits_of, images, logits_of(images), noise)


def _pictures(count):
    return RNG.normal(size=(count, *SHAPE))


def test_one_draw_gives_half_the_squared_directional_derivative_per_dimension():
    """The unit step of d dimensions has a share of 1/d of the squared slope."""
    noise = _pictures(5)
    unit = noise.reshape(5, -1) / np.linalg.norm(noise.reshape(5, -1), axis=1, keepdims=True)
    want = 0.5 * SIZE * (unit @ WEIGHTS[:, 0]) ** 2
    np.testing.assert_allclose(_penalty(_linear(WEIGHTS[:, 0]), _pictures(5), noise), want, rtol=1e-4, atol=1e-4)


def test_directions_at_right_angles_give_half_the_squared_norm_on_average():
    directions = np.linalg.qr(RNG.normal(size=(SIZE, SIZE)))[0].reshape(SIZE, *SHAPE)
    penalty = _penalty(_linear(WEIGHTS[:, 0]), _pictures(SIZE), directions)
    np.testing.assert_allclose(penalty.mean(), 0.5 * (WEIGHTS[:, 0] ** 2).sum(), rtol=1e-4)


def test_it_is_half_the_squared_norm_in_expectation():
    """An estimate from 4000 draws is within 3 % of it as a rule."""
    penalty = _penalty(_linear(WEIGHTS[:, 0]), np.zeros((4000, *SHAPE)), 0.1 * _pictures(4000))
    np.testing.assert_allclose(penalty.mean(), 0.5 * (WEIGHTS[:, 0] ** 2).sum(), rtol=0.1)


@pytest.mark.parametrize("scale", [0.01, -1, 30])
def test_the_length_of_the_step_does_not_matter_to_a_linear_discriminator(scale):
    images, noise = _pictures(4), _pictures(4)
    penalty, other = (_penalty(_linear(WEIGHTS[:, 0]), images, factor * noise) for factor in (1, scale))
    np.testing.assert_allclose(other, penalty, rtol=1e-3, atol=1e-3)


def test_several_logits_are_averaged():
    images, noise = _pictures(4), _pictures(4)
    each = [_penalty(_linear(column), images, noise) for column in WEIGHTS.T]
    np.testing.assert_allclose(_penalty(_linear(WEIGHTS), images, noise), np.mean(each, 0), rtol=1e-4)


def test_every_example_has_a_penalty_of_its_own():
    """Its step is its own, too: the others' noise may be of any size."""
    images, noise = _pictures(4), _pictures(4)
    penalty = _penalty(_linear(WEIGHTS[:, 0]), images, noise)
    rest = np.array([1, 100, 100, 100]).reshape(4, 1, 1, 1)
    others = _penalty(_linear(WEIGHTS[:, 0]), images * rest, np.where(rest > 1, 7 * noise[::-1], noise))
    assert penalty.shape == (4,)
    np.testing.assert_allclose(others[0], penalty[0], rtol=1e-4)
    assert (np.abs(others[1:] - penalty[1:]) > 1e-3 * penalty[1:]).all()


def test_the_step_is_added_to_the_image():
    """Half the squared norm changes by x n + n n / 2 along n."""
    images, noise = _pictures(4), _pictures(4)
    change = (images * noise + 0.5 * noise**2).sum((1, 2, 3))
    penalty = _penalty(lambda x: 0.5 * jnp.square(x).sum((1, 2, 3)), images, noise)
    np.testing.assert_allclose(penalty, 0.5 * change**2 / (noise**2).mean((1, 2, 3)), rtol=1e-3)


def test_its_gradient_reaches_the_weights_through_both_logits():
    """The gradient of (w n)^2 / 2 is (w n) n, over the squared step; the image cancels."""
    images, noise = _pictures(1), _pictures(1)
    flat = noise.reshape(-1)
    gradient = jax.grad(lambda weights: _penalty(_linear(weights), images, noise).sum())(_float32(WEIGHTS[:, 0]))
    np.testing.assert_allclose(gradient, (WEIGHTS[:, 0] @ flat) * flat / (flat**2).mean(), rtol=1e-3, atol=1e-3)


def test_it_is_float32_whatever_the_logits_are():
    images, noise = _float32(_pictures(2)), _float32(_pictures(2))
    half = finite_difference(lambda x: x.sum((1, 2, 3)).astype(jnp.bfloat16), images, images.sum((1, 2, 3)).astype(jnp.bfloat16), noise)
    assert half.dtype == jnp.float32
